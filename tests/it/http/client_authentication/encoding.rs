//! Secrets that form encoding changes (RFC 6749 section 2.3.1): clients send them encoded or raw, and both are understood.

use rstest::rstest;
use url::form_urlencoded::byte_serialize;

use super::{ask, assert_refused, assert_taken, raw_basic};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;

fn form_encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// As many libraries do it: a space is `%20`, and everything but letters and digits is encoded.
fn percent_encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02x}"),
    };
    text.bytes().map(byte).collect()
}

#[rstest]
#[case::colon("se:cr:et")]
#[case::colons_at_both_ends(":secret:")]
#[case::percent("100%")]
#[case::looks_encoded("100%25+%41")]
#[case::plus("a+b")]
#[case::space("a b")]
#[case::slash_and_equals("a/b=&c==")]
#[case::not_ascii("pässwörd€日本🔗")]
#[case::all_of_it(" :%+&=?#/é%zz%2")]
#[tokio::test]
async fn an_awkward_secret_works_encoded_and_raw(#[values(Sqlite, Postgres)] backend: Backend, #[case] secret: &str) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(secret), |_| {}).await;
    assert_refused(&ask(&app, Some(&raw_basic("app", &format!("{secret}x"))), &[]).await);
    for sent in [secret.to_owned(), form_encoded(secret), percent_encoded(secret)] {
        assert_taken(&ask(&app, Some(&raw_basic("app", &sent)), &[]).await);
    }
    assert_taken(&ask(&app, None, &[("client_id", "app"), ("client_secret", secret)]).await);
}

#[rstest]
#[tokio::test]
async fn a_secret_in_the_body_is_decoded_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some("a+b c"), |_| {}).await;
    assert_refused(&ask(&app, None, &[("client_id", "app"), ("client_secret", "a%2Bb+c")]).await);
}

#[rstest]
#[tokio::test]
async fn an_encoded_id_names_the_same_client(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("my-app_1.0~x", Some("secret"), |_| {}).await;
    for id in ["my-app_1.0~x", &form_encoded("my-app_1.0~x"), &percent_encoded("my-app_1.0~x")] {
        assert_taken(&ask(&app, Some(&raw_basic(id, "secret")), &[]).await);
    }
}
