//! Owns the error codes of the protocol and the shape of a refusal. Leaves putting them into an answer to `web/reply.rs`.

use std::borrow::Cow;
use std::time::Duration;

use crate::model::failure::Failure;
use crate::model::parameters::Repeated;

/// An error code (RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750 section 3.1, RFC 8693 section 2.2.2, OpenID Connect Core
/// section 3.1.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The request is malformed.
    InvalidRequest,
    /// The client did not prove who it is.
    InvalidClient,
    /// The code or token is not good (any more).
    InvalidGrant,
    /// The client may not do this.
    UnauthorizedClient,
    /// We do not have this grant type.
    UnsupportedGrantType,
    /// We do not have this response type.
    UnsupportedResponseType,
    /// The scope is unknown, malformed or too wide.
    InvalidScope,
    /// The user said no.
    AccessDenied,
    /// Someone has to sign in, and `prompt=none` forbids asking.
    LoginRequired,
    /// Someone has to consent, and `prompt=none` forbids asking.
    ConsentRequired,
    /// Too many failures; slow down.
    TooManyRequests,
    /// The bearer token is missing or not in force (RFC 6750 section 3.1).
    InvalidToken,
    /// No such partner for this client, or nothing there for this user (RFC 8693 section 2.2.2).
    InvalidTarget,
    /// A client of a reciprocal request that is unknown or has no partner: nobody tried to authenticate as it.
    UnknownPartner,
    /// It can't be done at the moment.
    Unavailable,
}

impl ErrorCode {
    /// The value of `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorCode::InvalidRequest => "invalid_request",
            ErrorCode::InvalidClient => "invalid_client",
            ErrorCode::InvalidGrant => "invalid_grant",
            ErrorCode::UnauthorizedClient => "unauthorized_client",
            ErrorCode::UnsupportedGrantType => "unsupported_grant_type",
            ErrorCode::UnsupportedResponseType => "unsupported_response_type",
            ErrorCode::InvalidScope => "invalid_scope",
            ErrorCode::AccessDenied => "access_denied",
            ErrorCode::LoginRequired => "login_required",
            ErrorCode::ConsentRequired => "consent_required",
            ErrorCode::TooManyRequests | ErrorCode::Unavailable => "temporarily_unavailable",
            ErrorCode::InvalidToken => "invalid_token",
            ErrorCode::InvalidTarget => "invalid_target",
            ErrorCode::UnknownPartner => "invalid_client",
        }
    }

    /// The HTTP status of a direct answer with this code.
    pub fn status(self) -> u16 {
        match self {
            ErrorCode::InvalidClient | ErrorCode::InvalidToken => 401,
            ErrorCode::AccessDenied => 403,
            ErrorCode::TooManyRequests => 429,
            ErrorCode::Unavailable => 503,
            _ => 400,
        }
    }
}

/// A refused request, for its three audiences.
#[derive(Clone, Debug)]
pub struct Refusal {
    code: ErrorCode,
    public: Cow<'static, str>,
    cause: Cow<'static, str>,
    retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal whose cause may be told to the integrator as it is.
    pub fn new(code: ErrorCode, public: impl Into<Cow<'static, str>>) -> Self {
        let public = public.into();
        Self { code, cause: public.clone(), public, retry_after: None }
    }

    /// A refusal whose cause is for the operator only.
    pub fn because(code: ErrorCode, public: &'static str, cause: impl Into<Cow<'static, str>>) -> Self {
        Self { code, public: public.into(), cause: cause.into(), retry_after: None }
    }

    /// A refusal that ends by itself.
    pub fn until(code: ErrorCode, public: &'static str, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(code, public) }
    }

    /// For the platform.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// For the integrator: helps, and tells an attacker nothing new.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// For the operator.
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// How long to wait, where waiting helps.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl From<Repeated> for Refusal {
    fn from(repeated: Repeated) -> Self {
        Self::new(ErrorCode::InvalidRequest, format!("{repeated} (RFC 6749 section 3.1)"))
    }
}

impl From<Refusal> for Failure<Refusal> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Repeated> for Failure<Refusal> {
    fn from(repeated: Repeated) -> Self {
        Self::Refused(repeated.into())
    }
}
