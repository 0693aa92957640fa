//! What opens a door at Google, Apple or a browser's push service is not in the log of a server that tells everything.

use std::sync::Arc;

use couplet::app::SystemClock;
use couplet::config::Config;
use rstest::rstest;

use super::devices::device_by;
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::apple::{Apple, KEY_ID, TEAM_ID, TOPIC};
use crate::support::browser_push::BrowserPush;
use crate::support::firebase::Firebase;
use crate::support::program::Program;
use crate::support::push::BackEnd;

/// A program that sends by all of them.
fn program_by(app: &TestApp, firebase: &Firebase, apple: &Apple) -> Program {
    let program = Program::new().with("DATABASE_URL", &app.database.url).with("RUST_LOG", "trace").set_up_to_serve();
    program.write("firebase.json", &firebase.account().to_string());
    program.write("AuthKey.p8", &apple.key_file());
    program
        .with("COUPLET_PUSH_WEBHOOK_NETWORKS", "127.0.0.0/8")
        .with("COUPLET_PUSH_FCM_SERVICE_ACCOUNT_FILE", "firebase.json")
        .with("COUPLET_PUSH_FCM_BASE_URL", &firebase.server.url)
        .with("COUPLET_PUSH_APNS_KEY_FILE", "AuthKey.p8")
        .with("COUPLET_PUSH_APNS_KEY_ID", KEY_ID)
        .with("COUPLET_PUSH_APNS_TEAM_ID", TEAM_ID)
        .with("COUPLET_PUSH_APNS_TOPIC", TOPIC)
        .with("COUPLET_PUSH_APNS_BASE_URL", &apple.url)
}

#[rstest]
#[tokio::test]
async fn no_token_key_or_address_of_a_push_service_is_in_the_log(#[values(Sqlite, Postgres)] backend: Backend) {
    let loopback = |config: &mut Config| config.webhook_networks = vec!["127.0.0.0/8".parse().unwrap()];
    let app = TestApp::with(backend, loopback).await;
    let (firebase, apple) = (Firebase::start(Arc::new(SystemClock)).await, Apple::start(Arc::new(SystemClock)).await);
    let service = BrowserPush::start(Arc::new(SystemClock)).await;
    let mut back_end = BackEnd::of(&app).await;
    let subscription = service.subscribe(None);
    let (android, iphone) = (format!("android-{}", "a7".repeat(70)), "1f".repeat(32));
    let tokens = [("fcm", &*android), ("apn", &*iphone), ("web", &*subscription.to_string())];
    let mut devices = Vec::new();
    for (platform, token) in tokens {
        devices.push(device_by(&app, &back_end, platform, token).await);
    }
    let program = program_by(&app, &firebase, &apple);
    let mut server = program.serve("serve").await;
    back_end.basic.url = server.url.clone();
    for device in &devices {
        back_end.ask(device, &[]).await;
    }
    let (came, _, _) = (service.until(1).await, firebase.until(1).await, apple.until(1).await);
    let vapid = came[0].1.header("authorization").unwrap().split(['=', ',']).nth(1).unwrap().to_owned();
    assert!(service.refused().is_empty(), "{:?}", service.refused());
    server.terminate();
    assert_eq!(server.ended().await, Some(0));
    let log = server.log();
    assert_eq!(log.matches("push message handed over").count(), 3, "{log}");
    let path = subscription["endpoint"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let (auth, account) = (subscription["keys"]["auth"].as_str().unwrap().to_owned(), firebase.account());
    let lines = |pem: &str| pem.lines().filter(|line| line.len() > 40).map(str::to_owned).collect::<Vec<_>>();
    let secrets = [vec![vapid, path, auth, android, iphone, "ya29.".to_owned()], apple.tokens()].concat();
    let keys = [lines(account["private_key"].as_str().unwrap()), lines(&apple.key_file())].concat();
    assert!(secrets.len() == 7 && keys.len() > 20);
    for secret in secrets.iter().chain(&keys) {
        assert!(!log.contains(secret.as_str()), "{secret} is in the log, after {:?}", before(&log, secret));
    }
}

fn before<'a>(log: &'a str, secret: &str) -> &'a str {
    let end = log.find(secret).unwrap_or_default();
    log.get(end.saturating_sub(300)..end).unwrap_or_default()
}
