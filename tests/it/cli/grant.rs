//! Links on the command line.

use rstest::rstest;
use serde_json::json;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::program::Program;
use crate::support::stage::Stage;

#[rstest]
#[case("list --user nobody", 1, "couplet user list")]
#[case("list --client a/b", 2, "client id")]
#[case("show 00000000-0000-4000-8000-000000000000", 1, "couplet grant list")]
#[case("revoke 00000000-0000-4000-8000-000000000000", 1, "couplet grant list")]
#[case("revoke everything", 2, "couplet grant list")]
fn what_is_not_there_is_told_with_where_to_look(#[case] command: &str, #[case] code: i32, #[case] words: &str) {
    let ran = Program::new().run(&format!("grant {command}"));
    assert!(ran.refused(code).contains(words), "{ran:?}");
}

#[rstest]
#[tokio::test]
async fn a_link_is_listed_with_all_that_scripts_may_rely_on(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    assert_eq!(stage.program.run("grant list --json").json(), json!([]));
    stage.alexa().link(&stage.person()).await;
    let list = stage.program.run("grant list --json").json();
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
    let grant = &list[0];
    let alice = stage.program.run("user show alice --json").json();
    assert_eq!((&grant["user_id"], &grant["client_id"]), (&alice["user_id"], &json!("alexa")));
    assert_eq!((&grant["state"], &grant["scope"]), (&json!("active"), &json!("lights:read lights:write")));
    assert_eq!(grant["partner"], json!(null));
    for moment in ["created_at", "last_used_at"] {
        assert!(grant[moment].as_str().is_some_and(|text| text.contains('T')), "{moment} in {grant}");
    }
    let id = grant["id"].as_str().unwrap();
    assert_eq!(&stage.program.run(&format!("grant show {id} --json")).json(), grant);
    assert!(stage.program.run("grant list").done().contains(id));
}

#[rstest]
#[tokio::test]
async fn links_are_found_by_user_and_by_client(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    stage.program.run("user add brian").done();
    stage.program.run("client add --name Other --client-id other --redirect-uri https://other.example/cb").done();
    stage.alexa().link(&stage.person()).await;
    let count = |filter: &str| {
        let list = stage.program.run(&format!("grant list {filter} --json")).json();
        list.as_array().unwrap().len()
    };
    assert_eq!((count("--user alice"), count("--user brian")), (1, 0));
    assert_eq!((count("--client alexa"), count("--client other")), (1, 0));
    assert_eq!((count("--user ALICE --client alexa"), count("--user alice --client other")), (1, 0));
}

#[rstest]
#[tokio::test]
async fn a_revoked_link_is_dead_at_once_and_another_is_not(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let alexa = stage.alexa();
    let tokens = alexa.link(&stage.person()).await;
    let id = stage.program.run("grant list --json").json()[0]["id"].as_str().unwrap().to_owned();
    let other = alexa.link(&stage.person()).await;
    stage.program.run(&format!("grant revoke {id}")).done();
    assert_eq!(alexa.refresh(&tokens.refresh).await.error(), "invalid_grant");
    assert!(!alexa.is_active(&tokens.access).await);
    assert!(alexa.is_active(&other.access).await);
    assert_eq!(stage.program.run(&format!("grant show {id} --json")).json()["state"], "revoked");
    stage.program.run(&format!("grant revoke {id}")).done();
}
