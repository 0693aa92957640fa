//! Messages to browsers: what their push service gets, where they never go, what becomes of those that are not taken.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use couplet::app::SystemRandomness;
use couplet::config::Config;
use couplet::model::push::sid::FactorSid;
use couplet::model::time::Clock;
use couplet::push::sender::PushMessage;
use couplet::push::senders::attempt::{Outcome, Way};
use couplet::push::senders::vapid::Vapid;
use couplet::push::senders::web_push::WebPush;
use couplet::push::targets::Targets;
use couplet::rehearse::push_service::Answer;
use rstest::rstest;
use serde_json::{Value, json};

use super::devices::{data_of, device_by, register, registration, until_counted};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::browser_push::BrowserPush;
use crate::support::push::{ALICE, BackEnd, Device};
use crate::support::stand_in::{self, StandIn};

/// A server that may reach a push service on this machine, and that.
async fn stage(backend: Backend) -> (TestApp, BackEnd, BrowserPush) {
    let loopback = |config: &mut Config| config.webhook_networks = vec!["127.0.0.0/8".parse().unwrap()];
    let app = TestApp::with(backend, loopback).await;
    let (back_end, service) = (BackEnd::of(&app).await, BrowserPush::start(app.clock.clone()).await);
    (app, back_end, service)
}

fn answers(statuses: &[u16]) -> Vec<Answer> {
    statuses.iter().map(|status| Answer { status: *status, retry_after: None }).collect()
}

async fn browser(app: &TestApp, back_end: &BackEnd, service: &BrowserPush) -> (Device, Value) {
    let subscription = service.subscribe(None);
    (device_by(app, back_end, "web", &subscription.to_string()).await, subscription)
}

/// What a browser would give, with the address of another service.
fn subscription_at(service: &BrowserPush, endpoint: &str) -> String {
    let mut subscription = service.subscribe(None);
    subscription["endpoint"] = json!(endpoint);
    subscription.to_string()
}

