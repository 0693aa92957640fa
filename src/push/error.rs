//! Owns Twilio's error codes and the shape of a refusal. Leaves putting them into an answer to `web/push/reply.rs`.

use std::borrow::Cow;

use crate::model::failure::Failure;
use crate::model::parameters::Repeated;

/// Twilio's codes, as its error dictionary has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushCode {
    /// Missing or wrong credentials, whatever their kind.
    Unauthorized,
    /// There is no such thing, or it is somebody else's.
    NotFound,
    /// A parameter of a service or of an access token is wrong.
    InvalidParameter,
    /// A parameter of anything else is wrong.
    InvalidRequest,
    /// An answer to a challenge was refused too often.
    ChallengeTries,
    /// The verification of a factor failed too often.
    FactorTries,
    /// The signature over a factor's SID is wrong.
    FactorVerificationFailed,
    /// Too many challenges wait for the factor.
    TooManyChallenges,
    /// The entity has as many factors as it may have.
    TooManyFactors,
    /// The factor is not verified.
    FactorUnverified,
    /// The challenge ran out.
    ChallengeExpired,
    /// The answer is not signed as it should be, or not the first.
    ChallengeVerificationFailed,
    /// Too many factors were made today for the entity.
    TooManyFactorsToday,
}

impl PushCode {
    /// The number.
    pub fn number(self) -> u32 {
        match self {
            Self::Unauthorized => 20003,
            Self::NotFound => 20404,
            Self::InvalidParameter => 60200,
            Self::InvalidRequest => 60306,
            Self::ChallengeTries => 60308,
            Self::FactorTries => 60310,
            Self::FactorVerificationFailed => 60311,
            Self::TooManyChallenges => 60312,
            Self::TooManyFactors => 60315,
            Self::FactorUnverified => 60318,
            Self::ChallengeExpired => 60323,
            Self::ChallengeVerificationFailed => 60324,
            Self::TooManyFactorsToday => 60326,
        }
    }

    /// The HTTP status of an answer with this code.
    pub fn status(self) -> u16 {
        match self {
            Self::Unauthorized => 401,
            Self::NotFound => 404,
            Self::InvalidParameter | Self::InvalidRequest => 400,
            Self::ChallengeTries | Self::FactorTries | Self::TooManyChallenges | Self::TooManyFactorsToday => 429,
            Self::FactorVerificationFailed
            | Self::TooManyFactors
            | Self::FactorUnverified
            | Self::ChallengeExpired
            | Self::ChallengeVerificationFailed => 403,
        }
    }

    /// What the metrics call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::NotFound => "not_found",
            Self::InvalidParameter | Self::InvalidRequest => "invalid_request",
            Self::ChallengeTries | Self::FactorTries | Self::TooManyChallenges | Self::TooManyFactorsToday => {
                "too_many_requests"
            }
            Self::TooManyFactors => "too_many_factors",
            Self::FactorVerificationFailed | Self::ChallengeVerificationFailed => "verification_failed",
            Self::FactorUnverified => "factor_unverified",
            Self::ChallengeExpired => "challenge_expired",
        }
    }
}

/// A refused request, for its three audiences.
#[derive(Clone, Debug)]
pub struct Refusal {
    code: PushCode,
    message: Cow<'static, str>,
    cause: Cow<'static, str>,
}

impl Refusal {
    /// A refusal whose cause may be told.
    pub fn new(code: PushCode, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self { code, cause: message.clone(), message }
    }

    /// Credentials that do not open this door; why is for the operator alone.
    pub fn unauthorized(cause: &'static str) -> Self {
        let message = "Authenticate: the credentials are missing, wrong, spent or past their time, or not for this";
        Self { code: PushCode::Unauthorized, message: message.into(), cause: cause.into() }
    }

    /// Something that is not there, or somebody else's.
    pub fn not_found(what: &str) -> Self {
        Self::new(PushCode::NotFound, format!("The requested {what} was not found"))
    }

    /// For the program.
    pub fn code(&self) -> PushCode {
        self.code
    }

    /// For the integrator.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// For the operator.
    pub fn cause(&self) -> &str {
        &self.cause
    }
}

impl From<Refusal> for Failure<Refusal> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Repeated> for Refusal {
    fn from(repeated: Repeated) -> Self {
        Self::new(PushCode::InvalidRequest, format!("Invalid parameter: {repeated}"))
    }
}
