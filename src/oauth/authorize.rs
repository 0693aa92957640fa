//! Owns the authorization endpoint's decisions (RFC 6749 section 4.1): may this be asked, what comes next, what is answered.
//! Leaves showing pages to `web/pages/` and knowing the person to `identity/`. Keeps nothing of an attempt that is abandoned.

use crate::model::client::{Client, GrantType};
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

/// What comes next for a valid request.
pub enum NextStep {
    /// The person has to sign in.
    SignIn,
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
        user: Option<&User>,
    ) -> Result<NextStep, Failure<AuthorizeRefusal>> {
        let refuse = |code, why| {
            Failure::Refused(AuthorizeRefusal::ToClient(Box::new(request.redirect.clone()), Refusal::new(code, why)))
        };
        let user = match user {
            Some(user) if !request.prompt.login => user,
            _ if request.prompt.none => return Err(refuse(ErrorCode::LoginRequired, "nobody is signed in")),
            _ => return Ok(NextStep::SignIn),
        };
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

type Rest = (Scope, Option<CodeChallenge>, Prompt);

/// The checks whose refusals go to the client.
fn check_rest(client: &Client, parameters: &Parameters) -> Result<Rest, Refusal> {
    // RFC 6749 section 3.1: no parameter more than once.
    for name in KNOWN {
        parameters.one(name)?;
    }
    check_response_type(client, parameters.one("response_type")?)?;
    check_response_mode(parameters.one("response_mode")?)?;
    let scope = check_scope(client, parameters.one("scope")?)?;
    let challenge = check_challenge(client, parameters)?;
    Ok((scope, challenge, check_prompt(parameters.one("prompt")?)?))
}

/// RFC 6749 section 4.1.1.
fn check_response_type(client: &Client, response_type: Option<&str>) -> Result<(), Refusal> {
    match response_type {
        None => Err(Refusal::new(ErrorCode::InvalidRequest, "response_type is missing; use response_type=code")),
        Some("code") if client.may_use(GrantType::AuthorizationCode) => Ok(()),
        Some("code") => {
            Err(Refusal::new(ErrorCode::UnauthorizedClient, "this client may not use the authorization code grant"))
        }
        Some(_) => Err(Refusal::new(ErrorCode::UnsupportedResponseType, "only response_type=code is supported")),
    }
}

fn check_response_mode(response_mode: Option<&str>) -> Result<(), Refusal> {
    match response_mode {
        None | Some("query") => Ok(()),
        Some(_) => Err(Refusal::new(ErrorCode::InvalidRequest, "only response_mode=query is supported")),
    }
}

/// RFC 6749 section 3.3: without a scope, all that the client registered.
fn check_scope(client: &Client, requested: Option<&str>) -> Result<Scope, Refusal> {
    let registered = &client.settings.scope;
    let Some(requested) = requested else { return Ok(registered.clone()) };
    let scope = Scope::parse(requested).map_err(|why| Refusal::new(ErrorCode::InvalidScope, why.to_string()))?;
    if registered.covers(&scope) {
        return Ok(scope);
    }
    Err(Refusal::new(
        ErrorCode::InvalidScope,
        "the scope names something this client did not register; separate names by spaces",
    ))
}

/// RFC 7636 section 4.3, S256 only.
fn check_challenge(client: &Client, parameters: &Parameters) -> Result<Option<CodeChallenge>, Refusal> {
    let invalid = |why: String| Refusal::new(ErrorCode::InvalidRequest, why);
    match (parameters.one("code_challenge")?, parameters.one("code_challenge_method")?) {
        (None, None) if client.needs_pkce() => {
            Err(invalid("this client has to use PKCE: send code_challenge and code_challenge_method=S256".to_owned()))
        }
        (None, None) => Ok(None),
        (None, Some(_)) => Err(invalid("code_challenge_method came without code_challenge".to_owned())),
        (Some(challenge), Some("S256")) => {
            CodeChallenge::parse(challenge).map(Some).map_err(|why| invalid(why.to_string()))
        }
        (Some(_), _) => Err(invalid("only code_challenge_method=S256 is supported".to_owned())),
    }
}

fn check_prompt(prompt: Option<&str>) -> Result<Prompt, Refusal> {
    let mut parsed = Prompt::default();
    for word in prompt.unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
        match word {
            "none" => parsed.none = true,
            "login" | "select_account" => parsed.login = true,
            "consent" => parsed.consent = true,
            _ => {}
        }
    }
    if parsed.none && (parsed.login || parsed.consent) {
        return Err(Refusal::new(ErrorCode::InvalidRequest, "prompt=none stands alone"));
    }
    Ok(parsed)
}
