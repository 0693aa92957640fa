//! Forms sent by others in a person's name: refused, and nothing changed.

use rstest::rstest;

use super::scene::{account, signed_in, stage, with_header};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, TestApp};
use crate::support::person::{Page, Person};
use crate::support::platform::Tokens;

/// Alice, signed in and linked, with what her forms carry.
struct Victim {
    app: TestApp,
    alice: Person,
    tokens: Tokens,
    request: String,
    grant: String,
    csrf: String,
}

impl Victim {
    async fn on(backend: Backend) -> Self {
        let app = stage(backend).await;
        let alice = app.person();
        let tokens = app.alexa().link(&alice).await;
        let page = alice.open(&app.alexa().authorize(&[("prompt", "consent")])).await;
        let grant = account(&alice).await.value("grant");
        Self { app, alice, tokens, request: page.value("request"), grant, csrf: page.value("csrf") }
    }

    /// Every form that changes something for her, with this token.
    fn forms<'a>(&'a self, csrf: &'a str) -> [(&'static str, Vec<(&'static str, &'a str)>); 3] {
        [
            ("/consent", vec![("decision", "allow"), ("request", &self.request), ("csrf", csrf)]),
            ("/account/unlink", vec![("grant", &self.grant), ("csrf", csrf)]),
            ("/sign-out", vec![("csrf", csrf)]),
        ]
    }

    /// Sends every form with one header changed; all must be refused.
    async fn refuses(&self, csrf: &str, header: (&'static str, &str)) {
        for (path, form) in self.forms(csrf) {
            let page = self.alice.send(with_header(self.alice.posting(path, &form), header.0, header.1)).await;
            assert_eq!((page.status.as_u16(), page.location()), (403, None), "{path} {header:?}");
            assert!(page.text("main").contains("Nothing was changed"));
        }
        let page = account(&self.alice).await;
        assert_eq!(page.value("grant"), self.grant);
        assert!(self.app.alexa().is_active(&self.tokens.access).await);
    }
}

#[rstest]
#[tokio::test]
async fn a_form_without_a_token_or_with_an_invented_one_is_refused(#[values(Sqlite, Postgres)] backend: Backend) {
    let victim = Victim::on(backend).await;
    let invented = ["", "x", &"A".repeat(43), &victim.csrf[1..], &format!("{}=", victim.csrf)];
    for csrf in invented {
        victim.refuses(csrf, ("Origin", &victim.app.url)).await;
    }
}

#[rstest]
#[tokio::test]
async fn a_token_of_another_browser_is_refused(#[values(Sqlite, Postgres)] backend: Backend) {
    let victim = Victim::on(backend).await;
    victim.app.add_user("Mallory").await;
    let mallory = signed_in(&victim.app, "Mallory").await;
    let same_person = signed_in(&victim.app, ALICE).await;
    for csrf in [account(&mallory).await.value("csrf"), account(&same_person).await.value("csrf")] {
        victim.refuses(&csrf, ("Origin", &victim.app.url)).await;
    }
}

#[rstest]
#[case("Origin", "https://evil.example")]
#[case("Origin", "http://localhost:1")]
#[case("Origin", "file://")]
#[case("Sec-Fetch-Site", "cross-site")]
#[case("Sec-Fetch-Site", "same-site")]
#[case("Sec-Fetch-Site", "a word of tomorrow")]
#[case("Origin", "null, https://evil.example")]
#[tokio::test]
async fn a_form_on_another_site_is_refused_even_with_the_right_token(#[case] name: &'static str, #[case] value: &str) {
    let victim = Victim::on(Sqlite).await;
    victim.refuses(&victim.csrf, (name, value)).await;
}

