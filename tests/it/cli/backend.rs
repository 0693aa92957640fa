//! A service's backend on the command line: the client that fetches a partner's tokens, and what it may.

use rstest::rstest;
use serde_json::json;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::SECRET;
use crate::support::program::Program;
use crate::support::two_way::TwoWay;

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const APP: &str = "client add --name App --client-id app --redirect-uri https://app.example/cb";

async fn with_app(backend: Backend) -> Program {
    let program = Program::on(backend).await;
    program.run(APP).done();
    program
}

#[rstest]
#[tokio::test]
async fn the_backend_of_nobody_is_refused(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = with_app(backend).await;
    let before = program.run("client list --json").json();
    for command in ["add --name Backend --client-id backend", "set app --name Other"] {
        let ran = program.run(&format!("client {command} --backend-of nobody"));
        assert!(ran.refused(1).contains("there is no client nobody"), "{ran:?}");
    }
    assert!(program.run("client set app --backend-of a/b").refused(2).contains("client id"));
    assert_eq!(program.run("client list --json").json(), before);
}

#[rstest]
#[case("--backend-of app")]
#[case("--exchange-grant-id")]
#[tokio::test]
async fn a_public_client_is_nobodys_backend(#[case] option: &str) {
    let program = with_app(Sqlite).await;
    let add = "client add --name Public --public --client-id public --redirect-uri com.example:/cb";
    let told = "--backend-of and --exchange-grant-id: need a client with a secret";
    assert_eq!(program.run(&format!("{add} {option}")).refused(2), told);
    program.run(add).done();
    assert_eq!(program.run(&format!("client set public {option}")).refused(2), told);
}

#[rstest]
#[case(TOKEN_EXCHANGE)]
#[case("urn:ietf:params:oauth:grant-type:reciprocal")]
#[tokio::test]
async fn a_grant_that_needs_no_permission_is_refused_with_the_explanation(#[case] grant: &str) {
    let program = with_app(Sqlite).await;
    for command in ["add --name Other --redirect-uri https://other.example/cb", "set app"] {
        let ran = program.run(&format!("client {command} --grant {grant}"));
        let told = ran.refused(2);
        assert!(told.starts_with(&format!("--grant: {grant} needs no permission")), "{told}");
        assert!(told.contains("client set-partner") && told.contains("--backend-of"), "{told}");
    }
}

#[tokio::test]
async fn a_backend_that_signs_people_in_needs_a_redirect_uri() {
    let program = with_app(Sqlite).await;
    let ran = program.run("client add --name Backend --backend-of app --grant authorization_code");
    assert!(ran.refused(2).starts_with("--redirect-uri: is missing"), "{ran:?}");
}

#[rstest]
#[tokio::test]
async fn a_mere_backend_has_no_redirect_uri_and_no_grant(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = with_app(backend).await;
    program.run(&APP.replace("app", "second")).done();
    let add = "client add --name Backend --client-id backend --backend-of app --backend-of second --json";
    let added = program.run(add).json();
    assert_eq!(added["backend_of"], json!(["app", "second"]));
    assert_eq!((&added["redirect_uris"], &added["grant_types"]), (&json!([]), &json!([])));
    assert_eq!((&added["exchange_grant_id"], &added["public"]), (&json!(false), &json!(false)));
    let shown = program.run("client show backend");
    assert_eq!(shown.done().lines().filter(|line| line.starts_with("backend_of")).count(), 2, "{shown:?}");
}

#[rstest]
#[tokio::test]
async fn what_a_backend_may_is_changed_by_name_and_else_stays(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = with_app(backend).await;
    program.run("client add --name Backend --client-id backend --backend-of app").done();
    let may = |options: &str| {
        let set = program.run(&format!("client set backend {options} --json")).json();
        (set["backend_of"].clone(), set["exchange_grant_id"].clone())
    };
    assert_eq!(may("--exchange-grant-id"), (json!(["app"]), json!(true)));
    assert_eq!(may("--name Other"), (json!(["app"]), json!(true)));
    assert_eq!(may("--backend-of backend"), (json!(["backend"]), json!(true)));
    assert_eq!(may("--exchange-grant-id=false"), (json!(["backend"]), json!(false)));
}

#[rstest]
#[tokio::test]
async fn a_backend_gets_tokens_as_soon_as_it_is_one(#[values(Sqlite, Postgres)] backend: Backend) {
    let two_way = TwoWay::on(backend).await;
    let tokens = two_way.link_both_ways().await;
    let program = &two_way.stage.program;
    let add = "client add --name Backend --client-id backend --redirect-uri https://b.example/cb --client-secret-stdin";
    program.tell(add, SECRET).done();
    let backend = two_way.stage.platform("backend", SECRET);
    assert_eq!(backend.partner_token(&tokens.access, &[]).await.error(), "invalid_request");
    program.run("client set backend --backend-of alexa").done();
    assert_eq!(backend.partner_token(&tokens.access, &[]).await.status, 200);
    let id = two_way.grant()["id"].as_str().unwrap().to_owned();
    let by_id = [("subject_token_type", "urn:couplet:token-type:grant-id")];
    assert_eq!(backend.partner_token(&id, &by_id).await.error(), "invalid_request");
    program.run("client set backend --exchange-grant-id").done();
    assert_eq!(backend.partner_token(&id, &by_id).await.status, 200);
}
