//! Whoever guesses shuts strangers out, and never the owner for good: a browser that knows the account has a door of its own,
//! and so has a network from which nobody guessed.

use couplet::config::Config;
use rstest::rstest;

use super::scene::{account, signed_in, stage, submit};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, TestApp};
use crate::support::person::{Page, Person};

/// The limit of the default configuration.
const LIMIT: usize = 10;

fn behind_a_proxy(config: &mut Config) {
    config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
}

async fn guess(person: &Person, username: &str) -> Page {
    person.sign_in(&account(person).await, username, "wrong").await
}

/// A stranger guesses until the door is shut.
async fn shut(app: &TestApp, username: &str) {
    let stranger = app.person();
    for _ in 0..=LIMIT {
        if guess(&stranger, username).await.status == 429 {
            return;
        }
    }
    panic!("{LIMIT} guesses were borne");
}

/// A browser that has signed in before and signed out again.
async fn known(app: &TestApp) -> Person {
    let owner = signed_in(app, ALICE).await;
    owner.post("/sign-out", &[("csrf", &account(&owner).await.value("csrf"))]).await;
    owner
}

/// Signs in from an address behind the proxy.
async fn sign_in_from(app: &TestApp, address: &str, password: &str) -> Page {
    let person = app.person();
    let csrf = account(&person).await.value("csrf");
    let form = [("username", ALICE), ("password", password), ("csrf", &csrf)];
    person.send(person.posting("/sign-in", &form).header("X-Forwarded-For", address)).await
}

/// The device cookie that an answer sets.
fn device(page: &Page) -> String {
    page.cookie("couplet_device").expect("a device cookie is set").split(';').next().unwrap().to_owned()
}

/// Posts the sign-in form with this device cookie and no other trace.
async fn sign_in_with(app: &TestApp, device: &str, username: &str, password: &str) -> Page {
    let page = account(&app.person()).await;
    let form_cookie = page.cookie("couplet_form").unwrap().split(';').next().unwrap().to_owned();
    let form = [("username", username), ("password", password), ("csrf", &page.value("csrf"))];
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = http.post(format!("{}/sign-in", app.url)).form(&form);
    let cookies = format!("couplet_form={form_cookie}; couplet_device={device}");
    app.person().send(request.header("Cookie", cookies)).await
}

#[rstest]
#[tokio::test]
async fn a_browser_that_knows_the_account_gets_in_while_strangers_guess(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let owner = known(&app).await;
    shut(&app, ALICE).await;
    let stranger = app.person();
    assert_eq!(submit(&stranger, &account(&stranger).await, ALICE, PASSWORD).await.status, 429);
    assert_eq!(guess(&owner, ALICE).await.status, 200, "she may mistype");
    let page = owner.sign_in(&account(&owner).await, "alice", PASSWORD).await;
    assert!(page.text("dl").contains(ALICE), "{}", page.body);
}

#[tokio::test]
async fn it_gets_in_also_when_its_address_has_to_wait() {
    let app = stage(Sqlite).await;
    let owner = known(&app).await;
    let stranger = app.person();
    let page = account(&stranger).await;
    for number in 0..100 {
        assert_eq!(stranger.sign_in(&page, &format!("name{number}"), "wrong").await.status, 200);
    }
    assert_eq!(stranger.sign_in(&page, "another", "wrong").await.status, 429);
    let page = owner.sign_in(&account(&owner).await, ALICE, PASSWORD).await;
    assert!(page.text("dl").contains(ALICE), "{}", page.body);
}

#[tokio::test]
async fn a_stolen_device_cookie_gives_no_access_and_few_guesses() {
    let app = stage(Sqlite).await;
    let owner = app.person();
    let stolen = device(&submit(&owner, &account(&owner).await, ALICE, PASSWORD).await);
    let request = reqwest::Client::new().get(format!("{}/account", app.url));
    let page = app.person().send(request.header("Cookie", format!("couplet_device={stolen}"))).await;
    assert!(page.has("[name=password]"));
    shut(&app, ALICE).await;
    for _ in 0..LIMIT {
        assert_eq!(sign_in_with(&app, &stolen, ALICE, "wrong").await.status, 200);
    }
    for password in ["wrong", PASSWORD] {
        assert_eq!(sign_in_with(&app, &stolen, ALICE, password).await.status, 429);
    }
}

