//! Codes that open nothing, and pages that are not there.

use std::time::Duration;

use rstest::rstest;

use super::{ALICES, FORGOT, NEW, NOBODYS, REGISTER, SIGN_IN, Scene, ask, other_than, show, show_with, step};
use crate::pages::scene::account;
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::person::{Page, Person};

#[track_caller]
fn assert_told(page: &Page, words: &str) {
    assert_eq!(page.status, 200);
    assert!(page.text("[role=alert]").starts_with(words), "{} {}", page.text("[role=alert]"), page.body);
    assert!(page.cookie("couplet_session").is_none());
}

async fn is_out(person: &Person) -> bool {
    account(person).await.has("input[name=password]")
}

#[rstest]
#[tokio::test]
async fn a_wrong_code_is_told_and_ten_of_them_end_the_code(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(SIGN_IN, REGISTER, FORGOT)] path: &str,
) {
    let scene = Scene::on(backend).await;
    let person = scene.app.person();
    let page = scene.asked(&person, path, ALICES).await;
    let code = scene.twilio.code(1).await;
    for _ in 0..10 {
        assert_told(&show(&person, &page, path, &other_than(&code)).await, "That code is not right.");
    }
    assert_told(&show(&person, &page, path, &code).await, "There were too many wrong codes.");
    assert!(is_out(&person).await);
}

#[rstest]
#[tokio::test]
async fn a_code_works_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let person = scene.app.person();
    let page = scene.asked(&person, SIGN_IN, ALICES).await;
    let code = scene.twilio.code(1).await;
    // The browser's secret changes at a sign-in, so the replay is sent with the former cookie.
    let form_cookie = format!("couplet_form={}", cookie(&person).await);
    let form = [
        ("request", &*page.value("request")),
        ("csrf", &page.value("csrf")),
        ("phone", ALICES),
        ("code", &code),
        ("step", "check"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut statuses = Vec::new();
    for _ in 0..2 {
        let request = http.post(format!("{}{SIGN_IN}", scene.app.url)).header("Cookie", &form_cookie).form(&form);
        statuses.push(request.send().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [303, 200]);
}

/// The browser's form cookie, as a page in a fresh browser would set it: read from what the browser sends.
async fn cookie(person: &Person) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 8192];
        let read = stream.read(&mut head).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await.unwrap();
        String::from_utf8_lossy(&head[..read]).into_owned()
    });
    // Cookies know no ports.
    person.open(&format!("http://127.0.0.1:{port}/")).await;
    let head = seen.await.unwrap();
    let (_, rest) = head.split_once("couplet_form=").unwrap();
    rest.split([';', '\r']).next().unwrap().to_owned()
}

#[rstest]
#[tokio::test]
async fn a_code_is_too_old_after_ten_minutes(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let person = scene.app.person();
    let page = scene.asked(&person, SIGN_IN, ALICES).await;
    let code = scene.twilio.code(1).await;
    scene.app.clock.advance(Duration::from_secs(600));
    assert_told(&show(&person, &page, SIGN_IN, &code).await, "That code is too old.");
}

#[rstest]
#[tokio::test]
async fn a_code_is_for_one_browser_one_use_and_one_number(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let bob = "+14155550101";
    scene.add("Bob", bob).await;
    let (person, thief) = (scene.app.person(), scene.app.person());
    let page = scene.asked(&person, SIGN_IN, ALICES).await;
    let code = scene.twilio.code(1).await;
    let elsewhere = scene.asked(&thief, FORGOT, NOBODYS).await;
    let tried = [("phone", ALICES), ("code", &*code), ("password", NEW), ("step", "check")];
    assert_told(&step(&thief, &elsewhere, SIGN_IN, &tried).await, "That code was used, or another one was sent.");
    assert_told(&step(&person, &page, FORGOT, &tried).await, "That code was used, or another one was sent.");
    let for_bob = [("phone", bob), ("code", &*code), ("step", "check")];
    assert_told(&step(&person, &page, SIGN_IN, &for_bob).await, "The last code was for another number.");
    assert!(show(&person, &page, SIGN_IN, &code).await.has("button[name=decision]"), "and for that one it works");
}

