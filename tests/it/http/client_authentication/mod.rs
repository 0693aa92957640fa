//! Proving to be a client (RFC 6749 section 2.3): which credentials are taken, which are refused, and how guessing is slowed
//! down.

mod brake;
mod encoding;
mod refused;
mod taken;

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Client;

use crate::support::app::TestApp;
use crate::support::platform::Answer;

/// A refresh with a token that cannot be ours: its answer tells whether the client was taken for what it says.
const FORM: [(&str, &str); 2] = [("grant_type", "refresh_token"), ("refresh_token", "made-up")];

/// An `Authorization` header with an id and a secret as they are, without form encoding.
fn raw_basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// Asks the token endpoint with that `Authorization` header, if any, and more in the body.
async fn ask(app: &TestApp, authorization: Option<&str>, more: &[(&str, &str)]) -> Answer {
    let mut request = Client::new().post(format!("{}/oauth2/token", app.url)).form(&[&FORM, more].concat());
    if let Some(authorization) = authorization {
        request = request.header("Authorization", authorization);
    }
    Answer::of(request).await
}

/// The client proved itself; only the token was wrong.
#[track_caller]
fn assert_taken(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.error()), (400, "invalid_grant"), "{}", answer.json);
}

/// The client did not prove itself (RFC 6749 section 5.2).
#[track_caller]
fn assert_refused(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.error()), (401, "invalid_client"), "{}", answer.json);
    let challenge = answer.headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.starts_with("Basic realm="), "{challenge}");
    assert_eq!(answer.headers["cache-control"], "no-store");
}
