//! Codes by text message at a real server process: in `dev`, where a page shows them, and when the process ends.

use std::sync::Arc;

use couplet::app::SystemClock;
use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::messages_api::{ACCOUNT, SERVICE, TEMPLATES, TOKEN, Twilio, digits};
use crate::support::person::{Page, Person};
use crate::support::postgres::free_port;
use crate::support::program::{Program, Running};

async fn step(person: &Person, page: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
    let (request, csrf) = (page.value("request"), page.value("csrf"));
    let form = [&[("request", request.as_str()), ("csrf", &csrf)], fields].concat();
    person.post(path, &form).await
}

/// The code of the latest message on the page of `dev`, once there are so many.
async fn shown_code(person: &Person, server: &Running, count: usize) -> String {
    for _ in 0..200 {
        let page = person.open(&format!("{}/dev/messages", server.url)).await;
        if page.body.matches("class=\"card\"").count() >= count {
            return digits(&page.text(".card p:last-child"));
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no message came: {}", server.log());
}

#[rstest]
#[tokio::test]
async fn in_dev_codes_are_shown_on_a_page_and_work(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = Program::on(backend).await.with("COUPLET_LISTEN", &format!("127.0.0.1:{}", free_port()));
    let server = program.serve("dev").await;
    let new = ("+4915123456789", "/register");
    for (number, (phone, path)) in
        [("+14155550100", "/sign-in/code"), new, ("+14155550100", "/forgot")].iter().enumerate()
    {
        let person = Person::new(&server.url);
        let sign_in = person.post("/dev/link", &[]).await;
        let page = step(&person, &sign_in, path, &[]).await;
        let page = step(&person, &page, path, &[("phone", phone), ("step", "send")]).await;
        let code = shown_code(&person, &server, number + 1).await;
        let fields = [("phone", *phone), ("code", &code), ("password", "battery staple"), ("step", "check")];
        let mut consent = step(&person, &page, path, &fields).await;
        // A busy machine leaves the code as it is.
        for _ in 0..5 {
            if consent.status == 503 {
                consent = step(&person, &page, path, &fields).await;
            }
        }
        let end = person.decide(&consent, "allow").await;
        assert_eq!(end.text("h1"), "The link works", "{} {}", end.body, server.log());
    }
    for header in ["X-Forwarded-For", "Forwarded"] {
        let page = reqwest::Client::new().get(format!("{}/dev/messages", server.url)).header(header, "192.0.2.1");
        assert_eq!(page.send().await.unwrap().status(), 404);
    }
    let forged = reqwest::Client::new().post(format!(
        "{}/dev/twilio/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages.json",
        server.url
    ));
    let forged = forged.form(&[("To", "+14155550100"), ("Body", "forged")]).send().await.unwrap();
    assert_eq!(forged.status(), 401);
}

#[tokio::test]
async fn messages_on_their_way_are_handed_over_before_a_server_ends() {
    let twilio = Twilio::start(Arc::new(SystemClock));
    let program = Program::new()
        .with("COUPLET_SMS_TWILIO_ACCOUNT_SID", ACCOUNT)
        .with("COUPLET_SMS_TWILIO_AUTH_TOKEN", TOKEN)
        .with("COUPLET_SMS_TWILIO_FROM_MESSAGING_SERVICE_SID", SERVICE)
        .with("COUPLET_SMS_TWILIO_TEMPLATES", TEMPLATES)
        .with("COUPLET_SMS_TWILIO_BASE_URL", &twilio.url)
        .set_up_to_serve();
    program.run("user add Bob --phone +14155550100").done();
    let mut server = program.serve("serve").await;
    let person = Person::new(&server.url);
    let page = person.open(&format!("{}/account", server.url)).await;
    let page = step(&person, &page, "/sign-in/code", &[("phone", "+14155550100"), ("step", "send")]).await;
    assert!(page.has("#code"), "{}", page.body);
    server.terminate();
    assert_eq!(server.ended().await, Some(0), "{}", server.log());
    assert_eq!(twilio.sent().len(), 1);
    let log = server.log();
    assert!(!log.contains("4155550100") && !log.contains(&digits(&twilio.sent()[0].body)), "{log}");
}