#[tokio::test]
async fn a_registration_that_is_no_subscription_or_leads_inside_is_refused() {
    let app = TestApp::on(Sqlite).await;
    let (back_end, service) = (BackEnd::of(&app).await, BrowserPush::start(app.clock.clone()).await);
    let device = back_end.device(&app, ALICE).await;
    let far = format!("https://push.example.com/{}", "a".repeat(700));
    let wrong = [
        "f".repeat(152),
        "{\"endpoint\":\"https://push.example.com/1\"}    ".to_owned(),
        service.subscribe(None).to_string(),
        subscription_at(&service, &format!("{far}{far}")),
        subscription_at(&service, "http://push.example.com/1"),
        subscription_at(&service, "https://127.0.0.1/1"),
        subscription_at(&service, "https://localhost/1"),
        subscription_at(&service, "https://[::ffff:10.0.0.1]/1"),
        subscription_at(&service, "https://169.254.169.254/latest"),
        subscription_at(&service, "https://me:secret@push.example.com/1"),
        subscription_at(&service, "ftp://push.example.com/1"),
        String::new(),
    ];
    for token in wrong {
        assert_eq!(register(&app, &device, "web", &token).await.refusal(), (400, 60306), "{token}");
        let enrolment = device.enrolment("A browser").replace("Platform=none", "Platform=web");
        let form = format!("{enrolment}&Config.NotificationToken={}", couplet::model::parameters::encode(&token));
        let path = format!("{}/Factors", device.entity);
        assert_eq!(back_end.basic.post_raw(&path, &form).await.refusal(), (400, 60306), "{token}");
    }
    assert_eq!(registration(&back_end, &device).await.0, "none");
    assert_eq!(register(&app, &device, "web", &subscription_at(&service, &far)).await.status, 200);
    let only_platform = |platform| [("Config.NotificationPlatform", platform)];
    let now = app.clock.now();
    assert_eq!(device.at(now).post(&device.path(), &only_platform("fcm")).await.refusal(), (400, 60306));
    assert_eq!(register(&app, &device, "fcm", &"t".repeat(152)).await.status, 200);
    assert_eq!(device.at(now).post(&device.path(), &only_platform("web")).await.refusal(), (400, 60306));
    assert_eq!(device.at(now).post(&device.path(), &only_platform("apn")).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn what_was_allowed_once_is_not_reached_when_it_is_no_more(
    #[values("http://127.0.0.1:PORT/push/1", "http://localhost:PORT/push/1", "http://[::1]:PORT/push/1")]
    endpoint: &str,
) {
    let app = TestApp::on(Sqlite).await;
    let service = BrowserPush::start(app.clock.clone()).await;
    let vapid = Vapid::new(app.app.push.keys.clone(), app.clock.clone(), None);
    let (clock, randomness) = (app.clock.clone(), std::sync::Arc::new(SystemRandomness));
    let way = WebPush::new(Targets::new(Vec::new()), vapid, clock, randomness).unwrap();
    let message = PushMessage {
        challenge: couplet::model::push::sid::ChallengeSid::random(&SystemRandomness),
        factor: FactorSid::random(&SystemRandomness),
        message: "Is it you?".to_owned(),
        ttl: 300,
    };
    let port = service.server.url.rsplit(':').next().unwrap();
    let token = subscription_at(&service, &endpoint.replace("PORT", port));
    let outcome = way.bring(&token, &message, 300).await;
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    assert!(service.came().is_empty());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (app, back_end, inside) = stage(Sqlite).await;
    let to = inside.server.url.clone();
    let outside = StandIn::serving(move |_| stand_in::Answer {
        headers: vec![("Location", format!("{to}/push/1"))],
        ..stand_in::Answer::new(307, "")
    })
    .await;
    let token = subscription_at(&inside, &format!("{}/1", outside.url));
    let device = device_by(&app, &back_end, "web", &token).await;
    back_end.ask(&device, &[]).await;
    until_counted(&app, "web", "refused", 1).await;
    assert!(inside.came().is_empty());
    assert_eq!(registration(&back_end, &device).await.0, "web");
}

#[rstest]
#[tokio::test]
async fn a_browser_is_told_encrypted_and_signed_what_it_is_asked(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, back_end, service) = stage(backend).await;
    let key = app.app.push.vapid_public_key().await.unwrap().unwrap();
    assert_eq!((key.len(), URL_SAFE_NO_PAD.decode(&key).unwrap()[0]), (87, 4));
    let device = device_by(&app, &back_end, "web", &service.subscribe(Some(&key)).to_string()).await;
    let challenge = back_end.ask(&device, &[]).await;
    service.until(1).await;
    let sent = back_end.basic.post(&format!("{challenge}/Notifications"), &[("Ttl", "60")]).await;
    assert_eq!(sent.status, 201);
    let came = service.until(2).await;
    until_counted(&app, "web", "sent", 2).await;
    assert!(service.refused().is_empty(), "{:?}", service.refused());
    let pushed = service.pushed();
    assert_eq!((pushed[0].ttl, pushed[1].ttl), (300, 60));
    for message in &pushed {
        assert_eq!(message.data, data_of(&challenge, &device));
        assert_eq!((message.urgency.as_str(), &message.contact), ("high", &None));
        assert_eq!(message.topic, challenge.rsplit("YC").next().map(str::to_owned), "one takes the other's place");
    }
    let headers = &came[0].1.headers;
    assert!(headers["content-encoding"] == "aes128gcm" && headers["ttl"] == "300", "{headers:?}");
    assert_eq!(headers["authorization"], came[1].1.headers["authorization"], "a token serves for hours");
    assert_ne!(came[0].1.body[..16], came[1].1.body[..16], "each message has its own salt");
    assert_ne!(came[0].1.body[21..86], came[1].1.body[21..86], "each message has its own key");
    let numbers = app.app.metrics.render(app.app.readings());
    assert!(numbers.contains("couplet_push_messages_total{platform=\"web\",result=\"sent\"} 2\n"), "{numbers}");
}

#[tokio::test]
async fn a_new_token_is_signed_before_the_old_one_ends_and_tells_whom_to_turn_to() {
    let change = |config: &mut Config| {
        config.webhook_networks = vec!["127.0.0.0/8".parse().unwrap()];
        config.push.contact = Some("mailto:operator@example.com".to_owned());
    };
    let app = TestApp::with(Sqlite, change).await;
    let (back_end, service) = (BackEnd::of(&app).await, BrowserPush::start(app.clock.clone()).await);
    let (device, _) = browser(&app, &back_end, &service).await;
    for (many, hours) in [(1, 10), (2, 2), (3, 0)] {
        back_end.ask(&device, &[]).await;
        service.until(many).await;
        app.clock.advance(Duration::from_secs(hours * 3600));
    }
    let tokens: Vec<_> = service.came().iter().map(|(_, came)| came.headers["authorization"].clone()).collect();
    assert!(tokens[0] == tokens[1] && tokens[1] != tokens[2]);
    until_counted(&app, "web", "sent", 3).await;
    assert!(service.pushed().iter().all(|pushed| pushed.contact.as_deref() == Some("mailto:operator@example.com")));
}

#[tokio::test]
async fn after_a_step_back_of_the_clock_no_token_lives_longer_than_push_services_allow() {
    let (app, back_end, service) = stage(Sqlite).await;
    let (device, _) = browser(&app, &back_end, &service).await;
    back_end.ask(&device, &[]).await;
    service.until(1).await;
    app.clock.step_back(Duration::from_secs(13 * 3600));
    back_end.ask(&device, &[]).await;
    service.until(2).await;
    until_counted(&app, "web", "sent", 2).await;
    assert!(service.refused().is_empty(), "{:?}", service.refused());
}

#[rstest]
#[tokio::test]
async fn a_browser_that_is_gone_is_forgotten_and_its_factor_polls(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(404, 410)] status: u16,
) {
    let (app, back_end, service) = stage(backend).await;
    let (device, subscription) = browser(&app, &back_end, &service).await;
    match status {
        410 => service.unsubscribe(&subscription),
        status => service.answer_next(answers(&[status])),
    }
    let challenge = back_end.ask(&device, &[]).await;
    until_counted(&app, "web", "gone", 1).await;
    assert_eq!(registration(&back_end, &device).await, ("none".to_owned(), Value::Null));
    device.answer(&challenge, app.clock.now(), "approved").await;
    assert_eq!(back_end.status(&challenge).await, "approved");
    back_end.ask(&device, &[]).await;
    assert_eq!(service.calls(), 1);
}

