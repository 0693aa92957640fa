//! `simulate alexa` as a step of somebody's pipeline: one line per step or JSON, and an exit code.

use std::sync::Arc;

use couplet::app::SystemClock;
use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{PASSWORD, SECRET};
use crate::support::login_with_amazon::{AMAZON_CLIENT, AMAZON_SECRET, Amazon};
use crate::support::program::{Program, Ran};
use crate::support::stage::Stage;

fn simulate(stage: &Stage, options: &str) -> Ran {
    stage.program.write("password", PASSWORD);
    let command = "simulate alexa --client-id alexa --client-secret-stdin --user alice --password-file password";
    stage.program.tell(&format!("{command} {options}"), SECRET)
}

#[rstest]
#[case::no_password_file("--base-url http://127.0.0.1:9 --vendor-id M2TESTVENDOR0", 1, "password can't be read")]
#[case::no_server("", 2, "--base-url")]
#[case::no_address("--base-url here", 2, "--base-url")]
fn what_is_missing_is_named(#[case] options: &str, #[case] code: i32, #[case] words: &str) {
    let command = "simulate alexa --client-id alexa --user alice --password-file nowhere";
    let ran = Program::new().tell(&format!("{command} {options}"), SECRET);
    assert!(ran.refused(code).contains(words), "{ran:?}");
}

#[tokio::test]
async fn a_platform_that_would_have_failed_is_exit_code_1_with_a_named_reason() {
    let stage = Stage::on(Sqlite).await;
    stage.program.run("client set alexa --refresh strict").done();
    let ran = simulate(&stage, "--json");
    assert_eq!((ran.code, ran.err.lines().count()), (Some(1), 1), "{ran:?}");
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let reasons: Vec<_> =
        report["steps"].as_array().unwrap().iter().filter_map(|step| step["reason"].as_str()).collect();
    assert!(report["passed"] == false && reasons.contains(&"parallel_refresh_refused"), "{reasons:?}");
    for secret in [PASSWORD, SECRET] {
        assert!(!format!("{ran:?}").contains(secret));
    }
}

#[rstest]
#[tokio::test]
async fn a_server_as_it_should_be_is_green_line_by_line(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let ran = simulate(&stage, "");
    assert!(ran.done().ends_with("all passed.\n") && !ran.out.contains("FAILED"), "{ran:?}");
    assert!(ran.out.lines().count() > 40, "four rounds, one line per step: {}", ran.out);
    let base_url = format!("--base-url {} --vendor-id M2TESTVENDOR0 --json", stage.server.url);
    assert_eq!(simulate(&stage, &base_url).json()["passed"], true);
}

#[rstest]
#[tokio::test]
async fn with_a_partner_the_link_is_rehearsed_both_ways(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let amazon = Amazon::start(Arc::new(SystemClock));
    let command = format!(
        "client set-partner alexa --partner alexa --token-url {} --partner-client-id {AMAZON_CLIENT} \
         --partner-client-secret-stdin",
        amazon.url()
    );
    stage.program.tell(&command, AMAZON_SECRET).done();
    let ran = simulate(&stage, "");
    assert!(ran.done().ends_with("60 steps, all passed.\n") && !ran.out.contains("not checked"), "{ran:?}");
}
