//! Two server processes on one database are one server: what happens in one holds in the other, at once or within a time that
//! `docs/decisions/0007-brakes.md` states.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rstest::rstest;
use serde_json::Value;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, SECRET};
use crate::support::person::{Page, Person};
use crate::support::platform::{Answer, Platform, Tokens};
use crate::support::program::{Program, Running};
use crate::support::stage::Stage;

/// Within this time both sign with a rotated key.
const KEYS: Duration = Duration::from_secs(1);

/// Within this time a limit reached in one holds in the other.
const BRAKES: Duration = Duration::from_secs(2);

/// As many failures shut a brake here.
const LIMIT: usize = 10;

/// Two servers, Alexa at each, and Alice's browser.
struct Two {
    stage: Stage,
    here: Platform,
    there: Platform,
    _second: Running,
}

impl Two {
    /// With hashes that cost little.
    async fn on(backend: Backend) -> Self {
        let program = Program::on(backend).await.with("COUPLET_PASSWORD_MEMORY_KIB", "64");
        let stage = Stage::of(program.with("COUPLET_THROTTLE_SIGN_INS_PER_ADDRESS", "1000/5m")).await;
        let (there, second) = stage.second_server().await;
        Self { here: stage.alexa(), there, stage, _second: second }
    }

    fn run(&self, command: &str) {
        self.stage.program.run(command).done();
    }

    fn add_user(&self, login: &str) {
        self.stage.program.tell(&format!("user add {login} --password-stdin"), PASSWORD).done();
    }

    async fn link(&self) -> Tokens {
        self.here.link(&self.stage.person()).await
    }

    /// What both answer to a refresh.
    async fn refresh(&self, token: &str) -> [Answer; 2] {
        [self.here.refresh(token).await, self.there.refresh(token).await]
    }
}

/// Statuses of two answers.
fn statuses(answers: &[Answer; 2]) -> [u16; 2] {
    [answers[0].status.as_u16(), answers[1].status.as_u16()]
}

fn kid_of(jwt: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode(jwt.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

#[rstest]
#[tokio::test]
async fn a_token_of_a_rotated_key_is_accepted_at_once_and_both_sign_with_it_within_a_second(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let two = Two::on(backend).await;
    two.run("client set alexa --access-token jwt");
    let before = two.link().await;
    // Both have the former key at hand.
    assert!(two.here.is_active(&before.access).await && two.there.is_active(&before.access).await);
    let rotated = two.stage.program.run("keys rotate --json").json()["kid"].as_str().unwrap().to_owned();
    let began = Instant::now();
    let mut first = Tokens::from(&two.here.refresh(&before.refresh).await);
    while kid_of(&first.access) != rotated {
        assert!(began.elapsed() < 5 * KEYS);
        assert!(two.there.is_active(&before.access).await);
        first = Tokens::from(&two.here.refresh(&before.refresh).await);
    }
    assert!(two.there.is_active(&first.access).await, "at once, whatever it signs with itself");
    tokio::time::sleep(KEYS.saturating_sub(began.elapsed())).await;
    for answer in two.refresh(&before.refresh).await {
        assert_eq!(kid_of(&answer.text("access_token")), rotated);
    }
    assert!(two.here.is_active(&before.access).await && two.there.is_active(&before.access).await);
}

#[rstest]
#[tokio::test]
async fn what_the_command_line_does_to_a_client_holds_in_both_at_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let two = Two::on(backend).await;
    let token = two.link().await.refresh;
    assert_eq!(statuses(&two.refresh(&token).await), [200, 200]);
    two.run("client disable alexa");
    assert_eq!(statuses(&two.refresh(&token).await), [401, 401]);
    two.run("client enable alexa");
    assert_eq!(statuses(&two.refresh(&token).await), [200, 200]);
    two.run("client set alexa --grant authorization_code");
    assert_eq!(two.refresh(&token).await.map(|answer| answer.error().to_owned()), ["unauthorized_client"; 2]);
    two.run("client set alexa --grant authorization_code --grant refresh_token");
    assert_eq!(statuses(&two.refresh(&token).await), [200, 200]);
}

#[rstest]
#[tokio::test]
async fn a_new_client_secret_holds_in_both_at_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut two = Two::on(backend).await;
    let token = two.link().await.refresh;
    assert_eq!(statuses(&two.refresh(&token).await), [200, 200]);
    let rotated = two.stage.program.run("client rotate-secret alexa --overlap 0s --json").json();
    assert_eq!(statuses(&two.refresh(&token).await), [401, 401]);
    let secret = rotated["client_secret"].as_str().unwrap();
    for platform in [&mut two.here, &mut two.there] {
        platform.secret = Some(secret.to_owned());
    }
    assert_eq!(statuses(&two.refresh(&token).await), [200, 200]);
}

#[rstest]
#[tokio::test]
async fn what_is_revoked_in_one_is_dead_in_the_other_at_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let two = Two::on(backend).await;
    let tokens = two.link().await;
    assert!(two.there.is_active(&tokens.access).await);
    assert_eq!(two.here.revoke(&tokens.refresh).await.status, 200);
    assert!(!two.there.is_active(&tokens.access).await);
    assert_eq!(two.there.refresh(&tokens.refresh).await.error(), "invalid_grant");
    let tokens = two.link().await;
    assert!(two.here.is_active(&tokens.access).await && two.there.is_active(&tokens.access).await);
    two.run(&format!("user disable {ALICE}"));
    assert!(!two.here.is_active(&tokens.access).await && !two.there.is_active(&tokens.access).await);
    assert_eq!(statuses(&two.refresh(&tokens.refresh).await), [400, 400]);
}

