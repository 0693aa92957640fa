//! A platform hands over authorization codes of its own server, in Alexa's form and in that of the draft. What both share is
//! here: the stage, and how a refusal looks.

mod ietf;
mod refused;
mod taken;

use couplet::model::client::ClientSettings;
use couplet::model::ids::UserId;
use reqwest::{Client, RequestBuilder};

use crate::support::app::{ALICE, Backend, TestApp};
use crate::support::login_with_amazon::Amazon;
use crate::support::platform::{Answer, Platform, Tokens};
use crate::support::rows::Rows;

const PATH: &str = "/oauth2/reciprocal";

/// A body with nothing wrong in it.
const GOOD: &str = "grant_type=reciprocal_authorization_code&code=ANcode&client_id=alexa";

/// Alice has linked Alexa, whose partner is Amazon; no code has come yet.
struct Stage {
    app: TestApp,
    amazon: Amazon,
    alexa: Platform,
    alice: UserId,
    tokens: Tokens,
}

impl Stage {
    async fn on(backend: Backend) -> Self {
        Self::with(backend, |_| {}).await
    }

    /// The same with changed settings of Alexa's client.
    async fn with(backend: Backend, change: impl FnOnce(&mut ClientSettings)) -> Self {
        let app = TestApp::on(backend).await;
        let alice = app.add_user(ALICE).await;
        let alexa = app.add_alexa(change).await;
        let amazon = app.add_amazon().await;
        let tokens = alexa.link(&app.person()).await;
        Self { app, amazon, alexa, alice, tokens }
    }

    async fn rows(&self) -> Rows {
        Rows::of(&self.app.database).await
    }

    /// A request in Alexa's form, without the token.
    fn posting(&self, body: &str) -> RequestBuilder {
        let request = Client::new().post(format!("{}{PATH}", self.app.url));
        request.header("Content-Type", "application/x-www-form-urlencoded").body(body.to_owned())
    }

    /// A request in Alexa's form, with Alice's token.
    async fn post(&self, body: &str) -> Answer {
        Answer::of(self.posting(body).bearer_auth(&self.tokens.access)).await
    }

    /// Nothing was stored, and nobody asked the partner for anything.
    async fn assert_untouched(&self) {
        assert_eq!(self.rows().await.count("reverse_links").await, 0);
        self.app.exchange_due().await;
        assert_eq!(self.amazon.arrived(), 0);
    }

    /// Amazon has exchanged so many codes, and refused none.
    async fn assert_exchanged(&self, count: u32) {
        self.app.exchange_due().await;
        self.amazon.assert_content();
        assert_eq!(self.amazon.seen().exchanges, count);
    }
}

/// Of a dead token the challenge says so (RFC 6750 section 3); other refusals challenge nobody.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!((answer.status.as_u16(), answer.error()), (status, error), "{}", answer.json);
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert!(!answer.text("error_description").is_empty());
    let challenge = answer.headers.get("www-authenticate").map(|value| value.to_str().unwrap());
    match error {
        "invalid_token" => {
            let start = "Bearer error=\"invalid_token\", error_description=\"";
            assert!(challenge.is_some_and(|challenge| challenge.starts_with(start)), "{challenge:?}");
        }
        _ if status == 401 => assert!(challenge.is_some_and(|challenge| challenge.starts_with("Basic "))),
        _ => assert_eq!(challenge, None),
    }
}

#[track_caller]
fn assert_accepted(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.json.to_string().as_str()), (200, "{}"));
    assert_eq!(answer.headers["cache-control"], "no-store");
}
