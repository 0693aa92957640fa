//! Servers that are broken in one way each: the rehearsal is red and names the reason.

use std::collections::BTreeSet;
use std::time::Duration;

use couplet::model::client::{ClientSettings, RefreshPolicy};
use couplet::rehearse::{Plan, Report};
use serde_json::json;

use super::rehearsal::{plan, rehearse};
use crate::support::app::Backend::Sqlite;
use crate::support::app::TestApp;
use crate::support::spoiler::{Spoil, Spoiler};

/// Rehearses against a server whose answers are spoilt.
pub async fn spoilt(spoil: Spoil, change: impl FnOnce(&mut Plan)) -> Report {
    let spoiler = Spoiler::bind();
    let url = spoiler.url.clone();
    let public_url = url.clone();
    let app = TestApp::with(Sqlite, |config| config.public_url = Some(public_url)).await;
    let app = app.with_alexa().await.with_alice().await;
    let _spoiling = spoiler.serve(&app.url, spoil);
    let mut plan = plan(url.as_str());
    change(&mut plan);
    rehearse(&plan).await
}

/// Rehearses against a server whose client has other settings.
async fn with_settings(change: impl FnOnce(&mut ClientSettings)) -> Report {
    let app = TestApp::on(Sqlite).await.with_alice().await;
    app.add_alexa(change).await;
    rehearse(&plan(&app.url)).await
}

/// All steps that failed in the first round, each with its reason.
pub fn failures(report: &Report) -> Vec<(&'static str, &'static str)> {
    assert!(!report.passed);
    let first = report.steps.iter().filter(|step| step.round == 1);
    first.filter_map(|step| step.reason.map(|reason| (step.name, reason))).collect()
}

fn reasons(report: &Report) -> BTreeSet<&'static str> {
    failures(report).into_iter().map(|(_, reason)| reason).collect()
}

#[tokio::test]
async fn a_proxy_that_spoils_nothing_is_green() {
    let report = spoilt(|_| {}, |_| {}).await;
    let failed: Vec<_> = report.steps.iter().filter(|step| !step.passed).map(ToString::to_string).collect();
    assert!(report.passed, "{}", failed.join("\n"));
}

#[tokio::test]
async fn a_state_whose_plus_became_a_blank_is_named() {
    let mixed_up: Spoil = |told| {
        let Some(location) = told.headers.get("location").filter(|location| location.as_bytes().starts_with(b"https"))
        else {
            return;
        };
        let spoilt = location.to_str().unwrap().replace("%2B", "+");
        told.headers.insert("location", spoilt.parse().unwrap());
    };
    let report = spoilt(mixed_up, |_| {}).await;
    assert_eq!(failures(&report), [("redirect", "state_changed"), ("stopped", "round_stopped")]);
    let step = report.steps.iter().find(|step| step.name == "redirect").unwrap();
    assert!(step.detail.contains("' ' in place of '+'"), "{}", step.detail);
}

#[tokio::test]
async fn a_token_endpoint_that_answers_a_page_is_named() {
    let report = spoilt(
        |told| {
            if told.has_tokens() {
                told.become_html()
            }
        },
        |_| {},
    )
    .await;
    assert_eq!(failures(&report)[0], ("exchange", "token_not_json"));
}

#[tokio::test]
async fn an_answer_after_the_deadline_is_named() {
    let late: Spoil = |told| {
        if told.has_tokens() {
            told.delay = Duration::from_millis(600);
        }
    };
    let report = spoilt(late, |plan| plan.deadline = Duration::from_millis(500)).await;
    assert_eq!(failures(&report)[0], ("exchange", "token_too_slow"));
    let step = report.steps.iter().find(|step| step.name == "exchange").unwrap();
    assert!(step.detail.contains("within 0.5 s") && step.took_ms >= 500.0, "{step}");
}

#[tokio::test]
async fn a_life_in_quotation_marks_is_named() {
    let quoted: Spoil = |told| {
        if told.has_tokens() {
            told.change(|json| drop(json.insert("expires_in".to_owned(), json!("3600"))));
        }
    };
    assert_eq!(reasons(&spoilt(quoted, |_| {}).await), BTreeSet::from(["expires_in_not_a_number"]));
}

#[tokio::test]
async fn a_bad_refresh_token_answered_as_a_bad_access_token_is_named() {
    let wrong: Spoil = |told| {
        if told.posted.contains("grant_type=refresh_token") && told.status == 400 {
            told.status = 401;
            told.change(|json| drop(json.insert("error".to_owned(), json!("invalid_token"))));
        }
    };
    let report = spoilt(wrong, |_| {}).await;
    assert!(failures(&report).contains(&("bad_refresh_token", "wrong_error_status")), "{:?}", failures(&report));
    assert_eq!(reasons(&report), BTreeSet::from(["wrong_error_status"]));
}

#[tokio::test]
async fn another_error_code_with_the_right_status_is_named() {
    let wrong: Spoil = |told| {
        if told.posted.contains("grant_type=refresh_token") && told.status == 400 {
            told.change(|json| drop(json.insert("error".to_owned(), json!("invalid_request"))));
        }
    };
    assert_eq!(reasons(&spoilt(wrong, |_| {}).await), BTreeSet::from(["wrong_error_code"]));
}

