//! Owns token exchange (RFC 8693) for one purpose: a service's backend gets a fresh access token of the partner for one of its
//! users. Leaves keeping tokens fresh to `partners/`.

use std::time::Duration;

use crate::model::failure::Failure;
use crate::model::grant::GrantState;
use crate::model::ids::GrantId;
use crate::model::parameters::Parameters;
use crate::model::partner::Partner;
use crate::model::scope::Scope;
use crate::model::secret::PlainSecret;
use crate::oauth::Protocol;
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::error::{ErrorCode, Refusal};
use crate::oauth::grants::{TokenRequest, required};
use crate::oauth::presented_token::{AccessToken, PresentedToken, may_serve};
use crate::partners::{FreshToken, NoToken};
use crate::store::grants::{Link, OwnedGrant};

/// Types of tokens (RFC 8693 section 3).
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
/// Ours: the id of a grant, for work while no user is there.
const GRANT_ID: &str = "urn:couplet:token-type:grant-id";

/// When to ask again for a token that is on its way.
const SOON: Duration = Duration::from_secs(1);

/// When to ask again while the partner can't be reached.
const LATER: Duration = Duration::from_secs(5);

/// A successful answer (RFC 8693 section 2.2.1).
#[derive(Debug)]
pub struct PartnerTokenAnswer {
    /// The partner's access token.
    pub access_token: PlainSecret,
    /// Its type.
    pub issued_token_type: &'static str,
    /// How long it lives from now on.
    pub expires_in: Duration,
    /// What it permits, as far as it is known.
    pub scope: Scope,
}

/// For whom a token is asked.
enum Subject {
    AccessToken(AccessToken),
    Grant(GrantId),
}

impl Subject {
    fn grant_id(&self) -> GrantId {
        match self {
            Subject::AccessToken(token) => token.id.grant_id,
            Subject::Grant(grant_id) => *grant_id,
        }
    }
}

impl Protocol {
    /// A fresh access token of the partner for the user of `subject_token`.
    pub(super) async fn partner_token(&self, request: &TokenRequest) -> Result<PartnerTokenAnswer, Failure<Refusal>> {
        let audience = check_request(&request.parameters)?;
        let subject = self.subject(&request.parameters).await?;
        let (client, owned) = self.client_and_grant(request, subject.as_ref().map(Subject::grant_id)).await?;
        if client.is_public() {
            let why = "token exchange is for clients with a secret";
            return Err(Refusal::new(ErrorCode::UnauthorizedClient, why).into());
        }
        let (subject, owned) = subject.zip(owned).ok_or_else(|| no_subject("subject_token is none of ours"))?;
        self.check_subject(&client, &subject, &owned).await?;
        let partner = self.partner_for(&owned, audience).await?;
        let fresh =
            self.partners.fresh_token(owned.grant.id, &partner).await.map_err(|failure| failure.map(in_words))?;
        check_scope(&request.parameters, &fresh.scope)?;
        Ok(self.answer_with(fresh))
    }

    async fn subject(&self, parameters: &Parameters) -> Result<Option<Subject>, Failure<Refusal>> {
        let token = required(parameters, "subject_token")?;
        match required(parameters, "subject_token_type")? {
            // A JWT has dots, and nothing else of ours has.
            JWT if !token.contains('.') => Ok(None),
            ACCESS_TOKEN | JWT => match self.read_token(token).await? {
                Some(PresentedToken::Access(token)) => Ok(Some(Subject::AccessToken(token))),
                _ => Ok(None),
            },
            GRANT_ID => Ok(GrantId::parse(token).map(Subject::Grant)),
            _ => Err(Refusal::new(
                ErrorCode::InvalidRequest,
                "subject_token_type must be urn:ietf:params:oauth:token-type:access_token, or \
                 urn:couplet:token-type:grant-id for a client that may",
            )
            .into()),
        }
    }

    /// Whether this client may ask for this subject now.
    async fn check_subject(
        &self,
        client: &AuthenticatedClient,
        subject: &Subject,
        link: &Link,
    ) -> Result<(), Failure<Refusal>> {
        if !may_serve(client, link) {
            return Err(no_subject("the link is another client's, which this one does not serve").into());
        }
        let in_force = match subject {
            Subject::AccessToken(token) => self.is_in_force(token, link).await?,
            Subject::Grant(_) if !client.settings.exchange_grant_id => {
                let why =
                    "this client may not name links by their id; `couplet client set … --exchange-grant-id` allows it";
                return Err(Refusal::new(ErrorCode::InvalidRequest, why).into());
            }
            Subject::Grant(_) => link.owner_enabled && matches!(link.grant.state, GrantState::Active(_)),
        };
        let idle = matches!(&link.grant.state, GrantState::Active(active) if self.is_idle(active));
        if in_force && !idle { Ok(()) } else { Err(no_subject("the token or its link is not in force").into()) }
    }

