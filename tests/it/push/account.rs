//! `couplet push account …`: credentials of back ends on the command line.

use rstest::rstest;
use serde_json::json;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::program::Program;
use crate::support::push::Basic;
use crate::support::stage::Stage;

#[rstest]
#[case("delete AC0123456789abcdef0123456789abcdef", 1)]
#[case("delete everything", 2)]
fn an_account_that_is_not_there_is_told_with_where_to_look(#[case] command: &str, #[case] code: i32) {
    let ran = Program::new().run(&format!("push account {command}"));
    assert!(ran.refused(code).contains("couplet push account list"), "{ran:?}");
}

#[rstest]
#[tokio::test]
async fn an_account_opens_the_api_until_it_is_deleted(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let program = &stage.program;
    assert_eq!(program.run("push account list --json").json(), json!([]));
    let made = program.run("push account add --json").json();
    let (sid, token) = (made["account_sid"].as_str().unwrap(), made["auth_token"].as_str().unwrap());
    assert_eq!((sid.len(), token.len()), (34, 32));
    let list = program.run("push account list --json");
    assert_eq!((&list.json()[0]["account_sid"], list.json()[0].get("auth_token")), (&made["account_sid"], None));
    assert!(!list.out.contains(token) && !program.run("push account list").done().contains(token));
    let basic = Basic::new(&stage.server.url, sid, token);
    let service = basic.post("/v2/Services", &[("FriendlyName", "Owl Bank")]).await.made();
    assert_eq!(basic.get(&format!("/v2/Services/{service}")).await.status, 200);
    let shown = program.run("push account add").done().to_owned();
    assert!(shown.contains("account_sid  AC") && shown.contains("auth_token   "), "{shown}");
    // Sealed anew under another master key, it still opens the door.
    program.write("new.key", "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=\n");
    program.run("keys rotate-master --new-key-file new.key").done();
    assert_eq!(basic.get(&format!("/v2/Services/{service}")).await.status, 200);
    assert!(!stage.server.log().contains(token));
    program.run(&format!("push account delete {sid}")).done();
    assert_eq!(basic.get(&format!("/v2/Services/{service}")).await.refusal(), (401, 20003));
}