async fn account(person: &Person, server: &str) -> Page {
    person.open(&format!("{server}/account")).await
}

/// Whether a session counts, as each server sees it, also if the browser forgot it.
async fn counts(two: &Two, session: &str) -> [bool; 2] {
    let mut counts = [false; 2];
    for (counts, platform) in counts.iter_mut().zip([&two.here, &two.there]) {
        let request = reqwest::Client::new().get(format!("{}/account", platform.url));
        let page =
            Person::new(&platform.url).send(request.header("Cookie", format!("couplet_session={session}"))).await;
        *counts = page.status == 200 && !page.has("[name=password]");
    }
    counts
}

#[rstest]
#[case::sign_out("")]
#[case::new_password("user set-password Alice --password-stdin")]
#[case::ban("user disable Alice")]
#[tokio::test]
async fn a_session_begins_and_ends_in_both_at_once(#[values(Sqlite, Postgres)] backend: Backend, #[case] end: &str) {
    let two = Two::on(backend).await;
    let person = two.stage.person();
    let csrf = account(&person, &two.here.url).await.value("csrf");
    let form = [("username", ALICE), ("password", PASSWORD), ("csrf", &csrf)];
    let cookie = person.send(person.posting("/sign-in", &form)).await.cookie("couplet_session").unwrap();
    let session = cookie.split(';').next().unwrap();
    assert_eq!(counts(&two, session).await, [true, true]);
    if end.is_empty() {
        let csrf = account(&person, &two.here.url).await.value("csrf");
        person.post("/sign-out", &[("csrf", &csrf)]).await;
    } else {
        two.stage.program.tell(end, "another password").done();
    }
    assert_eq!(counts(&two, session).await, [false, false]);
}

/// Signs in with a new browser; gives the status.
async fn sign_in(server: &str, login: &str, password: &str) -> u16 {
    let person = Person::new(server);
    person.sign_in(&account(&person, server).await, login, password).await.status.as_u16()
}

/// Guesses until the brake is shut.
async fn shut(server: &str, login: &str) -> Instant {
    for _ in 0..LIMIT {
        assert_eq!(sign_in(server, login, "wrong").await, 200);
    }
    Instant::now()
}

/// How long it takes until the right password has to wait at a server.
async fn shut_within(server: &str, login: &str, since: Instant) -> Duration {
    while sign_in(server, login, PASSWORD).await != 429 {
        assert!(since.elapsed() < 5 * BRAKES, "{server} does not learn it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    since.elapsed()
}

#[rstest]
#[tokio::test]
async fn a_brake_shut_in_one_is_shut_in_the_other_within_two_seconds(#[values(Sqlite, Postgres)] backend: Backend) {
    let two = Two::on(backend).await;
    let mut took = Vec::new();
    // A machine that is busy with other things may be late now and then.
    for login in ["Bob", "Carol", "Dave"] {
        two.add_user(login);
        let since = shut(&two.here.url, login).await;
        took.push(shut_within(&two.there.url, login, since).await);
        if took.last().is_some_and(|took| *took < BRAKES) {
            return;
        }
    }
    panic!("{took:?}");
}

#[rstest]
#[tokio::test]
async fn guesses_at_both_add_up(#[values(Sqlite, Postgres)] backend: Backend) {
    let two = Two::on(backend).await;
    for _ in 0..LIMIT / 2 {
        for server in [&two.here.url, &two.there.url] {
            assert_eq!(sign_in(server, ALICE, "wrong").await, 200);
        }
    }
    let since = Instant::now();
    for server in [&two.here.url, &two.there.url] {
        shut_within(server, ALICE, since).await;
    }
}

#[rstest]
#[tokio::test]
async fn a_brake_stays_shut_over_a_restart(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut stage = Stage::of(Program::on(backend).await.with("COUPLET_PASSWORD_MEMORY_KIB", "64")).await;
    shut(&stage.server.url, ALICE).await;
    stage.server.terminate();
    assert_eq!(stage.server.ended().await, Some(0), "{}", stage.server.log());
    stage.server = stage.program.serve("serve").await;
    shut_within(&stage.server.url, ALICE, Instant::now()).await;
}

#[rstest]
#[tokio::test]
async fn the_brake_on_client_secrets_is_one_too(#[values(Sqlite, Postgres)] backend: Backend) {
    let two = Two::on(backend).await;
    let add = "client add --name Weak --client-id weak --redirect-uri https://app.example.com/cb --client-secret-stdin";
    let secret = "a short secret";
    two.stage.program.tell(add, secret).done();
    let token = two.link().await.refresh;
    let weak = |url: &str, secret: &str| Platform::new(url, "weak", Some(secret), "https://app.example.com/cb");
    let guesser = weak(&two.here.url, "wrong");
    for _ in 0..100 {
        assert_eq!(guesser.refresh("made-up").await.status, 401);
    }
    let since = Instant::now();
    let own = weak(&two.there.url, secret);
    while own.refresh("made-up").await.status != 429 {
        assert!(since.elapsed() < 5 * BRAKES);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(statuses(&two.refresh(&token).await), [200, 200], "another client's links do not notice");
    assert_eq!(two.here.secret.as_deref(), Some(SECRET));
}
