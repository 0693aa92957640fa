//! The headers of every page, and their two traps.

use super::scene::{LINKING, SCRIPTED, account, every_page, stage};
use crate::support::app::Backend::Sqlite;
use crate::support::app::TestApp;
use crate::support::person::Page;

/// A directive of a page's content security policy.
fn directive<'a>(page: &'a Page, name: &str) -> Option<&'a str> {
    let directives = page.header("content-security-policy").split(';').map(str::trim);
    directives.filter_map(|directive| directive.strip_prefix(name)).next().map(str::trim)
}

#[tokio::test]
async fn every_page_forbids_foreign_scripts_frames_and_guessing_types() {
    let app = stage(Sqlite).await;
    for (name, page) in every_page(&app, "x").await {
        assert_eq!(directive(&page, "default-src"), Some("'none'"), "{name}");
        assert_eq!(directive(&page, "style-src"), Some("'self'"), "{name}");
        assert_eq!(directive(&page, "frame-ancestors"), Some("'none'"), "{name}");
        assert_eq!(directive(&page, "base-uri"), Some("'none'"), "{name}");
        let scripts = SCRIPTED.contains(&name).then_some("'self'");
        for directive_of_scripts in ["script-src", "worker-src", "connect-src"] {
            assert_eq!(directive(&page, directive_of_scripts), scripts, "{name}");
        }
        assert!(!page.header("content-security-policy").contains("unsafe"), "{name}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{name}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{name}");
    }
}

#[tokio::test]
async fn no_page_is_kept_by_caches_or_told_to_other_sites() {
    let app = stage(Sqlite).await;
    for (name, page) in every_page(&app, "x").await {
        assert_eq!(page.header("cache-control"), "no-store", "{name}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{name}: with no-referrer forms post `Origin: null`");
    }
}

#[tokio::test]
async fn forms_on_the_way_to_a_platform_may_end_there() {
    let app = stage(Sqlite).await;
    let pages = every_page(&app, "x").await;
    for (name, page) in &pages {
        if LINKING.contains(name) {
            assert_eq!(directive(page, "form-action"), None, "{name}: Chromium would block the redirect");
        }
    }
    let (_, account) = pages.iter().find(|(name, _)| *name == "account").unwrap();
    assert_eq!(directive(account, "form-action"), Some("'self'"));
}

#[tokio::test]
async fn the_redirect_to_the_platform_tells_it_nothing_more() {
    let app = stage(Sqlite).await;
    let answer = app.person().link(&app.alexa().authorize(&[])).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    let link = answer.attribute("a", "href");
    assert_eq!(Some(link), answer.location(), "for a browser that does not follow by itself");
}

#[tokio::test]
async fn only_over_https_browsers_are_told_to_stay_there() {
    let plain = stage(Sqlite).await;
    assert_eq!(account(&plain.person()).await.header("strict-transport-security"), "");
    let https = |config: &mut couplet::config::Config| {
        config.public_url = Some("https://couplet.example".parse().unwrap());
    };
    let app = TestApp::with(Sqlite, https).await.with_alexa().await;
    for path in ["/account", "/nowhere", "/oauth2/token", "/.well-known/jwks.json"] {
        let page = app.person().open(&format!("{}{path}", app.url)).await;
        assert_eq!(page.header("strict-transport-security"), "max-age=31536000", "{path}");
    }
}
