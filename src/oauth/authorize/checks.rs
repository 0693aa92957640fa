//! Owns the checks of an authorization request whose refusals go to the client.

use super::{KNOWN, Prompt};
use crate::model::client::{Client, GrantType};
use crate::model::parameters::Parameters;
use crate::model::pkce::CodeChallenge;
use crate::model::scope::Scope;
use crate::oauth::error::{ErrorCode, Refusal};

/// What a request says besides who asks and where the answer goes.
pub type Rest = (Scope, Option<CodeChallenge>, Prompt);

/// The checks whose refusals go to the client.
pub fn check_rest(client: &Client, parameters: &Parameters) -> Result<Rest, Refusal> {
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