    /// The partner of the link's client, by the name in `audience`.
    async fn partner_for(&self, owned: &OwnedGrant, audience: &str) -> Result<Partner, Failure<Refusal>> {
        let partner =
            self.store.partner(&owned.grant.client_id).await?.filter(|partner| partner.name.as_str() == audience);
        let unknown = "audience names no partner of this client; `couplet client show` lists it";
        partner.ok_or_else(|| Refusal::new(ErrorCode::InvalidTarget, unknown).into())
    }

    fn answer_with(&self, fresh: FreshToken) -> PartnerTokenAnswer {
        PartnerTokenAnswer {
            access_token: fresh.access,
            issued_token_type: ACCESS_TOKEN,
            expires_in: (fresh.expires_at - self.clock.now()).to_std().unwrap_or_default(),
            scope: fresh.scope,
        }
    }
}

/// RFC 8693 section 2.1: what can't be done is refused rather than left out. Gives the audience.
fn check_request(parameters: &Parameters) -> Result<&str, Refusal> {
    let refuse = |code, why: &'static str| Err(Refusal::new(code, why));
    if parameters.one("actor_token")?.is_some() {
        return refuse(ErrorCode::InvalidRequest, "actor_token is not supported");
    }
    if parameters.one("requested_token_type")?.is_some_and(|requested| requested != ACCESS_TOKEN) {
        return refuse(ErrorCode::InvalidRequest, "only access tokens are issued; leave out requested_token_type");
    }
    if parameters.one("resource")?.is_some() {
        return refuse(ErrorCode::InvalidTarget, "name the partner in audience; resource is not supported");
    }
    required(parameters, "audience")
}

/// A partner's token can't be narrowed: asking for what it permits is fine, asking for anything else is refused.
fn check_scope(parameters: &Parameters, permitted: &Scope) -> Result<(), Refusal> {
    let Some(requested) = parameters.one("scope")? else { return Ok(()) };
    match Scope::parse(requested) {
        Ok(scope) if permitted.covers(&scope) => Ok(()),
        _ => Err(Refusal::new(ErrorCode::InvalidScope, "the partner's token does not permit this scope; leave it out")),
    }
}

/// The same words for every cause (RFC 8693 section 2.2.2 names the code).
fn no_subject(cause: &'static str) -> Refusal {
    Refusal::because(ErrorCode::InvalidRequest, "subject_token is not valid (any more) for this client", cause)
}

fn in_words(why: NoToken) -> Refusal {
    let refuse = |code, public: &'static str| Refusal::new(code, public);
    match why {
        NoToken::NeverLinked => refuse(
            ErrorCode::InvalidTarget,
            "this link has no reverse link: the platform never handed over a code for it; link again",
        ),
        NoToken::Pending => Refusal::until(
            ErrorCode::Unavailable,
            "the reverse link is pending: its code is being exchanged; ask again soon",
            SOON,
        ),
        NoToken::Failed => {
            refuse(ErrorCode::InvalidGrant, "the reverse link is failed (`couplet grant show` says why); link again")
        }
        NoToken::OtherAccount => refuse(
            ErrorCode::InvalidTarget,
            "the reverse link belongs to the partner's client id of before `couplet client set-partner`; link again, or set it back",
        ),
        NoToken::Misconfigured => Refusal::until(
            ErrorCode::Unavailable,
            "the partner refuses our own client id or secret (`couplet grant show` says how); `couplet client set-partner` mends it",
            LATER,
        ),
        NoToken::Revoked => refuse(
            ErrorCode::InvalidGrant,
            "the reverse link is revoked: the partner says that the customer took the permission back; link again",
        ),
        NoToken::Unreachable => Refusal::until(
            ErrorCode::Unavailable,
            "the partner gives no new token at the moment (`couplet grant show` says why), and the last one has ended; ask again soon",
            LATER,
        ),
    }
}
