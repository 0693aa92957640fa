//! Twilio access tokens: what they look like, who gets one from the endpoint, and what it permits.

mod cors;
mod permitted;
mod refused;
mod vectors;

use couplet::model::client::AccessTokenFormat::{self, Jwt};
use couplet::model::ids::UserId;
use couplet::model::twilio::TwilioAccess;
use serde_json::Value;

use crate::support::app::{ALICE, Backend, SECRET, TestApp};
use crate::support::platform::{Answer, Platform, Tokens};
use crate::support::twilio::{Token, everything};

const PATH: &str = "/twilio/access-token";

/// A server with an app whose users may have all there is, and Alice, a worker, who has linked it.
struct Scene {
    app: TestApp,
    client: Platform,
    alice: UserId,
    tokens: Tokens,
}

impl Scene {
    async fn on(backend: Backend) -> Self {
        Self::with(backend, Jwt, |_| {}).await
    }

    async fn with(backend: Backend, format: AccessTokenFormat, change: impl FnOnce(&mut TwilioAccess)) -> Self {
        let app = TestApp::on(backend).await;
        let alice = app.add_user(ALICE).await;
        let mut access = everything(alice);
        change(&mut access);
        let set = |settings: &mut couplet::model::client::ClientSettings| {
            (settings.access_token, settings.twilio) = (format, access);
        };
        let client = app.add_app("app", Some(SECRET), set).await;
        let tokens = client.link(&app.person()).await;
        Self { app, client, alice, tokens }
    }

    async fn ask(&self, query: &str) -> Answer {
        self.client.twilio_token(&self.tokens.access, query).await
    }

    /// The grants of the token that is given, without the identity.
    async fn grants(&self, query: &str) -> Value {
        let answer = self.ask(query).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.json);
        let mut grants = Token::read(&answer.text("accessToken")).claims["grants"].take();
        let identity = grants.as_object_mut().unwrap().remove("identity");
        assert_eq!(identity.unwrap(), self.alice.to_string());
        grants
    }
}
