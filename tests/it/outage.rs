//! When the database is away or hangs: 503 with `Retry-After` in time, never a word against a token, nothing half-done, and
//! recovery without a restart.

use std::sync::Arc;
use std::time::{Duration, Instant};

use couplet::model::client::GrantType;
use couplet::model::time::Clock;
use couplet::store::open::{DatabaseUrl, Migrations, open};
use futures_util::future::{FutureExt, LocalBoxFuture, join_all};
use sqlx::{Connection, Executor, PgConnection};

use crate::support::app::{ALICE, PASSWORD, TestApp, TestStore};
use crate::support::login_with_amazon::Amazon;
use crate::support::person::{Page, Person};
use crate::support::platform::{Answer, Platform, Tokens, answer_parameter};
use crate::support::private_postgres::PrivatePostgres;
use crate::support::push::{self, BackEnd, Device, Reply};
use crate::support::rows::Rows;

/// Platforms wait 4.5 s.
const IN_TIME: Duration = Duration::from_secs(4);

/// A server on a database of its own; Alice is linked to Alexa in both ways, and about to do everything that one can do.
struct Scene {
    app: TestApp,
    alexa: Platform,
    amazon: Amazon,
    tokens: Tokens,
    /// Not yet redeemed.
    code: String,
    /// Signed in.
    alice: Person,
    account: Page,
    consent: Page,
    /// Not yet signed in.
    stranger: Person,
    sign_in: Page,
    /// A service that asks devices; one of them, and what it is asked.
    back_end: BackEnd,
    device: Device,
    challenge: String,
}

impl Scene {
    async fn on(postgres: &PrivatePostgres) -> Self {
        let store = open(&DatabaseUrl::parse(&postgres.url()).unwrap(), Migrations::Apply).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let database = TestStore { store: Arc::clone(&store), url: postgres.url(), folder };
        let app = TestApp::over(database, |_| {}).await.with_alexa().await.with_alice().await;
        let (alexa, amazon, alice, stranger) = (app.alexa(), app.add_amazon().await, app.person(), app.person());
        let tokens = app.link_both_ways(&amazon).await;
        let code = alexa.code_from(&alice).await;
        let account = alice.open(&format!("{}/account", app.url)).await;
        let consent = alice.open(&alexa.authorize(&[("prompt", "consent")])).await;
        let sign_in = stranger.open(&alexa.authorize(&[])).await;
        let back_end = BackEnd::of(&app).await;
        let device = back_end.device(&app, push::ALICE).await;
        let challenge = back_end.ask(&device, &[]).await;
        Self {
            app,
            alexa,
            amazon,
            tokens,
            code,
            alice,
            account,
            consent,
            stranger,
            sign_in,
            back_end,
            device,
            challenge,
        }
    }

    /// What back ends and devices of push verification ask.
    fn pushes(&self) -> Vec<(&'static str, LocalBoxFuture<'_, Reply>)> {
        let (device, basic, now) = (&self.device, &self.back_end.basic, self.app.clock.now());
        let read = async move { device.at(now).get(&self.challenge).await };
        let ask = async move {
            let form = [("FactorSid", &*device.factor), ("Details.Message", "Is it you?")];
            basic.post(&format!("{}/Challenges", device.entity), &form).await
        };
        let enrol = async move {
            let form = [("Identity", push::ALICE), ("FactorType", "push")];
            basic.post(&format!("{}/AccessTokens", self.back_end.service), &form).await
        };
        vec![
            ("reading a challenge", read.boxed_local()),
            ("asking a device", ask.boxed_local()),
            ("an access token for a device", enrol.boxed_local()),
            ("forgetting a device", async move { basic.delete(&device.path()).await }.boxed_local()),
        ]
    }

