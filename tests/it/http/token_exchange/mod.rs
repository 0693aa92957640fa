//! A service's backend gets the partner's tokens (RFC 8693). What the tests share is here: the stage, and how a refusal looks.

mod away;
mod backend;
mod fresh;
mod given;
mod grant_id;
mod refused;
mod standing;
mod taken_back;

use std::time::Duration;

use couplet::config::Config;
use couplet::model::client::ClientSettings;
use couplet::model::ids::{ClientId, UserId};
use couplet::store::grants::GrantFilter;

use crate::support::app::{ALICE, Backend, SECRET, TestApp};
use crate::support::login_with_amazon::Amazon;
use crate::support::platform::{Answer, Platform, Tokens, answer_parameter};
use crate::support::rows::Rows;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const GRANT_ID: (&str, &str) = ("subject_token_type", "urn:couplet:token-type:grant-id");

/// How long our own access tokens live here: the partner's come and go meanwhile.
const DAY: Duration = Duration::from_secs(86_400);

/// Alice has linked Alexa, whose partner is Amazon.
struct Stage {
    app: TestApp,
    amazon: Amazon,
    alexa: Platform,
    alice: UserId,
    tokens: Tokens,
}

impl Stage {
    /// Both ways: Amazon's tokens are here.
    async fn on(backend: Backend) -> Self {
        let (app, alice, alexa) = set(backend, |_| {}, |_| {}).await;
        let amazon = app.add_amazon().await;
        let tokens = app.link_both_ways(&amazon).await;
        Self { app, amazon, alexa, alice, tokens }
    }

    /// One way: no code has come yet.
    async fn one_way(backend: Backend) -> Self {
        Self::with(backend, |_| {}, |_| {}).await
    }

    /// One way, with changed configuration and settings of Alexa's client.
    async fn with(
        backend: Backend,
        configure: impl FnOnce(&mut Config),
        change: impl FnOnce(&mut ClientSettings),
    ) -> Self {
        let (app, alice, alexa) = set(backend, configure, change).await;
        let amazon = app.add_amazon().await;
        let tokens = alexa.link(&app.person()).await;
        Self { app, amazon, alexa, alice, tokens }
    }

    /// Alexa hands over a code for a link, which is exchanged.
    async fn link_back(&self, tokens: &Tokens) {
        let answer = self.alexa.hand_over(&tokens.access, self.amazon.issue_code().expose()).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        self.app.exchange_due().await;
    }

    /// Bob links Alexa too.
    async fn link_bob(&self) -> Tokens {
        self.app.add_user("Bob").await;
        let page = self.app.person().link_as("Bob", &self.alexa.authorize(&[])).await;
        Tokens::from(&self.alexa.exchange(&answer_parameter(&page, "code").unwrap(), &[]).await)
    }

    /// The skill's backend, a client of its own.
    async fn add_backend(&self, change: impl FnOnce(&mut ClientSettings)) -> Platform {
        let change = |settings: &mut ClientSettings| {
            settings.backend_of = vec![ClientId::parse("alexa").unwrap()];
            change(settings);
        };
        self.app.add_app("backend", Some(SECRET), change).await
    }

    /// Alexa's client asks for a token of Amazon, with Alice's token.
    async fn ask(&self) -> Answer {
        self.alexa.partner_token(&self.tokens.access, &[]).await
    }

    /// The same, with success.
    async fn given(&self) -> String {
        partner_token_in(&self.ask().await)
    }

    /// The id of Alice's only link.
    async fn grant_id(&self) -> String {
        let filter = GrantFilter { user_id: Some(self.alice), client_id: None };
        let grants = self.app.database.store.grants(&filter, None, 2).await.unwrap();
        assert_eq!(grants.len(), 1);
        grants[0].link.grant.id.to_string()
    }

    async fn rows(&self) -> Rows {
        Rows::of(&self.app.database).await
    }

    fn pass(&self, seconds: u64) {
        self.app.clock.advance(Duration::from_secs(seconds));
    }
}

/// A server with Alice and Alexa's client.
async fn set(
    backend: Backend,
    configure: impl FnOnce(&mut Config),
    change: impl FnOnce(&mut ClientSettings),
) -> (TestApp, UserId, Platform) {
    let configure = |config: &mut Config| {
        config.tokens.access = DAY;
        configure(config);
    };
    let app = TestApp::with(backend, configure).await;
    let alice = app.add_user(ALICE).await;
    let alexa = app.add_alexa(change).await;
    (app, alice, alexa)
}

#[track_caller]
fn partner_token_in(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.json);
    answer.text("access_token")
}

/// Gives the words, and makes sure that no token is among them.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16, error: &str) -> String {
    assert_eq!((answer.status.as_u16(), answer.error()), (status, error), "{}", answer.json);
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.json.as_object().unwrap().len(), 2, "{}", answer.json);
    assert_eq!(answer.headers.contains_key("retry-after"), status == 503);
    answer.text("error_description")
}
