//! Clients after they were registered: shown, changed, stopped, given another secret, forgotten.

use std::time::Duration;

use rstest::rstest;
use serde_json::json;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::SECRET;
use crate::support::program::Program;
use crate::support::stage::Stage;

async fn with_app(backend: Backend) -> Program {
    let program = Program::on(backend).await;
    let add = "client add --name App --client-id app --redirect-uri https://app.example/cb --scope read --json";
    program.tell(&format!("{add} --client-secret-stdin"), SECRET).done();
    program
}

#[rstest]
#[case("show nobody")]
#[case("set nobody --name Other")]
#[case("rotate-secret nobody")]
#[case("disable nobody")]
#[case("enable nobody")]
#[case("delete nobody")]
fn an_unknown_client_is_told_with_where_to_look(#[case] command: &str) {
    let ran = Program::new().run(&format!("client {command}"));
    let told = ran.refused(1);
    assert!(told.contains("nobody") && told.contains("couplet client list"), "{told}");
}

#[rstest]
#[tokio::test]
async fn a_refused_change_changes_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = with_app(backend).await;
    let before = program.run("client show app --json").json();
    for options in ["--redirect-uri http://evil.example/", "--preset nowhere", "--vendor-id M2TESTVENDOR0"] {
        program.run(&format!("client set app --refresh strict {options}")).refused(2);
    }
    assert_eq!(program.run("client show app --json").json(), before);
}

#[rstest]
#[tokio::test]
async fn a_change_leaves_what_is_not_named(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = with_app(backend).await;
    let before = program.run("client show app --json").json();
    let set = "client set app --refresh strict --scope read --scope write --require-pkce --introspect-any --json";
    let after = program.run(set).json();
    assert_eq!(program.run("client show app --json").json(), after);
    assert_eq!(
        (&after["refresh"], &after["scope"], &after["require_pkce"], &after["introspect_any"]),
        (&json!("strict"), &json!("read write"), &json!(true), &json!(true))
    );
    for kept in ["name", "redirect_uris", "access_token", "created_at", "public", "enabled"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
}

#[test]
fn another_vendor_id_replaces_the_platforms_uris_and_keeps_the_rest() {
    let program = Program::new();
    let own = "https://own.example/cb";
    let add = "client add --preset alexa --vendor-id M2TESTVENDOR0 --client-id alexa";
    program.run(&format!("{add} --redirect-uri {own}")).done();
    let client = program.run("client set alexa --vendor-id M3OTHERVENDOR --json").json();
    let uris: Vec<_> = client["redirect_uris"].as_array().unwrap().iter().map(|uri| uri.as_str().unwrap()).collect();
    assert_eq!(uris.iter().filter(|uri| uri.ends_with("/M3OTHERVENDOR")).count(), 3, "{uris:?}");
    assert!(uris.contains(&own) && uris.len() == 4, "{uris:?}");
}

#[rstest]
#[tokio::test]
async fn a_list_is_an_array_from_the_first_to_the_last_client(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = Program::on(backend).await;
    assert_eq!(program.run("client list --json").json(), json!([]));
    for id in ["one", "two"] {
        program.run(&format!("client add --name {id} --client-id {id} --redirect-uri https://app.example/cb")).done();
    }
    let list = program.run("client list --json").json();
    let ids: Vec<_> = list.as_array().unwrap().iter().map(|client| client["client_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["one", "two"]);
    assert_eq!(program.run("client list").done().lines().count(), 2);
}

#[test]
fn the_secret_is_shown_at_creation_only() {
    let program = Program::new();
    let add = "client add --preset alexa --vendor-id M2TESTVENDOR0 --client-id alexa --json";
    let secret = program.run(add).json()["client_secret"].as_str().unwrap().to_owned();
    for later in ["list", "show alexa", "set alexa --name Other", "disable alexa", "enable alexa", "delete alexa"] {
        for json in ["", " --json"] {
            let ran = program.run(&format!("client {later}{json}"));
            assert!(!ran.out.contains(&secret) && !ran.err.contains(&secret), "{later}{json}");
            assert!(!ran.out.contains("hash"), "{later}{json}: {}", ran.out);
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_rotated_secret_works_at_once_and_the_former_for_the_overlap(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let rotated = stage.program.run("client rotate-secret alexa --overlap 2s --json").json();
    let secret = rotated["client_secret"].as_str().unwrap();
    let error = async |secret: &str| stage.platform("alexa", secret).refresh("made-up").await.error().to_owned();
    assert_eq!(error(secret).await, "invalid_grant", "the new one is right");
    assert_eq!(error(SECRET).await, "invalid_grant", "the former one still is");
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(error(SECRET).await, "invalid_client");
    assert_eq!(error(secret).await, "invalid_grant");
}

#[rstest]
#[tokio::test]
async fn never_more_than_two_secrets_are_valid(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let rotate = || stage.program.run("client rotate-secret alexa --json").json()["client_secret"].clone();
    let (second, third) = (rotate(), rotate());
    let error = async |secret: &str| stage.platform("alexa", secret).refresh("made-up").await.error().to_owned();
    assert_eq!(error(SECRET).await, "invalid_client", "the first one has had two successors");
    assert_eq!(error(second.as_str().unwrap()).await, "invalid_grant", "24h is the default overlap");
    assert_eq!(error(third.as_str().unwrap()).await, "invalid_grant");
}

#[test]
fn a_rotation_that_makes_no_sense_is_refused() {
    let program = Program::new();
    program.run("client add --name App --public --client-id app --redirect-uri com.example:/cb").done();
    assert!(program.run("client rotate-secret app").refused(1).contains("public"));
    assert!(program.run("client rotate-secret app --overlap soon").refused(2).contains("--overlap"));
}

#[rstest]
#[tokio::test]
async fn a_disabled_client_is_kept_out_until_enabled(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let tokens = stage.alexa().link(&stage.person()).await;
    stage.program.run("client disable alexa").done();
    assert_eq!(stage.alexa().refresh(&tokens.refresh).await.error(), "invalid_client");
    assert_eq!(stage.person().open(&stage.alexa().authorize(&[])).await.status, 400);
    assert_eq!(stage.program.run("client show alexa --json").json()["enabled"], false);
    stage.program.run("client enable alexa").done();
    assert_eq!(stage.alexa().refresh(&tokens.refresh).await.status, 200, "the link has outlived it");
}

#[rstest]
#[tokio::test]
async fn a_deleted_client_is_gone_with_its_links(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let tokens = stage.alexa().link(&stage.person()).await;
    stage.program.run("client delete alexa").done();
    assert_eq!(stage.alexa().refresh(&tokens.refresh).await.error(), "invalid_client");
    assert_eq!(stage.program.run("grant list --json").json(), json!([]));
    assert_eq!(stage.program.run("client list --json").json(), json!([]));
}

#[rstest]
#[tokio::test]
async fn whose_sign_ins_are_approved_is_chosen_for_each_client(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = with_app(backend).await;
    let approval = || program.run("client show app --json").json()["approval"].clone();
    assert_eq!(approval(), json!("enrolled"));
    for policy in ["required", "never", "enrolled"] {
        program.run(&format!("client set app --sign-in-approval {policy}")).done();
        program.run("client set app --name Other").done();
        assert_eq!(approval(), json!(policy), "it stays when it is not named");
        assert!(program.run("client show app").done().contains(policy));
    }
    program.run("client set app --sign-in-approval sometimes").refused(2);
}