    /// Every API endpoint that needs the database, with what is asked there.
    fn answers(&self) -> Vec<(&'static str, LocalBoxFuture<'_, Answer>)> {
        let (alexa, tokens) = (&self.alexa, &self.tokens);
        let access = tokens.access.as_str();
        vec![
            ("refresh", alexa.refresh(&tokens.refresh).boxed_local()),
            ("exchange", alexa.exchange(&self.code, &[]).boxed_local()),
            ("token exchange", alexa.partner_token(access, &[]).boxed_local()),
            (
                "introspection",
                async move { alexa.post("/oauth2/introspect", &[("token", access)]).await }.boxed_local(),
            ),
            ("revocation", alexa.revoke(&tokens.refresh).boxed_local()),
            (
                "reciprocal",
                async move { alexa.hand_over(access, self.amazon.issue_code().expose()).await }.boxed_local(),
            ),
            ("reciprocal grant", self.reciprocal_grant().boxed_local()),
            ("access token of Twilio", async move { alexa.twilio_token(access, "").await }.boxed_local()),
            (
                "readiness",
                async move { Answer::of(reqwest::Client::new().get(self.address("/readyz"))).await }.boxed_local(),
            ),
        ]
    }

    /// Every page and form that needs the database.
    fn pages(&self) -> Vec<(&'static str, LocalBoxFuture<'_, Page>)> {
        let (csrf, grant) = (self.account.value("csrf"), self.account.value("grant"));
        let post = move |path: &'static str| {
            let form = [("csrf", csrf.clone()), ("grant", grant.clone())];
            async move {
                let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
                self.alice.post(path, &form).await
            }
            .boxed_local()
        };
        let open = |person: &'static str, path: String| {
            let person = if person == "Alice" { &self.alice } else { &self.stranger };
            async move { person.open(&path).await }.boxed_local()
        };
        vec![
            ("authorization", open("a stranger", self.alexa.authorize(&[]))),
            ("authorization of someone signed in", open("Alice", self.alexa.authorize(&[]))),
            ("account", open("Alice", self.address("/account"))),
            ("sign-in", self.stranger.sign_in(&self.sign_in, ALICE, PASSWORD).boxed_local()),
            ("consent", self.alice.decide(&self.consent, "allow").boxed_local()),
            ("unlinking", post("/account/unlink")),
            ("signing out", post("/sign-out")),
        ]
    }

    async fn reciprocal_grant(&self) -> Answer {
        let code = self.amazon.issue_code();
        let form = [
            ("grant_type", GrantType::Reciprocal.as_str()),
            ("code", code.expose()),
            ("access_token", &*self.tokens.access),
        ];
        self.alexa.post("/oauth2/token", &form).await
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.app.url)
    }

    /// Asks everything at the same moment: all is put off, and what needs no database is served.
    async fn ask_everything(&self) {
        let answers = self.answers().into_iter().map(|(what, answer)| check_answer(what, answer));
        let pages = self.pages().into_iter().map(|(what, page)| check_page(what, page));
        let pushes = self.pushes().into_iter().map(|(what, reply)| check_reply(what, reply));
        let calm =
            ["/healthz", "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"].map(|path| async move {
                let status = reqwest::get(self.address(path)).await.unwrap().status();
                assert_eq!(status, 200, "{path}: what is known already is told");
            });
        tokio::join!(join_all(answers), join_all(pages), join_all(pushes), join_all(calm));
    }

    /// Everything goes on as if nothing had been.
    async fn check_recovery(&self) {
        let (alexa, tokens) = (&self.alexa, &self.tokens);
        let refreshed = Tokens::from(&alexa.refresh(&tokens.refresh).await);
        assert_eq!(refreshed.refresh, tokens.refresh);
        assert!(alexa.is_active(&tokens.access).await && alexa.is_active(&refreshed.access).await);
        assert_eq!(alexa.partner_token(&tokens.access, &[]).await.status, 200);
        assert_eq!(self.reciprocal_grant().await.status, 200);
        assert_eq!(alexa.exchange(&self.code, &[]).await.status, 200, "the code was not used up");
        let onward = self.stranger.sign_in(&self.sign_in, ALICE, PASSWORD).await;
        assert!(answer_parameter(&onward, "code").is_some(), "the form is still good, and consent is remembered");
        let allowed = self.alice.decide(&self.consent, "allow").await;
        assert!(answer_parameter(&allowed, "code").is_some(), "she is still signed in, and the form still good");
        alexa.link(&self.app.person()).await;
        let answered = self.device.answer(&self.challenge, self.app.clock.now(), "approved").await;
        assert_eq!(answered.json["status"], "approved", "the challenge still waits: {answered:?}");
        assert_eq!(reqwest::get(self.address("/readyz")).await.unwrap().status(), 200);
    }
}

