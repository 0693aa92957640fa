//! Owns the authorization endpoint's decisions (RFC 6749 section 4.1): may this be asked, what comes next, what is answered.
//! Leaves the form of a request to `checks.rs`, showing pages to `web/pages/` and knowing the person to `identity/`. Keeps nothing of an attempt that is abandoned.

mod checks;

use self::checks::check_rest;
use crate::model::client::Client;
use crate::model::failure::Failure;
use crate::model::grant::{CodeBinding, GrantState};
use crate::model::ids::ClientId;
use crate::model::parameters::Parameters;
use crate::model::pkce::CodeChallenge;
use crate::model::scope::Scope;
use crate::model::time::after;
use crate::model::user::User;
use crate::oauth::Protocol;
use crate::oauth::error::{ErrorCode, Refusal};
use crate::oauth::trusted_redirect::{TrustedRedirect, Untrusted};
use crate::store::grants::{NewGrant, OwnedGrant};
use crate::throttle::Wait;
use crate::tokens::opaque::AuthorizationCode;

/// As many links with one client as are looked at for a consent that was given before.
const CONSENTS: u32 = 50;

/// An authorization request that may be put to the user.
#[derive(Debug)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client: Client,
    /// Where the answer goes.
    pub redirect: TrustedRedirect,
    /// What is asked for.
    pub scope: Scope,
    challenge: Option<CodeChallenge>,
    prompt: Prompt,
}

impl AuthorizationRequest {
    /// The same right after a sign-in: whoever was to sign in anew has done so.
    pub fn after_sign_in(mut self) -> Self {
        self.prompt = Prompt { consent: self.prompt.consent, ..Prompt::default() };
        self
    }

    /// Whether this person has to approve the sign-in before anything is allowed.
    pub fn lacks_approval(&self, person: Person<'_>) -> bool {
        !person.is_approved && self.client.settings.approval.asks(person.user)
    }

    /// Whether any program on the person's device could have made this request in the client's name: a client without secret
    /// whose redirect URI is no https address of its own. Then nothing is answered unasked (RFC 8252 section 8.6).
    fn is_unassured(&self) -> bool {
        self.client.is_public() && !self.redirect.uri().is_https()
    }
}

/// The `prompt` of a request (OpenID Connect Core section 3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Prompt {
    none: bool,
    login: bool,
    consent: bool,
}

/// A request that can't be put to the user.
#[derive(Debug)]
pub enum AuthorizeRefusal {
    /// Nobody may be redirected; a page says so.
    Untrusted(Untrusted),
    /// The client is told.
    ToClient(Box<TrustedRedirect>, Refusal),
}

impl From<Untrusted> for Failure<AuthorizeRefusal> {
    fn from(untrusted: Untrusted) -> Self {
        Self::Refused(AuthorizeRefusal::Untrusted(untrusted))
    }
}

/// The parameters that mean something here; all others are ignored (RFC 6749 section 3.1).
const KNOWN: [&str; 9] = [
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "prompt",
];

/// What has to come back to the authorization endpoint to go on with a request: its own query, without what is ignored.
pub fn continuation(parameters: &Parameters) -> String {
    parameters.encoded(&KNOWN)
}

/// The same right after a sign-in: whoever was to sign in anew has done so.
pub fn continuation_after_sign_in(parameters: &Parameters) -> String {
    let [others @ .., _prompt] = KNOWN;
    let query = parameters.encoded(&others);
    match parameters.one("prompt") {
        Ok(Some(prompt)) if prompt.split(' ').any(|word| word == "consent") => format!("{query}&prompt=consent"),
        Ok(_) => query,
        // Still to be refused.
        Err(_) => continuation(parameters),
    }
}

/// Who is signed in.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// The user.
    pub user: &'a User,
    /// Whether the sign-in was approved by a second factor.
    pub is_approved: bool,
}

/// What comes next for a valid request.
pub enum NextStep {
    /// The person has to sign in.
    SignIn,
    /// The person is signed in, and has to approve that by a second factor.
    Approve,
    /// The person has to be asked.
    Consent,
    /// All is known: the browser goes to this address.
    Answer(String),
}

