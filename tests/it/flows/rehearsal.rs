//! The rehearsal of Alexa against a server that is as it should be.

use couplet::app::{SystemRandomness, outbound};
use couplet::model::client::RefreshPolicy;
use couplet::rehearse::{Plan, Report, alexa};
use rstest::rstest;
use url::Url;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, SECRET, TestApp};

/// Alexa's plan against a server of the tests, with all three regions.
pub fn plan(base_url: &str) -> Plan {
    let hosts = ["pitangui.amazon.com", "layla.amazon.com", "alexa.amazon.co.jp"];
    Plan {
        base_url: Url::parse(base_url).unwrap(),
        client_id: "alexa".to_owned(),
        client_secret: SECRET.to_owned().into(),
        login: ALICE.to_owned(),
        password: PASSWORD.to_owned().into(),
        redirect_uris: hosts.map(|host| format!("https://{host}/api/skill/link/M2TESTVENDOR0")).to_vec(),
        scope: None,
        deadline: couplet::rehearse::simulate::ALEXA_DEADLINE,
    }
}

/// Rehearses.
pub async fn rehearse(plan: &Plan) -> Report {
    alexa(plan, &outbound().unwrap(), &SystemRandomness, &mut |_| {}).await
}

#[rstest]
#[tokio::test]
async fn alexa_is_content_with_policies_that_bear_parallel_refreshes(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(RefreshPolicy::Stable, RefreshPolicy::Rotate)] policy: RefreshPolicy,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    app.add_alexa(|settings| settings.refresh = policy).await;
    let report = rehearse(&plan(&app.url)).await;
    let failed: Vec<_> = report.steps.iter().filter(|step| !step.passed).map(ToString::to_string).collect();
    assert!(report.passed, "{}", failed.join("\n"));
    let rounds: Vec<u8> = (1..=4).filter(|round| report.steps.iter().any(|step| step.round == *round)).collect();
    assert_eq!(rounds, [1, 2, 3, 4], "PKCE on and off, Basic and body");
}

#[rstest]
#[tokio::test]
async fn every_step_of_a_round_is_made_and_told_as_it_happens(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let mut told = Vec::new();
    let plan = plan(&app.url);
    let report = alexa(&plan, &outbound().unwrap(), &SystemRandomness, &mut |step| told.push(step.clone())).await;
    assert_eq!(report.steps, told);
    let names: Vec<_> = told.iter().filter(|step| step.round == 1).map(|step| step.name).collect();
    let expected = [
        "discover",
        "authorize",
        "sign_in",
        "consent",
        "redirect",
        "exchange",
        "repeat_exchange",
        "parallel_refresh",
        "next_refresh",
        "old_access_token",
        "reciprocal",
        "bad_refresh_token",
        "bad_code",
        "wrong_secret",
        "unlink",
    ];
    assert_eq!(names, expected);
    let unchecked: Vec<_> = told.iter().filter(|step| step.detail.contains("not checked")).collect();
    assert!(unchecked.iter().all(|step| step.name == "reciprocal"), "{unchecked:?}");
    assert!(unchecked.iter().all(|step| step.detail.contains("couplet client set-partner")), "{unchecked:?}");
    assert_eq!(unchecked.len(), 4, "a client without a partner");
}

#[tokio::test]
async fn it_leaves_no_link_behind() {
    let app = TestApp::on(Sqlite).await.with_alexa().await.with_alice().await;
    rehearse(&plan(&app.url)).await;
    let filter = couplet::store::grants::GrantFilter { user_id: None, client_id: None };
    let grants = app.database.store.grants(&filter, None, 100).await.unwrap();
    assert_eq!(grants.len(), 4);
    assert!(grants.iter().all(|both| both.link.grant.state.name() == "revoked"));
}
