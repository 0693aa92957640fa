//! Whole ways: from the linking request by a code to the platform's redirect.

use futures_util::future::join_all;
use rstest::rstest;

use super::{ALICES, FORGOT, NEW, NOBODYS, REGISTER, SIGN_IN, Scene, show, show_with};
use crate::pages::scene::{account, signed_in};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD};
use crate::support::person::{Page, Person};
use crate::support::platform::answer_parameter;

/// Allows the link and exchanges the code that comes of it.
async fn end_at_the_platform(scene: &Scene, person: &Person, consent: &Page, login: &str) {
    assert!(consent.text(".who").contains(login), "{}", consent.body);
    let answer = person.decide(consent, "allow").await;
    assert_eq!(answer_parameter(&answer, "state").unwrap(), "é ?&=#/+%");
    let code = answer_parameter(&answer, "code").unwrap();
    assert_eq!(scene.app.alexa().exchange(&code, &[]).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn a_code_signs_in_and_the_link_goes_on(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let person = scene.app.person();
    let page = scene.asked(&person, SIGN_IN, "+1 (415) 555-0100").await;
    let code = scene.twilio.code(1).await;
    let sent = scene.twilio.sent();
    assert_eq!(
        (sent[0].to.as_str(), sent[0].body.as_str()),
        (ALICES, &*format!("[SignIn] Your code for Amazon Alexa is {code}."))
    );
    let consent = show(&person, &page, SIGN_IN, &format!(" {} {} ", &code[..3], &code[3..])).await;
    end_at_the_platform(&scene, &person, &consent, ALICE).await;
    assert_eq!(scene.twilio.refused(), Vec::<String>::new());
}

#[rstest]
#[tokio::test]
async fn a_number_becomes_an_account_and_the_link_goes_on(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let person = scene.app.person();
    let page = scene.asked(&person, REGISTER, "0049 (0)151 23456789").await;
    let code = scene.twilio.code(1).await;
    let consent = show(&person, &page, REGISTER, &code).await;
    end_at_the_platform(&scene, &person, &consent, NOBODYS).await;
    let later = scene.app.person();
    let page = later.sign_in(&account(&later).await, NOBODYS, NEW).await;
    assert_eq!(page.text("dl").matches(NOBODYS).count(), 2, "login and phone: {}", page.body);
}

#[rstest]
#[tokio::test]
async fn a_forgotten_password_is_replaced_and_the_link_goes_on(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let elsewhere = signed_in(&scene.app, ALICE).await;
    let person = scene.app.person();
    let page = scene.asked(&person, FORGOT, ALICES).await;
    let code = scene.twilio.code(1).await;
    let consent = show(&person, &page, FORGOT, &code).await;
    end_at_the_platform(&scene, &person, &consent, ALICE).await;
    assert!(account(&elsewhere).await.has("[name=password]"), "all others are signed out");
    let later = scene.app.person();
    let page = later.sign_in(&account(&later).await, ALICE, PASSWORD).await;
    assert!(page.has("[role=alert]"), "the former password");
    assert!(later.sign_in(&page, ALICE, NEW).await.text("dl").contains(ALICE));
}

#[rstest]
#[tokio::test]
async fn who_registers_again_is_signed_in_with_the_password_as_it_was(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let person = scene.app.person();
    let page = scene.asked(&person, REGISTER, ALICES).await;
    let code = scene.twilio.code(1).await;
    let consent = show(&person, &page, REGISTER, &code).await;
    end_at_the_platform(&scene, &person, &consent, ALICE).await;
    signed_in(&scene.app, ALICE).await;
}

#[tokio::test]
async fn where_codes_sign_nobody_in_registering_again_does_not_either() {
    let scene = Scene::with(Sqlite, |config| config.sms.sign_in = false).await;
    let person = scene.app.person();
    let page = scene.linking(&person).await;
    let page = super::ask(&person, &page, REGISTER, ALICES).await;
    let code = scene.twilio.code(1).await;
    let page = show(&person, &page, REGISTER, &code).await;
    assert!(page.text("[role=alert]").contains("Perhaps there is an account with it already"), "{}", page.body);
    assert!(account(&person).await.has("[name=password]"));
}

#[rstest]
#[tokio::test]
async fn the_way_to_the_account_page_is_the_same(#[values(SIGN_IN, REGISTER, FORGOT)] path: &str) {
    let scene = Scene::on(Sqlite).await;
    let person = scene.app.person();
    let page = person.open(&format!("{}{path}", scene.app.url)).await;
    let page = super::ask(&person, &page, path, ALICES).await;
    let code = scene.twilio.code(1).await;
    let page = show(&person, &page, path, &code).await;
    assert_eq!(page.url.path(), "/account");
    assert!(page.text("dl").contains(ALICE));
}

#[rstest]
#[tokio::test]
async fn the_pages_lead_to_one_another_and_keep_the_request(#[values(SIGN_IN, REGISTER, FORGOT)] path: &str) {
    let scene = Scene::on(Sqlite).await;
    let person = scene.app.person();
    let first = scene.linking(&person).await;
    let page = match path {
        SIGN_IN => super::step(&person, &first, path, &[]).await,
        _ => {
            person.open(&format!("{}{}", scene.app.url, first.attribute(&format!("a[href^=\"{path}\"]"), "href"))).await
        }
    };
    assert_eq!(page.value("request"), first.value("request"));
    assert!(page.text(".lead").contains("Amazon Alexa"));
    let back = person.open(&format!("{}{}", scene.app.url, page.attribute("main a", "href"))).await;
    assert!(back.has("input[name=password]") && back.text(".lead").contains("Amazon Alexa"));
    let page = super::ask(&person, &page, path, ALICES).await;
    assert_eq!(page.attribute("#code", "autocomplete"), "one-time-code");
    let again = super::step(&person, &page, path, &[("phone", ALICES), ("step", "number")]).await;
    assert_eq!((again.value("phone").as_str(), again.value("request")), (ALICES, first.value("request")));
}

#[rstest]
#[tokio::test]
async fn of_many_who_show_one_code_at_once_exactly_one_comes_in(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let person = scene.app.person();
    let page = scene.asked(&person, SIGN_IN, ALICES).await;
    let code = scene.twilio.code(1).await;
    let (request, csrf) = (page.value("request"), page.value("csrf"));
    let form = [("request", &*request), ("csrf", &csrf), ("phone", ALICES), ("code", &code), ("step", "check")];
    let answers = join_all((0..64).map(|_| person.send(person.posting(SIGN_IN, &form)))).await;
    let inside = answers.iter().filter(|page| page.cookie("couplet_session").is_some()).count();
    assert_eq!(inside, 1);
    let told = |page: &&Page| page.status == 200 && page.text("[role=alert]").starts_with("That code was used");
    assert_eq!(answers.iter().filter(told).count(), 63);
}

#[tokio::test]
async fn another_code_replaces_the_first() {
    let scene = Scene::on(Sqlite).await;
    let person = scene.app.person();
    let page = scene.asked(&person, FORGOT, ALICES).await;
    let first = scene.twilio.code(1).await;
    let page = super::ask(&person, &page, FORGOT, ALICES).await;
    let second = scene.twilio.code(2).await;
    if first != second {
        let page = show(&person, &page, FORGOT, &first).await;
        assert!(page.has("[role=alert]"));
    }
    assert!(show_with(&person, &page, FORGOT, &second, NEW).await.has("button[name=decision]"));
}
