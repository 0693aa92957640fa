//! Users on the command line, and what it does to their browsers and links.

use rstest::rstest;
use serde_json::json;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, TestApp};
use crate::support::program::Program;
use crate::support::push::Device;
use crate::support::stage::Stage;

#[rstest]
#[case::short("ada --password-stdin", "hunter2", "too short")]
#[case::empty("ada --password-stdin", "\n", "empty")]
#[case::nothing("ada --password-stdin", "", "empty")]
#[case::phone("ada --phone 0800", "", "--phone")]
#[case::email("ada --email nowhere", "", "--email")]
fn what_can_not_be_taken_is_named(#[case] arguments: &str, #[case] input: &str, #[case] words: &str) {
    let program = Program::new();
    let ran = program.tell(&format!("user add {arguments}"), input);
    assert!(ran.refused(2).contains(words), "{ran:?}");
    assert!(!ran.err.contains("hunter2"), "{ran:?}");
    assert!(!program.has_data());
}

#[rstest]
#[case("show nobody")]
#[case("set-password nobody")]
#[case("disable nobody")]
#[case("enable nobody")]
#[case("delete nobody")]
#[case("show 00000000-0000-4000-8000-000000000000")]
fn an_unknown_user_is_told_with_where_to_look(#[case] command: &str) {
    let ran = Program::new().run(&format!("user {command}"));
    assert!(ran.refused(1).contains("couplet user list"), "{ran:?}");
}

#[rstest]
#[tokio::test]
async fn the_same_login_in_another_case_is_taken(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = Program::on(backend).await;
    program.tell("user add Ada --password-stdin", PASSWORD).done();
    for login in ["Ada", "ada", "ADA"] {
        let ran = program.tell(&format!("user add {login} --password-stdin"), "another password");
        assert!(ran.refused(1).contains(login), "{ran:?}");
    }
    assert_eq!(program.run("user list --json").json().as_array().unwrap().len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_user_is_added_shown_and_listed(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = Program::on(backend).await;
    assert_eq!(program.run("user list --json").json(), json!([]));
    let add = "user add Ada --phone +14155550100 --email ada@example.com --password-stdin --json";
    let ada = program.tell(add, PASSWORD).json();
    let id = ada["user_id"].as_str().unwrap();
    assert_eq!((id.len(), &id[14..15]), (36, "4"), "a random UUID: {id}");
    let expected = ("Ada", "+14155550100", "ada@example.com");
    let text = |name: &str| ada[name].as_str().unwrap().to_owned();
    assert_eq!((&*text("login"), &*text("phone"), &*text("email")), expected);
    for name in ["ada", id] {
        assert_eq!(program.run(&format!("user show {name} --json")).json(), ada);
    }
    program.run("user add brian").done();
    let list = program.run("user list --json").json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    let mut listed = ada.clone();
    assert_eq!(listed.as_object_mut().unwrap().remove("devices"), Some(json!(0)));
    assert!(list.as_array().unwrap().contains(&listed), "{list}");
    assert_eq!(program.run("user list").done().lines().count(), 2);
}

#[test]
fn neither_password_nor_hash_is_ever_printed() {
    let program = Program::new();
    for command in ["add ada --password-stdin", "set-password ada", "show ada --json", "show ada", "list --json"] {
        let ran = program.tell(&format!("user {command}"), PASSWORD);
        ran.done();
        assert!(!format!("{ran:?}").contains("correct horse") && !ran.out.contains("argon2"), "{ran:?}");
    }
}

#[rstest]
#[tokio::test]
async fn a_new_password_ends_browser_sessions_and_leaves_links(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let person = stage.person();
    let tokens = stage.alexa().link(&person).await;
    let account = format!("{}/account", stage.server.url);
    assert!(!person.open(&account).await.has("input[name=password]"), "signed in by linking");
    stage.program.tell("user set-password alice", "another good password\n").done();
    let page = person.open(&account).await;
    assert!(page.has("input[name=password]"), "signed out");
    let page = person.sign_in(&page, ALICE, PASSWORD).await;
    assert!(page.has("[role=alert]"), "the former password is wrong");
    assert!(!person.sign_in(&page, ALICE, "another good password").await.has("input[name=password]"));
    assert_eq!(stage.alexa().refresh(&tokens.refresh).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn a_disabled_user_is_out_everywhere_until_enabled(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let (person, alexa) = (stage.person(), stage.alexa());
    let tokens = alexa.link(&person).await;
    stage.program.run("user disable alice").done();
    assert_eq!(stage.program.run("user show alice --json").json()["disabled"], true);
    assert_eq!(alexa.refresh(&tokens.refresh).await.error(), "invalid_grant");
    assert!(!alexa.is_active(&tokens.access).await);
    let page = person.open(&format!("{}/account", stage.server.url)).await;
    assert!(person.sign_in(&page, ALICE, PASSWORD).await.has("[role=alert]"), "no signing in");
    stage.program.run("user enable alice").done();
    assert_eq!(alexa.refresh(&tokens.refresh).await.status, 200, "the link has outlived it");
}

#[rstest]
#[tokio::test]
async fn a_deleted_user_is_gone_with_all_links(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let tokens = stage.alexa().link(&stage.person()).await;
    stage.program.run("user delete alice").done();
    assert_eq!(stage.alexa().refresh(&tokens.refresh).await.error(), "invalid_grant");
    assert_eq!(stage.program.run("grant list --json").json(), json!([]));
    stage.program.run("user show alice").refused(1);
    stage.program.run("user add alice").done();
}

#[rstest]
#[tokio::test]
async fn approval_is_switched_and_shown_with_the_number_of_devices(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = Program::on(backend).await;
    program.run("user add ada").done();
    let shown = |what: &str| program.run("user show ada --json").json()[what].clone();
    assert_eq!((shown("approval"), shown("devices")), (json!(false), json!(0)));
    let ran = program.run("user set-approval ada on");
    assert!(ran.done().contains("has to approve sign-ins on a device"), "{ran:?}");
    assert!(ran.err.contains("has no device yet"), "{ran:?}");
    assert_eq!(shown("approval"), json!(true));
    assert!(program.run("user show ada").done().contains("approval"));
    program.run("user set-approval ada off").done();
    assert_eq!(shown("approval"), json!(false));
    program.run("user set-approval ada perhaps").refused(2);
    assert!(program.run("user set-approval nobody on").refused(1).contains("couplet user list"));
}

#[rstest]
#[tokio::test]
async fn a_deleted_user_takes_the_devices_along(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let id = app.add_user("ada").await;
    Device::of_own(&app, id, "Ada's phone").await;
    let program = Program::new().with("DATABASE_URL", &app.database.url);
    assert_eq!(program.run("user show ada --json").json()["devices"], json!(1));
    program.run("user delete ada").done();
    assert!(app.app.push.devices_of(id).await.unwrap().is_empty());
}
