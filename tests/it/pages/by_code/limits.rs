//! Each message costs money: how many go out is limited by number, by address and by country; and guessing has an end.

use std::time::Duration;

use couplet::config::Rate;
use rstest::rstest;

use super::{ALICES, FORGOT, NOBODYS, REGISTER, SIGN_IN, Scene, ask, other_than, show, step};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::person::Page;

fn few(count: u32) -> Option<Rate> {
    Some(Rate { count, per: Duration::from_secs(3600) })
}

#[track_caller]
fn assert_waits(page: &Page, most: u64) {
    assert_eq!(page.status, 429, "{}", page.body);
    assert!(page.text("[role=alert]").starts_with("Too many attempts. Please wait"));
    let wait: u64 = page.header("retry-after").parse().unwrap();
    assert!((1..=most + 1).contains(&wait), "{wait}");
}

#[rstest]
#[tokio::test]
async fn one_number_gets_ten_messages_in_ten_minutes(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let person = scene.app.person();
    let page = scene.asked(&person, SIGN_IN, ALICES).await;
    for number in 0..9 {
        let path = [SIGN_IN, REGISTER, FORGOT][number % 3];
        assert_eq!(ask(&person, &page, path, ALICES).await.status, 200);
    }
    let other = scene.app.person();
    assert_waits(&scene.asked(&other, SIGN_IN, ALICES).await, 600);
    assert_waits(&ask(&person, &page, FORGOT, "+1 (415) 555 0100").await, 600);
    assert_eq!(scene.twilio.until_sent(10).await.len(), 10);
    assert_eq!(ask(&person, &page, SIGN_IN, NOBODYS).await.status, 200, "another number is not affected");
}

#[tokio::test]
async fn one_address_asks_for_so_many_messages_whatever_the_numbers() {
    let scene = Scene::with(Sqlite, |config| config.sms.limits.per_address = few(3)).await;
    let person = scene.app.person();
    let page = scene.asked(&person, REGISTER, "+4915123456780").await;
    for last in 1..3 {
        assert_eq!(ask(&person, &page, REGISTER, &format!("+491512345678{last}")).await.status, 200);
    }
    assert_waits(&ask(&person, &page, REGISTER, ALICES).await, 3600);
    assert_eq!(scene.twilio.until_sent(3).await.len(), 3);
}

#[tokio::test]
async fn one_country_gets_so_many_messages_and_others_still_do() {
    let scene = Scene::with(Sqlite, |config| config.sms.limits.per_country = few(2)).await;
    let person = scene.app.person();
    let page = scene.asked(&person, REGISTER, "+4915123456780").await;
    assert_eq!(ask(&person, &page, REGISTER, "+493012345678").await.status, 200);
    assert_waits(&ask(&person, &page, REGISTER, NOBODYS).await, 3600);
    assert_eq!(ask(&person, &page, REGISTER, ALICES).await.status, 200);
}

#[tokio::test]
async fn a_message_that_one_limit_refuses_does_not_count_with_the_others() {
    let change = |config: &mut couplet::config::Config| {
        (config.sms.limits.per_number, config.sms.limits.per_country) = (few(1), few(2));
    };
    let scene = Scene::with(Sqlite, change).await;
    let person = scene.app.person();
    let page = scene.asked(&person, SIGN_IN, ALICES).await;
    for _ in 0..3 {
        assert_waits(&ask(&person, &page, SIGN_IN, ALICES).await, 3600);
    }
    assert_eq!(ask(&person, &page, SIGN_IN, "+16502530000").await.status, 200);
}

#[rstest]
#[tokio::test]
async fn after_so_many_wrong_codes_a_number_has_to_wait_though_it_is_sent_others(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let scene = Scene::with(backend, |config| config.sms.limits.wrong_per_number = few(4)).await;
    let person = scene.app.person();
    let page = scene.asked(&person, SIGN_IN, ALICES).await;
    let mut code = scene.twilio.code(1).await;
    for sent in 2..4 {
        for _ in 0..2 {
            assert_eq!(show(&person, &page, SIGN_IN, &other_than(&code)).await.status, 200);
        }
        ask(&person, &page, SIGN_IN, ALICES).await;
        code = scene.twilio.code(sent).await;
    }
    let page = show(&person, &page, SIGN_IN, &code).await;
    assert_waits(&page, 3600);
    assert!(page.cookie("couplet_session").is_none());
}

#[tokio::test]
async fn wrong_codes_count_as_failed_sign_ins_of_their_address() {
    let few = Some(Rate { count: 3, per: Duration::from_secs(300) });
    let scene = Scene::with(Sqlite, |config| config.throttle.per_address = few).await;
    let person = scene.app.person();
    let page = scene.asked(&person, SIGN_IN, NOBODYS).await;
    for _ in 0..3 {
        assert_eq!(show(&person, &page, SIGN_IN, "000000").await.status, 200);
    }
    assert_waits(&show(&person, &page, SIGN_IN, "000000").await, 300);
}

#[rstest]
#[tokio::test]
async fn tries_without_any_code_count_for_their_address_too(#[values(SIGN_IN, REGISTER, FORGOT)] path: &str) {
    let few = Some(Rate { count: 3, per: Duration::from_secs(300) });
    let scene = Scene::with(Sqlite, |config| config.throttle.per_address = few).await;
    let person = scene.app.person();
    let page = scene.linking(&person).await;
    let tried = [("phone", NOBODYS), ("code", "000000"), ("password", "a password to hash"), ("step", "check")];
    for _ in 0..3 {
        assert_eq!(step(&person, &page, path, &tried).await.status, 200);
    }
    assert_waits(&step(&person, &page, path, &tried).await, 300);
}

#[tokio::test]
async fn codes_that_have_ended_count_for_their_address_since_each_new_password_costs_work() {
    let few = Some(Rate { count: 3, per: Duration::from_secs(300) });
    let scene = Scene::with(Sqlite, |config| config.throttle.per_address = few).await;
    let person = scene.app.person();
    let page = scene.asked(&person, FORGOT, ALICES).await;
    scene.app.clock.advance(Duration::from_secs(601));
    let tried = [("phone", ALICES), ("code", "000000"), ("password", "a password to hash"), ("step", "check")];
    for _ in 0..3 {
        assert_eq!(step(&person, &page, FORGOT, &tried).await.status, 200);
    }
    assert_waits(&step(&person, &page, FORGOT, &tried).await, 300);
}