#[rstest]
#[tokio::test]
async fn a_token_that_came_meanwhile_is_left_alone(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, back_end, service) = stage(backend).await;
    let (device, old) = browser(&app, &back_end, &service).await;
    service.unsubscribe(&old);
    service.server.hold(true);
    back_end.ask(&device, &[]).await;
    service.until(1).await;
    let new = service.subscribe(None);
    assert_eq!(register(&app, &device, "web", &new.to_string()).await.status, 200);
    service.server.hold(false);
    until_counted(&app, "web", "gone", 1).await;
    assert_eq!(registration(&back_end, &device).await, ("web".to_owned(), json!(new.to_string())));
}

#[rstest]
#[case(400)]
#[case(401)]
#[case(403)]
#[case(413)]
#[tokio::test]
async fn a_refusal_is_not_tried_again_and_forgets_nobody(#[case] status: u16) {
    let (app, back_end, service) = stage(Sqlite).await;
    let (device, _) = browser(&app, &back_end, &service).await;
    service.answer_next(answers(&[status]));
    back_end.ask(&device, &[]).await;
    until_counted(&app, "web", "refused", 1).await;
    assert_eq!((service.calls(), registration(&back_end, &device).await.0.as_str()), (1, "web"));
}

#[tokio::test]
async fn what_is_not_taken_yet_comes_again_when_the_service_wants_it() {
    let (app, back_end, service) = stage(Sqlite).await;
    let (device, _) = browser(&app, &back_end, &service).await;
    service.answer_next([Answer { status: 503, retry_after: None }, Answer { status: 429, retry_after: Some(3) }]);
    back_end.ask(&device, &[]).await;
    let came = service.until(3).await;
    assert!(came[1].0 - came[0].0 >= Duration::from_secs(1) && came[2].0 - came[1].0 >= Duration::from_secs(3));
    until_counted(&app, "web", "sent", 1).await;
    assert!(service.pushed()[0].ttl < 300, "it is worth bringing for less time");
    assert_eq!(service.calls(), 3);
}

#[tokio::test]
async fn a_service_that_can_not_be_reached_is_tried_again() {
    let (app, back_end, service) = stage(Sqlite).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let token = subscription_at(&service, &format!("http://{}/1", taken.local_addr().unwrap()));
    drop(taken);
    let device = device_by(&app, &back_end, "web", &token).await;
    let challenge = back_end.ask(&device, &[]).await;
    back_end.basic.post(&format!("{challenge}/Notifications"), &[("Ttl", "2")]).await;
    until_counted(&app, "web", "lost", 1).await;
    assert_eq!(registration(&back_end, &device).await.0, "web", "an absence is no death");
}

