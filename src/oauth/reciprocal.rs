//! Owns taking a partner's authorization code in both written forms: Alexa's own endpoint, and the reciprocal grant at the token
//! endpoint (draft-ietf-oauth-reciprocal section 3). Leaves what becomes of the code to `partners/`.

use crate::model::failure::Failure;
use crate::model::ids::ClientId;
use crate::model::parameters::Parameters;
use crate::model::secret::PlainSecret;
use crate::oauth::bearer::dead;
use crate::oauth::error::{ErrorCode, Refusal};
use crate::oauth::grants::{TokenRequest, required};
use crate::oauth::presented_token::{PresentedToken, may_serve};
use crate::oauth::{Protocol, never_refused};
use crate::partners::AcceptCode;
use crate::store::grants::OwnedGrant;
use crate::throttle::Wait;

/// What stands in `grant_type` at Alexa's endpoint.
const ALEXA_GRANT: &str = "reciprocal_authorization_code";

/// The longest code that is stored; those of Login with Amazon have some twenty characters.
const LONGEST: usize = 2048;

/// A request in Alexa's form.
#[derive(Debug)]
pub struct ReciprocalRequest {
    /// The access token that we issued for the user.
    pub bearer: Option<PlainSecret>,
    /// From the query and the body.
    pub parameters: Parameters,
}

impl Protocol {
    /// Alexa's form: the bearer token alone proves who asks for whom; `client_id` is the id that we gave to Alexa.
    pub async fn reciprocal(&self, request: &ReciprocalRequest) -> Result<(), Failure<Refusal>> {
        let owned = self.link_behind(request.bearer.as_ref()).await?.owned;
        let parameters = &request.parameters;
        if required(parameters, "grant_type")? != ALEXA_GRANT {
            let why = "grant_type must be reciprocal_authorization_code here";
            return Err(Refusal::new(ErrorCode::UnsupportedGrantType, why).into());
        }
        let code = reciprocal_code(parameters)?;
        let id = required(parameters, "client_id")?;
        let client = match ClientId::parse(id) {
            Ok(id) => self.store.client(&id).await?,
            Err(_) => None,
        };
        let client = client.ok_or_else(|| no_partner(ErrorCode::UnknownPartner, "there is no client of this id"))?;
        if client.id != owned.grant.client_id {
            return Err(Refusal::new(ErrorCode::AccessDenied, "the access token was issued to another client").into());
        }
        if !client.enabled {
            return Err(dead("the client is disabled").into());
        }
        let gone = || dead("the link ended meanwhile");
        self.accept_reverse_code(&owned, &code, ErrorCode::UnknownPartner, gone).await
    }

    /// The grant at the token endpoint: the client proves itself, `access_token` says for whom. A backend may hand over what its
    /// skill got, in Alexa's `AcceptGrant` directive say.
    pub(super) async fn reciprocal_grant(&self, request: &TokenRequest) -> Result<(), Failure<Refusal>> {
        let text = required(&request.parameters, "access_token")?;
        let code = reciprocal_code(&request.parameters)?;
        let token = self.read_token(text).await?;
        let (client, owned) = self.client_and_grant(request, token.as_ref().map(PresentedToken::grant_id)).await?;
        let (Some(PresentedToken::Access(token)), Some(owned)) = (token, owned) else {
            return Err(no_link("access_token is no access token of ours").into());
        };
        if !may_serve(&client, &owned) {
            return Err(no_link("the access token was issued to another client").into());
        }
        if !self.is_in_force(&token, &owned).await? {
            return Err(no_link("the access token is not in force").into());
        }
        let gone = || no_link("the link ended meanwhile");
        self.accept_reverse_code(&owned, &code, ErrorCode::InvalidTarget, gone).await
    }

    /// Takes the code for the client's partner. `unknown` is the form's word for a client without one, `gone` its refusal when
    /// the link ended a moment ago.
    async fn accept_reverse_code(
        &self,
        owned: &OwnedGrant,
        code: &PlainSecret,
        unknown: ErrorCode,
        gone: impl FnOnce() -> Refusal + Send,
    ) -> Result<(), Failure<Refusal>> {
        let partner = self.store.partner(&owned.grant.client_id).await?;
        let partner = partner.ok_or_else(|| no_partner(unknown, "the client has no partner"))?;
        let key = [b"code", owned.grant.id.0.as_bytes().as_slice()].concat();
        self.code_brake.fail(&key).map_err(|Wait(wait)| {
            Refusal::until(ErrorCode::TooManyRequests, "too many codes for one link; wait", wait)
        })?;
        let accepted = self.partners.accept_code(owned.grant.id, &partner, code).await;
        match accepted.map_err(never_refused)? {
            AcceptCode::Stored => Ok(()),
            AcceptCode::NotLinked => Err(gone().into()),
        }
    }
}

/// RFC 6749 appendix A.11: visible characters and blanks.
fn reciprocal_code(parameters: &Parameters) -> Result<PlainSecret, Refusal> {
    let code = required(parameters, "code")?;
    if code.len() > LONGEST || !code.bytes().all(|b| (0x20..=0x7e).contains(&b)) {
        let why = "code must be at most 2048 printable ASCII characters";
        return Err(Refusal::new(ErrorCode::InvalidRequest, why));
    }
    Ok(code.to_owned().into())
}

fn no_link(cause: &'static str) -> Refusal {
    let public = "access_token is not valid (any more) for this client";
    Refusal::because(ErrorCode::InvalidGrant, public, cause)
}

fn no_partner(code: ErrorCode, cause: &'static str) -> Refusal {
    Refusal::because(
        code,
        "client_id names no client with a partner; `couplet client set-partner` configures one",
        cause,
    )
}