impl Protocol {
    /// Checks a request in the order of trust: who asks, where the answer goes, then everything else.
    pub async fn authorization_request(
        &self,
        parameters: &Parameters,
    ) -> Result<AuthorizationRequest, Failure<AuthorizeRefusal>> {
        let id = parameters
            .one("client_id")
            .map_err(|_| Untrusted::Client("client_id is given more than once"))?
            .ok_or(Untrusted::Client("client_id is missing"))?;
        let id = ClientId::parse(id).map_err(|_| Untrusted::Client("no client can have this client_id"))?;
        let client = self.store.client(&id).await?.ok_or(Untrusted::Client("client_id is unknown"))?;
        if !client.enabled {
            return Err(Untrusted::Client("the client is disabled").into());
        }
        let redirect = TrustedRedirect::check(&client, parameters, &self.policy.issuer)?;
        match check_rest(&client, parameters) {
            Ok((scope, challenge, prompt)) => Ok(AuthorizationRequest { client, redirect, scope, challenge, prompt }),
            Err(refusal) => Err(Failure::Refused(AuthorizeRefusal::ToClient(Box::new(redirect), refusal))),
        }
    }

    /// Decides what comes next for this person, if anyone is signed in.
    pub async fn next_step(
        &self,
        request: &AuthorizationRequest,
        person: Option<Person<'_>>,
    ) -> Result<NextStep, Failure<AuthorizeRefusal>> {
        let refuse = |code, why| {
            Failure::Refused(AuthorizeRefusal::ToClient(Box::new(request.redirect.clone()), Refusal::new(code, why)))
        };
        let person = match person {
            Some(person) if !request.prompt.login => person,
            _ if request.prompt.none => return Err(refuse(ErrorCode::LoginRequired, "nobody is signed in")),
            _ => return Ok(NextStep::SignIn),
        };
        if request.lacks_approval(person) {
            let why = "the sign-in has to be approved by a second factor";
            return if request.prompt.none {
                Err(refuse(ErrorCode::LoginRequired, why))
            } else {
                Ok(NextStep::Approve)
            };
        }
        let user = person.user;
        let ask_anew = request.prompt.consent || request.client.settings.always_ask_consent || request.is_unassured();
        if !ask_anew && self.has_consented(request, user).await? {
            return Ok(NextStep::Answer(self.allow(request, user).await?));
        }
        if request.prompt.none {
            return Err(refuse(ErrorCode::ConsentRequired, "the user has to be asked"));
        }
        Ok(NextStep::Consent)
    }

    async fn has_consented(
        &self,
        request: &AuthorizationRequest,
        user: &User,
    ) -> Result<bool, Failure<AuthorizeRefusal>> {
        let links = self.store.links_between(user.id, &request.client.id, CONSENTS).await?;
        let allows = |owned: &OwnedGrant| match &owned.grant.state {
            GrantState::Active(active) => !self.is_idle(active) && owned.grant.scope.covers(&request.scope),
            _ => false,
        };
        Ok(links.iter().any(allows))
    }

    /// Issues a code: the user allowed it. Gives the address for the browser.
    pub async fn allow(
        &self,
        request: &AuthorizationRequest,
        user: &User,
    ) -> Result<String, Failure<AuthorizeRefusal>> {
        let key = [user.id.0.as_bytes().as_slice(), request.client.id.as_str().as_bytes()].concat();
        self.issue_brake.fail(&key).map_err(|Wait(wait)| {
            let refusal = Refusal::until(ErrorCode::TooManyRequests, "too many links in a short time; wait", wait);
            Failure::Refused(AuthorizeRefusal::ToClient(Box::new(request.redirect.clone()), refusal))
        })?;
        let now = self.clock.now();
        let code = AuthorizationCode::random(&*self.randomness);
        let grant = NewGrant {
            id: code.grant_id,
            user_id: user.id,
            client_id: request.client.id.clone(),
            scope: request.scope.clone(),
            code: CodeBinding {
                hash: code.secret.hash(),
                expires_at: after(now, self.policy.code_ttl),
                redirect_uri: request.redirect.uri().clone(),
                redirect_uri_given: request.redirect.given(),
                challenge: request.challenge.clone(),
            },
            created_at: now,
        };
        self.store.issue_code(&grant).await?;
        Ok(request.redirect.with_code(code.encode().expose()))
    }

    /// The user said no. Gives the address for the browser.
    pub fn deny(&self, request: &AuthorizationRequest) -> String {
        request.redirect.with_error(ErrorCode::AccessDenied, "the user did not allow the link")
    }
}
