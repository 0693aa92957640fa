//! The walk that a skill developer takes on the page of `couplet dev`.

use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::person::{Page, Person};
use crate::support::postgres::free_port;
use crate::support::program::{Program, Running};

const STEPS: [&str; 11] = [
    "Authorize",
    "Code",
    "Exchange",
    "Refresh",
    "Introspect",
    "Reciprocal",
    "Reciprocal again",
    "Fresh Alexa token",
    "Unlink",
    "Refresh after unlinking",
    "Alexa token after unlinking",
];

fn texts(page: &Page, selector: &str) -> Vec<String> {
    let document = scraper::Html::parse_document(&page.body);
    let selector = scraper::Selector::parse(selector).unwrap();
    document.select(&selector).map(|element| element.text().collect::<String>().trim().to_owned()).collect()
}

/// Opens the page, presses the button, and signs in as the page says.
async fn press_and_sign_in(server: &Running, person: &Person) -> Page {
    let home = person.open(&format!("{}/", server.url)).await;
    assert!(home.has("form[action='/dev/link'] button"), "{}", home.body);
    let (login, password) = (&texts(&home, "dd code")[0], &texts(&home, "dd code")[1]);
    let page = person.post("/dev/link", &[]).await;
    person.sign_in(&page, login, password).await
}

async fn dev(backend: Backend) -> (Program, Running) {
    let program = Program::on(backend).await.with("COUPLET_LISTEN", &format!("127.0.0.1:{}", free_port()));
    let server = program.serve("dev").await;
    (program, server)
}

#[rstest]
#[tokio::test]
async fn a_refused_link_is_shown_as_not_linked(#[values(Sqlite, Postgres)] backend: Backend) {
    let (_program, server) = dev(backend).await;
    let person = Person::new(&server.url);
    let consent = press_and_sign_in(&server, &person).await;
    let result = person.decide(&consent, "deny").await;
    assert_eq!(result.text("h1"), "Not linked");
    assert!(result.text(".lead").contains("access_denied"), "{}", result.text(".lead"));
    assert_eq!(texts(&result, "li.step.failed h2"), ["Code"]);
}

#[tokio::test]
async fn the_way_back_without_a_link_leads_to_the_start() {
    let (_program, server) = dev(Sqlite).await;
    let page = Person::new(&server.url).open(&format!("{}/dev/callback?code=x&state=made-up", server.url)).await;
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/"));
}

#[rstest]
#[tokio::test]
async fn the_walk_ends_with_every_step_passed_and_its_messages(#[values(Sqlite, Postgres)] backend: Backend) {
    let (_program, server) = dev(backend).await;
    let person = Person::new(&server.url);
    let consent = press_and_sign_in(&server, &person).await;
    let result = person.decide(&consent, "allow").await;
    assert_eq!(result.text("h1"), "The link works", "{}", result.body);
    assert_eq!(texts(&result, "li.step h2"), STEPS);
    assert!(!result.has("li.step.failed"), "{}", result.body);
    let messages = texts(&result, "li.step pre");
    assert_eq!(messages.len(), 2 * STEPS.len());
    assert!(messages[4].starts_with("POST /oauth2/token HTTP/1.1") && messages[4].contains("code_verifier="));
    assert!(messages[5].contains("200 OK") && messages[5].contains("\"refresh_token\""), "{}", messages[5]);
    assert!(messages[10].starts_with("POST /oauth2/reciprocal HTTP/1.1") && messages[10].contains("&code=AN"));
    assert!(messages[15].contains("\"Atza|") && !messages[15].contains("Atzr|"), "{}", messages[15]);
    assert!(messages[19].contains("invalid_grant"), "{}", messages[19]);
    assert!(messages[21].contains("invalid_request"), "{}", messages[21]);
    let took = texts(&result, "li.step .took");
    assert_eq!(took[0], "–", "the person's own time is not measured");
    assert!(took.iter().filter(|took| took.ends_with(" ms")).count() >= 9);
    assert!(texts(&result, "li.step .verdict")[8].contains("The link is ended again"), "{}", result.body);
}

#[rstest]
#[tokio::test]
async fn the_walk_can_be_taken_again_in_the_same_browser(#[values(Sqlite, Postgres)] backend: Backend) {
    let (_program, server) = dev(backend).await;
    let person = Person::new(&server.url);
    let consent = press_and_sign_in(&server, &person).await;
    person.decide(&consent, "allow").await;
    let mut page = person.post("/dev/link", &[]).await;
    assert!(!page.has("input[name=password]"), "still signed in");
    if page.has("button[name=decision]") {
        page = person.decide(&page, "allow").await;
    }
    assert_eq!(page.text("h1"), "The link works");
}

#[rstest]
#[tokio::test]
async fn the_walk_works_after_a_restart_on_another_port(#[values(Sqlite, Postgres)] backend: Backend) {
    let (program, server) = dev(backend).await;
    drop(server);
    let program = program.with("COUPLET_LISTEN", &format!("127.0.0.1:{}", free_port()));
    let server = program.serve("dev").await;
    let person = Person::new(&server.url);
    let consent = press_and_sign_in(&server, &person).await;
    assert_eq!(person.decide(&consent, "allow").await.text("h1"), "The link works");
}
