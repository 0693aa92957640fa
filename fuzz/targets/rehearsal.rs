//! What other people's servers send when the platform is played against them: pages, redirects, token answers. The first byte
//! says which.

use std::time::Duration;

use couplet::rehearse::attempt::Attempt;
use couplet::rehearse::endpoints::Endpoints;
use couplet::rehearse::form::{Method, forms};
use couplet::rehearse::token_answer::{Tokens, check_error, check_tokens, outcome};
use couplet::rehearse::wire::Recorded;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use url::Url;

pub fn run(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    match kind {
        b'<' | b'p' => page(text),
        b'r' => redirect(text),
        _ => answer(text),
    }
}

fn page(text: &str) {
    let url = Url::parse("https://auth.example.com/sign-in?x=1").expect("a URL");
    for form in forms(text, &url) {
        let sent = [form.clone().sign_in("ada", "correct horse"), form.agree()];
        for submission in sent.into_iter().flatten() {
            assert!(submission.url.fragment().is_none());
            assert!(submission.method == Method::Post || submission.body.is_empty());
            assert!(submission.body.len() <= 16 * (text.len() + 64), "a form grows");
        }
    }
}

fn redirect(text: &str) {
    let attempt = Attempt {
        client_id: "client".to_owned(),
        redirect_uri: "https://app.example.com/cb".to_owned(),
        scope: None,
        state: "s t&=%".to_owned(),
        code_verifier: None,
    };
    let server = |path: &str| Url::parse("https://auth.example.com").and_then(|url| url.join(path)).expect("a URL");
    let endpoints = Endpoints {
        issuer: Some("https://auth.example.com".to_owned()),
        promises_iss: true,
        authorization: server("/a"),
        token: server("/t"),
        introspection: None,
        revocation: None,
        reciprocal: server("/r"),
    };
    match attempt.read_redirect(text, &endpoints) {
        Ok(code) => {
            let safe = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
            assert!((1..128).contains(&code.expose().len()) && code.expose().bytes().all(safe));
            let url = Url::parse(text).expect("where a code came from is a URL");
            assert!(url.host_str() == Some("app.example.com") && url.path() == "/cb", "a code from {url}");
            let one = |name: &str| url.query_pairs().filter(|(key, _)| key == name).count() == 1;
            assert!(one("code") && one("state") && one("iss"));
        }
        Err(fault) => drop(format!("{fault:?}")),
    }
}

fn answer(text: &str) {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let recorded = |status| Recorded {
        request: String::new(),
        answer: String::new(),
        status,
        headers: headers.clone(),
        body: text.to_owned(),
        took: Duration::ZERO,
    };
    if check_tokens(&recorded(200), true).is_ok() {
        let tokens = Tokens::of(&recorded(200));
        for token in [tokens.access_token, tokens.refresh_token] {
            let token = token.expect("both tokens are required");
            assert!((1..=2048).contains(&token.expose().len()) && token.expose().is_ascii());
        }
    }
    let refused = recorded(400);
    assert!(outcome(&refused).len() < 100, "a whole body is told");
    if check_error(&refused, &[400], "invalid_grant").is_ok() {
        assert_eq!(refused.error_code().as_deref(), Some("invalid_grant"));
    }
}