#[tokio::test]
async fn what_is_over_is_given_up() {
    let (app, back_end, service) = stage(Sqlite).await;
    let (device, _) = browser(&app, &back_end, &service).await;
    service
        .answer_next([Answer { status: 503, retry_after: Some(1000) }, Answer { status: 429, retry_after: Some(3) }]);
    let challenge = back_end.ask(&device, &[]).await;
    until_counted(&app, "web", "lost", 1).await;
    back_end.basic.post(&format!("{challenge}/Notifications"), &[("Ttl", "3")]).await;
    until_counted(&app, "web", "lost", 2).await;
    assert_eq!(service.calls(), 2, "no try begins after its time");
}

#[tokio::test]
async fn a_service_that_hangs_holds_up_neither_challenges_nor_others() {
    let (app, back_end, hanging) = stage(Sqlite).await;
    let good = BrowserPush::start(app.clock.clone()).await;
    hanging.server.hold(true);
    let mut held_up = Vec::new();
    for _ in 0..5 {
        held_up.push(browser(&app, &back_end, &hanging).await.0);
    }
    let (other, _) = browser(&app, &back_end, &good).await;
    let asking = async {
        for number in 0..40 {
            back_end.ask(&held_up[number % 5], &[]).await;
        }
        back_end.ask(&other, &[]).await
    };
    tokio::time::timeout(Duration::from_secs(9), asking).await.expect("nobody waits for the service");
    good.until(1).await;
    assert!(hanging.came().len() <= 32, "the others wait for their turn");
    tokio::time::timeout(Duration::from_millis(200), app.app.push.sender.ended()).await.unwrap_err();
    hanging.server.hold(false);
    tokio::time::timeout(Duration::from_secs(20), app.app.push.sender.ended()).await.expect("it ends by itself");
    assert!(hanging.came().len() <= 32, "what waits for its turn at the stop is not begun");
}

#[tokio::test]
async fn one_device_that_is_asked_all_the_time_leaves_the_places_to_others() {
    let (app, back_end, hanging) = stage(Sqlite).await;
    hanging.server.hold(true);
    let (asked_much, _) = browser(&app, &back_end, &hanging).await;
    for _ in 0..12 {
        back_end.ask(&asked_much, &[]).await;
    }
    until_counted(&app, "web", "lost", 4).await;
    hanging.server.hold(false);
}

#[tokio::test]
async fn at_the_stop_what_waits_for_another_try_is_given_up() {
    let (app, back_end, service) = stage(Sqlite).await;
    let (device, _) = browser(&app, &back_end, &service).await;
    service.answer_next([Answer { status: 503, retry_after: Some(200) }]);
    back_end.ask(&device, &[]).await;
    service.until(1).await;
    tokio::time::timeout(Duration::from_secs(20), app.app.push.sender.ended()).await.expect("nothing is waited for");
    assert_eq!(service.calls(), 1);
    until_counted(&app, "web", "lost", 1).await;
}

#[tokio::test]
async fn where_messages_to_browsers_are_switched_off_there_is_no_key_and_nothing_is_sent() {
    let change = |config: &mut Config| {
        config.webhook_networks = vec!["127.0.0.0/8".parse().unwrap()];
        config.push.web_push = false;
    };
    let app = TestApp::with(Sqlite, change).await;
    let (back_end, service) = (BackEnd::of(&app).await, BrowserPush::start(app.clock.clone()).await);
    let (device, _) = browser(&app, &back_end, &service).await;
    back_end.ask(&device, &[]).await;
    assert_eq!(app.app.push.vapid_public_key().await.unwrap(), None);
    app.app.push.sender.ended().await;
    assert_eq!(service.calls(), 0);
}

#[rstest]
#[tokio::test]
async fn all_who_make_the_key_pair_at_once_end_with_the_same(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let push = &app.app.push;
    let told = futures_util::future::join_all((0..16).map(|_| push.vapid_public_key())).await;
    let first = push.vapid_public_key().await.unwrap();
    assert!(told.into_iter().all(|key| key.unwrap() == first));
}