#[rstest]
#[case("")]
#[case("https://evil.example")]
#[tokio::test]
async fn nobody_is_signed_in_as_somebody_else_by_another_site(#[case] origin: &str) {
    let app = stage(Sqlite).await;
    app.add_user("Mallory").await;
    let (mallory, victim) = (app.person(), app.person());
    account(&victim).await;
    let csrf = account(&mallory).await.value("csrf");
    let form = [("username", "Mallory"), ("password", PASSWORD), ("request", ""), ("csrf", &*csrf)];
    let page = victim.send(with_header(victim.posting("/sign-in", &form), "Origin", origin)).await;
    assert_eq!((page.status.as_u16(), page.has("[role=alert]")), (403, true));
    assert_eq!(page.cookie("couplet_session"), None);
    assert!(account(&victim).await.has("[name=password]"));
}

#[tokio::test]
async fn another_site_can_not_take_the_cookies_of_a_browser_that_sent_none() {
    let app = stage(Sqlite).await;
    for origin in ["", "null", "https://evil.example"] {
        let person = app.person();
        let page = person.send(with_header(person.posting("/sign-out", &[]), "Origin", origin)).await;
        assert_eq!((page.cookie("couplet_session"), page.cookie("couplet_form")), (None, None), "{origin}");
    }
}

#[tokio::test]
async fn over_https_a_form_that_came_by_http_is_foreign() {
    let https = |config: &mut couplet::config::Config| {
        config.public_url = Some("https://couplet.example".parse().unwrap());
    };
    let app = TestApp::with(Sqlite, https).await.with_alice().await;
    let person = app.person();
    let page = account(&person).await;
    let cookie = page.cookie("__Host-couplet_form").unwrap();
    let cookie = format!("__Host-couplet_form={}", cookie.split(';').next().unwrap());
    let form = [("username", ALICE), ("password", PASSWORD), ("csrf", &*page.value("csrf"))];
    for (origin, status) in [("http://couplet.example", 403), (&*app.url, 403), ("https://couplet.example", 303)] {
        let request = person.posting("/sign-in", &form).header("Host", "couplet.example").header("Cookie", &cookie);
        let page = person.send(with_header(request, "Origin", origin)).await;
        assert_eq!(page.status.as_u16(), status, "{origin}");
    }
}

#[rstest]
#[tokio::test]
async fn a_browser_without_cookies_is_told_so_and_not_signed_in(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let (person, forgetful) = (app.person(), app.person());
    let first = account(&person).await;
    let page: Page = forgetful.sign_in(&first, ALICE, PASSWORD).await;
    assert_eq!((page.status.as_u16(), page.value("username").as_str()), (403, ALICE));
    assert!(page.text("[role=alert]").contains("cookies"));
    let page = forgetful.sign_in(&page, ALICE, PASSWORD).await;
    assert_eq!(page.status, 200, "the page it was answered with works");
}

#[rstest]
#[tokio::test]
async fn a_refused_decision_leads_back_to_the_question(#[values(Sqlite, Postgres)] backend: Backend) {
    let victim = Victim::on(backend).await;
    let form = [("decision", "allow"), ("request", &*victim.request)];
    let page = victim.alice.post("/consent", &form).await;
    let retry = page.attribute("main a", "href");
    assert!(retry.starts_with("/oauth2/authorize?"), "{retry}");
    let page = victim.alice.open(&format!("{}{retry}", victim.app.url)).await;
    assert!(victim.alice.decide(&page, "allow").await.location().unwrap().contains("code="));
}

#[rstest]
#[case("null")]
#[case("")]
#[tokio::test]
async fn a_browser_that_hides_the_origin_is_served(#[case] origin: &str) {
    let victim = Victim::on(Sqlite).await;
    for (path, form) in victim.forms(&victim.csrf) {
        let page = victim.alice.send(with_header(victim.alice.posting(path, &form), "Origin", origin)).await;
        assert!(page.status.is_redirection(), "{path}: {}", page.status);
    }
    let page = account(&victim.alice).await;
    let form = [("username", ALICE), ("password", PASSWORD), ("csrf", &*page.value("csrf"))];
    let page = victim.alice.send(with_header(victim.alice.posting("/sign-in", &form), "Origin", origin)).await;
    assert!(page.cookie("couplet_session").is_some());
}