#[rstest]
#[tokio::test]
async fn a_short_password_leaves_the_code_as_it_is(#[values(REGISTER, FORGOT)] path: &str) {
    let scene = Scene::on(Sqlite).await;
    let person = scene.app.person();
    let page = scene.asked(&person, path, ALICES).await;
    let code = scene.twilio.code(1).await;
    let short = show_with(&person, &page, path, &code, "1234567").await;
    assert_told(&short, "Choose a password of at least 8 characters.");
    assert!(short.attribute("#password", "aria-describedby").contains("problem"));
    assert!(show(&person, &page, path, &code).await.has("button[name=decision]"));
}

#[rstest]
#[case("")]
#[case("415 555 0100")]
#[case("alice@example.com")]
#[case("+1 415")]
#[case("\"><script>")]
#[tokio::test]
async fn what_is_no_number_is_told_and_kept(#[case] typed: &str) {
    let scene = Scene::on(Sqlite).await;
    let person = scene.app.person();
    let page = scene.asked(&person, SIGN_IN, typed).await;
    assert_told(&page, "That is no phone number.");
    assert_eq!(page.value("phone"), typed);
    assert_eq!(scene.twilio.calls(), 0);
}

#[rstest]
#[tokio::test]
async fn a_form_that_is_not_of_our_page_sends_nothing(#[values(SIGN_IN, REGISTER, FORGOT)] path: &str) {
    let scene = Scene::on(Sqlite).await;
    let person = scene.app.person();
    scene.linking(&person).await;
    let page = person.post(path, &[("phone", ALICES), ("step", "send"), ("csrf", "forged")]).await;
    assert_eq!(page.status, 403);
    let stranger = person.posting(path, &[("phone", ALICES), ("step", "send"), ("csrf", &page.value("csrf"))]);
    let page = person.send(stranger.header("Sec-Fetch-Site", "cross-site")).await;
    assert_eq!(page.status, 403);
    assert_eq!(scene.twilio.calls(), 0);
}

#[rstest]
#[case::no_connector(false, SIGN_IN)]
#[case::no_connector(false, REGISTER)]
#[case::no_connector(false, FORGOT)]
#[case::switched_off(true, SIGN_IN)]
#[case::switched_off(true, REGISTER)]
#[case::switched_off(true, FORGOT)]
#[tokio::test]
async fn what_is_switched_off_is_not_there(#[case] connected: bool, #[case] path: &str) {
    let scene = Scene::with(Sqlite, |config| match (connected, path) {
        (false, _) => config.sms.twilio = None,
        (true, SIGN_IN) => config.sms.sign_in = false,
        (true, REGISTER) => config.sms.register = false,
        (true, _) => config.sms.forgot = false,
    })
    .await;
    let person = scene.app.person();
    let page = scene.linking(&person).await;
    assert!(!page.has(&format!("[action=\"{path}\"]")) && !page.has(&format!("a[href^=\"{path}\"]")));
    assert_eq!(person.open(&format!("{}{path}", scene.app.url)).await.status, 404);
    assert_eq!(ask(&person, &page, path, ALICES).await.status, 404);
    assert_eq!(scene.twilio.calls(), 0);
}

#[tokio::test]
async fn who_registers_is_told_when_the_number_gets_no_messages() {
    let scene = Scene::on(Sqlite).await;
    let person = scene.app.person();
    for (number, words) in [
        ("+15005550001", "We can’t send text messages to that number."),
        ("+15005550003", "We can’t send text messages to that country."),
        ("+15005550004", "This number has asked us for no more messages."),
        ("+15005550009", "We can’t send text messages to that number."),
    ] {
        assert_told(&scene.asked(&person, REGISTER, number).await, words);
    }
}

#[tokio::test]
async fn a_request_that_can_not_be_trusted_is_refused_on_every_page() {
    let scene = Scene::on(Sqlite).await;
    let person = scene.app.person();
    let page = person.open(&format!("{}{REGISTER}?client_id=nobody&response_type=code", scene.app.url)).await;
    assert_eq!(page.status, 400);
    let first = account(&person).await;
    let form = [("request", "client_id=nobody"), ("csrf", &first.value("csrf")), ("phone", ALICES), ("step", "send")];
    assert_eq!(person.post(SIGN_IN, &form).await.status, 400);
    assert_eq!(scene.twilio.calls(), 0);
}

#[tokio::test]
async fn without_text_messages_the_sign_in_page_is_as_it_was() {
    let app = TestApp::on(Sqlite).await.with_alice().await;
    let page = account(&app.person()).await;
    assert!(!page.has("main a") && !page.has(".beside"));
}
