//! `couplet dev` as its developer meets it: the page at `/`, the button, the steps.

use rstest::rstest;
use thirtyfour::By;

use crate::scene::Scripts::{self, Off, On};
use crate::scene::{phone, sign_in};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::chrome::Browser;
use crate::support::program::Program;

/// Starts the link from the page at `/` and signs in with what that page shows.
async fn begin(browser: &Browser, url: &str) {
    browser.visit(url).await;
    let facts = browser.driver.find_all(By::Css("dl.facts:first-of-type code")).await.unwrap();
    let (login, password) = (facts[0].text().await.unwrap(), facts[1].text().await.unwrap());
    browser.press_button("Link account").await;
    sign_in(browser, &login, &password).await;
    browser.sees("Amazon Alexa will be able to").await;
}

#[rstest]
#[tokio::test]
async fn after_a_denial_the_page_says_that_nothing_is_linked(#[values(On, Off)] scripts: Scripts) {
    let program = Program::new().set_up_to_serve();
    let server = program.serve("dev").await;
    let browser = phone(scripts).await;
    begin(&browser, &server.url).await;
    browser.press_button("Don’t allow").await;
    browser.sees("Not linked").await;
    assert_eq!(browser.driver.find_all(By::Css(".step.failed")).await.unwrap().len(), 1);
    browser.press_button("Link again").await;
    browser.sees("Amazon Alexa will be able to").await;
    browser.close().await;
}

#[rstest]
#[case(Sqlite, Off)]
#[case(Postgres, On)]
#[tokio::test]
async fn every_step_of_the_link_is_shown_and_passed(#[case] backend: Backend, #[case] scripts: Scripts) {
    let program = Program::on(backend).await.set_up_to_serve();
    let server = program.serve("dev").await;
    let browser = phone(scripts).await;
    begin(&browser, &server.url).await;
    browser.press_button("Allow").await;
    browser.sees("Alexa would be content with every step.").await;
    let mut names = Vec::new();
    for step in browser.driver.find_all(By::Css(".step:not(.failed) h2")).await.unwrap() {
        names.push(step.text().await.unwrap());
    }
    let there = ["Authorize", "Code", "Exchange", "Refresh", "Introspect"];
    let back = ["Reciprocal", "Reciprocal again", "Fresh Alexa token"];
    let end = ["Unlink", "Refresh after unlinking", "Alexa token after unlinking"];
    assert_eq!(names, [&there[..], &back, &end].concat());
    let details = browser.driver.find_all(By::Css(".step summary")).await.unwrap();
    details[2].click().await.unwrap();
    browser.sees("POST /oauth2/token HTTP/1.1").await;
    browser.close().await;
}