#[tokio::test]
async fn an_access_token_that_dies_at_a_refresh_is_named() {
    let dead: Spoil = |told| {
        if told.path == "/oauth2/introspect" {
            told.body = br#"{"active":false}"#.to_vec();
        }
    };
    assert_eq!(failures(&spoilt(dead, |_| {}).await), [("old_access_token", "old_access_token_died")]);
}

#[tokio::test]
async fn a_missing_refresh_token_is_named() {
    let without: Spoil = |told| {
        if told.has_tokens() {
            told.change(|json| drop(json.remove("refresh_token")));
        }
    };
    assert_eq!(failures(&spoilt(without, |_| {}).await)[0], ("exchange", "refresh_token_missing"));
}

#[tokio::test]
async fn a_wrong_password_is_named() {
    let report = spoilt(|_| {}, |plan| plan.password = "not the password".to_owned().into()).await;
    assert_eq!(failures(&report)[0], ("sign_in", "sign_in_refused"));
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_and_ends_all_rounds() {
    let report = spoilt(|_| {}, |plan| plan.password = "not the password".to_owned().into()).await;
    assert_eq!(report.steps.iter().filter(|step| step.name == "sign_in").count(), 1);
    assert_eq!(report.failures(), 1);
    let last = report.steps.last().unwrap().to_string();
    assert!(last.contains("skipped") && last.contains("rounds 2-4 would fail alike"), "{last}");
}

#[tokio::test]
async fn a_sign_in_that_has_to_wait_is_named_with_its_wait() {
    let throttled: Spoil = |told| {
        if told.posted.contains("password=") {
            told.status = 429;
            told.headers.remove("location");
            told.headers.insert("retry-after", "17".parse().unwrap());
        }
    };
    let report = spoilt(throttled, |_| {}).await;
    assert_eq!(failures(&report), [("sign_in", "sign_in_throttled"), ("stopped", "round_stopped")]);
    assert!(report.steps.iter().any(|step| step.detail.contains("too many failed sign-ins; wait 17 s")));
}

#[tokio::test]
async fn an_address_without_an_authorization_endpoint_is_named() {
    let report = spoilt(|_| {}, |plan| plan.base_url = plan.base_url.join("nowhere").unwrap()).await;
    assert_eq!(failures(&report), [("authorize", "authorization_endpoint_missing"), ("stopped", "round_stopped")]);
    let step = report.steps.iter().find(|step| step.name == "authorize").unwrap();
    assert!(step.detail.contains("/nowhere/oauth2/authorize; mend: check --base-url"), "{step}");
    assert_eq!(report.steps.iter().map(|step| step.round).max(), Some(1));
}

#[tokio::test]
async fn a_wrong_client_secret_is_named_once_and_nothing_else() {
    let report = spoilt(|_| {}, |plan| plan.client_secret = "not the secret".to_owned().into()).await;
    assert_eq!(failures(&report), [("exchange", "token_status"), ("stopped", "round_stopped")]);
    assert_eq!((report.failures(), report.steps.iter().map(|step| step.round).max()), (1, Some(1)));
}

#[tokio::test]
async fn one_client_authentication_that_is_not_taken_fails_once_and_the_other_goes_on() {
    let no_basic: Spoil = |told| {
        if told.path == "/oauth2/token" && !told.posted.contains("client_secret=") {
            told.status = 401;
            told.headers.insert("content-type", "application/json".parse().unwrap());
            told.body = br#"{"error":"invalid_client"}"#.to_vec();
        }
    };
    let report = spoilt(no_basic, |_| {}).await;
    assert_eq!(failures(&report), [("exchange", "token_status"), ("stopped", "round_stopped")]);
    assert_eq!(report.failures(), 1);
    let made = |round| report.steps.iter().filter(|step| step.round == round).count();
    assert_eq!((made(2), made(3), made(4)), (15, 1, 15));
}

#[tokio::test]
async fn metadata_of_another_issuer_is_named_and_the_rounds_go_on() {
    let other: Spoil = |told| {
        if told.path.starts_with("/.well-known/") {
            told.change(|json| drop(json.insert("issuer".to_owned(), json!("https://other.example"))));
        }
        if let Some(location) = told.headers.get("location").and_then(|location| location.to_str().ok()) {
            let stripped = location.split("&iss=").next().unwrap().parse().unwrap();
            told.headers.insert("location", stripped);
        }
    };
    let report = spoilt(other, |_| {}).await;
    assert_eq!(failures(&report)[0], ("discover", "issuer_mismatch"));
    let step = &report.steps[0];
    assert!(step.detail.contains("https://other.example") && step.detail.contains("127.0.0.1"), "{step}");
    assert!(report.steps.iter().any(|step| step.name == "redirect") && report.steps.last().unwrap().round == 4);
}

#[tokio::test]
async fn parallel_refreshes_that_end_the_link_are_named() {
    let report = with_settings(|settings| settings.refresh = RefreshPolicy::Strict).await;
    assert_eq!(failures(&report)[0], ("parallel_refresh", "parallel_refresh_refused"));
}

#[tokio::test]
async fn a_repeated_exchange_that_ends_the_link_is_named() {
    let report = with_settings(|settings| settings.repeat_exchange = false).await;
    assert_eq!(failures(&report)[0], ("repeat_exchange", "repeat_refused"));
}

#[tokio::test]
async fn a_server_that_is_away_is_named() {
    let report = rehearse(&plan("http://127.0.0.1:9/")).await;
    assert_eq!(failures(&report), [("discover", "unreachable")]);
}
