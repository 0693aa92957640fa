//! Small words with a form of their own: scopes, proof keys, ids, logins, addresses and numbers.

use couplet::model::email::Email;
use couplet::model::ids::{ClientId, GrantId};
use couplet::model::login::Login;
use couplet::model::phone::Phone;
use couplet::model::pkce::CodeChallenge;
use couplet::model::scope::Scope;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    scope(text);
    proof_key(text);
    login(text);
    if let Ok(id) = ClientId::parse(text) {
        assert_eq!(id.as_str(), text);
        assert_eq!(couplet::model::parameters::encode(text), text, "an encoding changes a client id");
    }
    if let Some(id) = GrantId::parse(text) {
        assert!(id.to_string().eq_ignore_ascii_case(text));
    }
    if let Ok(email) = Email::parse(text) {
        assert_eq!(email.as_str(), text);
        assert!(text.len() <= 254 && text.contains('@') && !text.contains(['\r', '\n', ' ', '<', '>', ',']));
    }
    if let Ok(phone) = Phone::parse(text) {
        assert!(phone.as_str() == text && text.len() <= 16 && text.is_ascii());
    }
}

fn scope(text: &str) {
    let Ok(scope) = Scope::parse(text) else { return };
    let written = scope.to_string();
    assert_eq!(Scope::parse(&written).as_ref(), Ok(&scope));
    assert!(written.len() <= text.len() && scope.len() <= Scope::MAX_TOKENS && scope.covers(&scope));
    assert!(!written.contains(['"', '\\', '\n']) && written.is_ascii());
    // An access token names a part of the scope by a mask.
    let part = Scope::parse(&scope.tokens().step_by(2).collect::<Vec<_>>().join(" ")).expect("a part is a scope");
    assert!(scope.covers(&part));
    assert_eq!(scope.masked(scope.mask_of(&part)), part);
    assert!(scope.covers(&scope.masked(u64::MAX)));
}

fn proof_key(text: &str) {
    let (challenge, verifier) = text.split_once(' ').unwrap_or((text, text));
    let Ok(challenge) = CodeChallenge::parse(challenge) else { return };
    assert!(challenge.as_str().len() == 43 && challenge.as_str().is_ascii());
    assert_eq!(CodeChallenge::parse(challenge.as_str()).as_ref(), Ok(&challenge));
    let known = ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    if challenge.is_met_by(verifier) {
        // Nobody finds another pair by chance.
        assert_eq!((challenge.as_str(), verifier), known);
    }
}

fn login(text: &str) {
    let Ok(login) = Login::parse(text) else { return };
    assert!((1..=Login::MAX_LENGTH).contains(&login.as_str().len()));
    assert!(!login.as_str().contains(|c: char| c.is_whitespace() || c.is_control()));
    let again = Login::parse(login.as_str()).expect("what was a login is one");
    assert_eq!(again, login, "a login changes each time it is written");
}
