//! Push messages to a browser at a real server process: in `dev`, where a page shows them, and when the process ends.

use std::sync::Arc;

use couplet::app::{SystemClock, SystemRandomness};
use couplet::config::Config;
use couplet::model::time::Clock;
use couplet::rehearse::push_service::PushService;
use rstest::rstest;

use crate::push::devices::device_by;
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::browser_push::BrowserPush;
use crate::support::postgres::free_port;
use crate::support::program::Program;
use crate::support::push::{ALICE, BackEnd, Basic, Device};

#[rstest]
#[tokio::test]
async fn in_dev_messages_to_browsers_are_shown_on_a_page_that_leads_to_the_answer(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let program = Program::on(backend).await.with("COUPLET_LISTEN", &format!("127.0.0.1:{}", free_port()));
    let server = program.serve("dev").await;
    let page = |path: &str| reqwest::get(format!("{}{path}", server.url));
    assert!(page("/dev/pushes").await.unwrap().text().await.unwrap().contains("None yet"));
    let account = program.run("push account add --json").json();
    let basic =
        Basic::new(&server.url, account["account_sid"].as_str().unwrap(), account["auth_token"].as_str().unwrap());
    let service = basic.post("/v2/Services", &[("FriendlyName", "Owl Bank")]).await.made();
    let back_end = BackEnd { basic, service: format!("/v2/Services/{service}") };
    // A subscription is its address, so any program that knows where the service is can make one.
    let url = format!("{}/dev/push", server.url).parse().unwrap();
    let service = PushService::new(url, Arc::new(SystemClock), Arc::new(SystemRandomness));
    let token = service.subscribe(None).to_string();
    let mut device = Device::new(&server.url, &back_end.entity(ALICE));
    device.enrol(&back_end.access_token(ALICE).await).await.made();
    assert_eq!(device.verify(SystemClock.now()).await.json["status"], "verified");
    let form = [("Config.NotificationPlatform", "web"), ("Config.NotificationToken", &*token)];
    assert_eq!(device.at(SystemClock.now()).post(&device.path(), &form).await.status, 200);
    let challenge = back_end.ask(&device, &[]).await;
    let link = format!("/approve?challenge={}", challenge.rsplit('/').next().unwrap());
    let mut shown = String::new();
    for _ in 0..200 {
        shown = page("/dev/pushes").await.unwrap().text().await.unwrap();
        if shown.contains("Is it you?") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(shown.contains("Is it you?") && shown.contains(&link), "{shown} {}", server.log());
    let endpoint = token.split('"').find(|text| text.starts_with("http")).unwrap();
    for (address, status) in [(endpoint.to_owned(), 401), (format!("{endpoint}x"), 404)] {
        assert_eq!(reqwest::Client::new().post(address).send().await.unwrap().status(), status);
    }
    let from_afar = reqwest::Client::new().get(format!("{}/dev/pushes", server.url)).header("Forwarded", "192.0.2.1");
    assert_eq!(from_afar.send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_message_under_way_is_handed_over_before_a_server_ends() {
    let loopback = |config: &mut Config| config.webhook_networks = vec!["127.0.0.0/8".parse().unwrap()];
    let app = TestApp::with(Sqlite, loopback).await;
    let (mut back_end, service) = (BackEnd::of(&app).await, BrowserPush::start(Arc::new(SystemClock)).await);
    let device = device_by(&app, &back_end, "web", &service.subscribe(None).to_string()).await;
    let program = Program::new().with("DATABASE_URL", &app.database.url).set_up_to_serve();
    let program = program.with("COUPLET_PUSH_WEBHOOK_NETWORKS", "127.0.0.0/8");
    let mut server = program.serve("serve").await;
    back_end.basic.url = server.url.clone();
    service.server.hold(true);
    back_end.ask(&device, &[]).await;
    service.until(1).await;
    server.terminate();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    service.server.hold(false);
    assert_eq!(server.ended().await, Some(0));
    assert!(server.log().contains("push message handed over"), "{}", server.log());
}
