//! What a page weighs, and that it is whole: nothing comes from elsewhere, nothing runs.

use scraper::{Html, Selector};

use super::scene::{SCRIPTED, account, every_page, stage};
use crate::support::app::Backend::Sqlite;
use crate::support::app::TestApp;
use crate::support::person::Page;

/// The most a page may weigh in all, in bytes.
const MOST: usize = 20_000;

async fn stylesheet(app: &TestApp, page: &Page) -> Page {
    app.person().open(&format!("{}{}", app.url, page.attribute("link[rel=stylesheet]", "href"))).await
}

#[tokio::test]
async fn every_page_stays_light_with_a_state_of_two_kibibytes() {
    for state in ["x".repeat(2048), "\"<&+/=% é日".repeat(146)] {
        let app = stage(Sqlite).await;
        let style = stylesheet(&app, &account(&app.person()).await).await.body.len();
        for (name, page) in every_page(&app, &state).await {
            let all = page.body.len() + style;
            assert!(all < MOST, "{name}: {all}");
        }
    }
}

#[tokio::test]
async fn nothing_written_within_a_page_runs_or_styles_it() {
    let app = stage(Sqlite).await;
    for (name, page) in every_page(&app, "x").await {
        assert!(SCRIPTED.contains(&name) || !page.has("script"), "{name}");
        for forbidden in
            ["script:not([src])", "style", "iframe", "object", "embed", "base", "[style]", "meta[http-equiv]"]
        {
            assert!(!page.has(forbidden), "{name} has {forbidden}");
        }
        let document = Html::parse_document(&page.body);
        let all = Selector::parse("*").unwrap();
        let mut attributes = document.select(&all).flat_map(|element| element.value().attrs().map(|(name, _)| name));
        assert!(!attributes.any(|attribute| attribute.starts_with("on")), "{name}");
    }
}

#[tokio::test]
async fn every_address_on_a_page_is_our_own() {
    let app = stage(Sqlite).await;
    for (name, page) in every_page(&app, "x").await {
        let document = Html::parse_document(&page.body);
        let all = Selector::parse("*").unwrap();
        for (attribute, value) in document.select(&all).flat_map(|element| element.value().attrs()) {
            if ["src", "srcset", "href", "action", "formaction", "poster", "data", "ping"].contains(&attribute) {
                let own = value.starts_with('/') && !value.starts_with("//") && !value.contains('\\');
                assert!(own, "{name}: {attribute}={value}");
            }
        }
        assert!(page.has("link[rel=stylesheet]"), "{name}");
    }
}

#[tokio::test]
async fn the_style_sheet_is_kept_for_good_and_loads_nothing() {
    let app = stage(Sqlite).await;
    let style = stylesheet(&app, &account(&app.person()).await).await;
    assert_eq!((style.status.as_u16(), style.header("content-type")), (200, "text/css; charset=utf-8"));
    assert_eq!(style.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(style.header("x-content-type-options"), "nosniff");
    for forbidden in ["url(", "@import", "http", "animation", "transition"] {
        assert!(!style.body.contains(forbidden), "{forbidden}");
    }
    assert!(style.body.contains("prefers-color-scheme: dark"));
    assert!(style.body.len() < 7 * 1024, "{}", style.body.len());
}

#[tokio::test]
async fn every_page_has_a_language_a_title_and_one_heading_in_its_main_part() {
    let app = stage(Sqlite).await;
    for (name, page) in every_page(&app, "x").await {
        assert_eq!(page.attribute("html", "lang"), "en", "{name}");
        assert!(page.text("title").ends_with(" · Example Lights"), "{name}");
        assert!(page.has("main h1") && !page.has("h1 ~ h1"), "{name}");
        assert_eq!(page.attribute("meta[name=viewport]", "content"), "width=device-width, initial-scale=1", "{name}");
    }
}