async fn check_answer(what: &str, answer: impl Future<Output = Answer>) {
    let began = Instant::now();
    let answer = answer.await;
    assert!(began.elapsed() < IN_TIME, "{what} after {:?}", began.elapsed());
    assert_eq!(answer.status, 503, "{what}: {}", answer.json);
    assert_eq!(answer.error(), "temporarily_unavailable", "{what}");
    assert!(answer.headers.contains_key("retry-after"), "{what}");
    assert!(!answer.json.to_string().to_lowercase().contains("postgres"), "{what}: {}", answer.json);
}

async fn check_reply(what: &str, reply: impl Future<Output = Reply>) {
    let began = Instant::now();
    let reply = reply.await;
    assert!(began.elapsed() < IN_TIME, "{what} after {:?}", began.elapsed());
    assert_eq!(reply.refusal(), (503, 20503), "{what}");
    assert!(reply.headers.contains_key("retry-after"), "{what}");
    assert!(!reply.text.to_lowercase().contains("postgres"), "{what}: {}", reply.text);
}

async fn check_page(what: &str, page: impl Future<Output = Page>) {
    let began = Instant::now();
    let page = page.await;
    assert!(began.elapsed() < IN_TIME, "{what} after {:?}", began.elapsed());
    assert_eq!(page.status, 503, "{what}: {}", page.body);
    assert!(!page.header("retry-after").is_empty() && page.has("h1"), "{what}: {}", page.body);
}

#[tokio::test]
async fn a_database_that_is_away_costs_no_link_and_comes_back_by_itself() {
    let postgres = PrivatePostgres::start().await;
    let scene = Scene::on(&postgres).await;
    let before = Rows::at(&postgres.url()).await.version().await;
    postgres.stop().await;
    scene.ask_everything().await;
    postgres.start_again().await;
    assert_eq!(Rows::at(&postgres.url()).await.version().await, before, "something was done by halves");
    scene.check_recovery().await;
}

#[tokio::test]
async fn a_database_that_hangs_is_not_waited_for() {
    let postgres = PrivatePostgres::start().await;
    let scene = Scene::on(&postgres).await;
    let before = Rows::at(&postgres.url()).await.version().await;
    let mut holder = PgConnection::connect(&postgres.url()).await.unwrap();
    let lock = "BEGIN; LOCK TABLE clients, users, sign_ins, grants, keys, partners, reverse_links, push_accounts, \
                push_services, push_factors, push_challenges, push_enrolments, _sqlx_migrations IN ACCESS EXCLUSIVE MODE";
    holder.execute(sqlx::raw_sql(lock)).await.unwrap();
    scene.ask_everything().await;
    holder.execute("ROLLBACK").await.unwrap();
    assert_eq!(Rows::at(&postgres.url()).await.version().await, before, "something was done by halves");
    scene.check_recovery().await;
}

#[tokio::test]
async fn thirty_two_refreshes_during_an_outage_are_all_answered_in_time() {
    let postgres = PrivatePostgres::start().await;
    let scene = Scene::on(&postgres).await;
    postgres.stop().await;
    let refreshes = (0..32).map(|_| check_answer("refresh", scene.alexa.refresh(&scene.tokens.refresh)));
    join_all(refreshes).await;
    postgres.start_again().await;
    assert_eq!(scene.alexa.refresh(&scene.tokens.refresh).await.status, 200);
}