#[tokio::test]
async fn a_device_cookie_of_another_account_or_a_made_up_one_opens_nothing() {
    let app = stage(Sqlite).await;
    app.add_user("Mallory").await;
    let mallory = app.person();
    let own = device(&submit(&mallory, &account(&mallory).await, "Mallory", PASSWORD).await);
    shut(&app, ALICE).await;
    let changed = format!("{}A{}", &own[..30], &own[31..]);
    for made_up in [own.as_str(), &changed, &own[..22], "", "A", &"A".repeat(4000), "%00", "\"'--"] {
        assert_eq!(sign_in_with(&app, made_up, ALICE, PASSWORD).await.status, 429, "{made_up}");
    }
    assert_eq!(sign_in_with(&app, &own, "Mallory", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a_family_s_tablet_knows_all_of_them() {
    let app = stage(Sqlite).await;
    app.add_user("Bob").await;
    let tablet = known(&app).await;
    for _ in 0..2 {
        let page = tablet.sign_in(&account(&tablet).await, "Bob", PASSWORD).await;
        tablet.post("/sign-out", &[("csrf", &page.value("csrf"))]).await;
    }
    shut(&app, ALICE).await;
    shut(&app, "Bob").await;
    for login in [ALICE, "Bob"] {
        let page = tablet.sign_in(&account(&tablet).await, login, PASSWORD).await;
        assert!(page.text("dl").contains(login), "{}", page.body);
        tablet.post("/sign-out", &[("csrf", &page.value("csrf"))]).await;
    }
}

#[tokio::test]
async fn a_new_browser_gets_in_from_a_network_where_nobody_guessed() {
    let app = TestApp::with(Sqlite, behind_a_proxy).await.with_alice().await;
    for _ in 0..LIMIT {
        assert_eq!(sign_in_from(&app, "203.0.113.7", "wrong").await.status, 200);
    }
    assert_eq!(sign_in_from(&app, "203.0.113.7", PASSWORD).await.status, 429);
    assert_eq!(sign_in_from(&app, "203.0.113.8", PASSWORD).await.status, 429, "a neighbour of the guesser");
    assert_eq!(sign_in_from(&app, "198.51.100.7", PASSWORD).await.status, 303);
    assert_eq!(sign_in_from(&app, "192.0.2.7", "wrong").await.status, 200);
    assert_eq!(sign_in_from(&app, "192.0.2.7", PASSWORD).await.status, 429, "one try within the window");
}

#[tokio::test]
async fn many_networks_may_guess_little_faster_than_one() {
    let app = TestApp::with(Sqlite, behind_a_proxy).await.with_alice().await;
    let mut looked_at = 0;
    for number in 0..100 {
        let page = sign_in_from(&app, &format!("10.0.{number}.1"), "wrong").await;
        looked_at += usize::from(page.status == 200);
    }
    assert_eq!(looked_at, 4 * LIMIT);
}

#[rstest]
#[tokio::test]
async fn while_every_door_is_shut_links_are_refreshed_and_codes_redeemed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let alexa = app.alexa();
    let owner = known(&app).await;
    let (tokens, code) = (alexa.link(&app.person()).await, alexa.code_from(&app.person()).await);
    for _ in 0..LIMIT {
        guess(&owner, ALICE).await;
    }
    shut(&app, ALICE).await;
    let stranger = app.person();
    let page = account(&stranger).await;
    while stranger.sign_in(&page, "Nobody else", "wrong").await.status == 200 {}
    assert_eq!(alexa.refresh(&tokens.refresh).await.status, 200);
    assert_eq!(alexa.exchange(&code, &[]).await.status, 200);
}
