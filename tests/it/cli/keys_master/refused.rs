//! What is refused, and what stops a rotation without harm.

use std::os::unix::fs::PermissionsExt;

use couplet::tokens::seal::Place;
use rstest::rstest;

use super::{NEW, OLD, ROTATE, assert_all_under, interrupt, sealer, values, write_key};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::program::Program;
use crate::support::rows::Rows;

#[rstest]
#[case::missing("nowhere.key", "does not exist")]
#[case::unreadable(".", "")]
#[case::too_short("short.key", "32 random bytes in base64")]
fn a_new_key_file_that_holds_no_key_is_refused(#[case] file: &str, #[case] words: &str) {
    let program = Program::new().set_up_to_serve();
    program.write("short.key", "aHVudGVyMg==\n");
    let ran = program.run(&format!("keys rotate-master --new-key-file {file}"));
    let told = ran.refused(2);
    assert!(told.starts_with("--new-key-file ") && told.contains(file) && told.contains(words), "{told}");
    assert!(told.contains("; ") && !told.contains("aHVudGVyMg"), "{told}");
}

#[test]
fn a_master_key_file_that_does_not_fit_begins_nothing() {
    let program = Program::new().set_up_to_serve();
    program.run("keys list").done();
    write_key(&program, "new.key", NEW);
    write_key(&program, "couplet.key", 9);
    assert!(program.run(ROTATE).refused(1).contains("another master key"));
    write_key(&program, "couplet.key", OLD);
    program.run("keys list").done();
}

#[rstest]
#[tokio::test]
async fn the_key_in_force_leaves_nothing_to_do(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = Program::on(backend).await.set_up_to_serve();
    let ran = program.run("keys rotate-master --new-key-file couplet.key");
    assert!(ran.done().contains("nothing to do") && ran.err.is_empty(), "{ran:?}");
    assert_all_under(OLD, &values(&program).await);
}

#[test]
fn a_new_key_that_others_can_read_is_warned_of() {
    let program = Program::new().set_up_to_serve();
    let file = program.folder.path().join("couplet.key");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ran = program.run("keys rotate-master --new-key-file couplet.key");
    ran.done();
    assert!(ran.err.contains("chmod 600"), "{ran:?}");
}

#[rstest]
#[tokio::test]
async fn another_new_key_waits_until_the_first_rotation_has_ended(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = Program::on(backend).await.set_up_to_serve();
    write_key(&program, "new.key", NEW);
    write_key(&program, "other.key", 9);
    interrupt(&program, ROTATE).await;
    for file in ["other.key", "couplet.key"] {
        let ran = program.run(&format!("keys rotate-master --new-key-file {file}"));
        let told = ran.refused(1);
        assert!(told.contains(&sealer(NEW).current().to_string()) && told.contains("; finish it with"), "{told}");
    }
    program.run(ROTATE).done();
    write_key(&program, "couplet.key", NEW);
    program.run("keys rotate-master --new-key-file other.key").done();
    assert_all_under(9, &values(&program).await);
}

#[rstest]
#[tokio::test]
async fn a_value_that_nothing_opens_is_named_and_the_rest_can_go_on(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = Program::on(backend).await.set_up_to_serve();
    write_key(&program, "new.key", NEW);
    program.run("keys list").done();
    program.tell("client add --preset alexa --vendor-id M2TESTVENDOR0 --client-id alexa", "").done();
    let place = Place { table: "partners", column: "client_secret", row: "alexa" };
    let mut rows = Rows::at(&program.database_url()).await;
    let foreign = rows.bytes(&sealer(9).seal(place, b"secret").unwrap());
    rows.change(&format!(
        "INSERT INTO partners VALUES ('alexa', 'lwa', 'https://example.com', 'us', {foreign}, '', 0)"
    ))
    .await;
    let ran = program.run(ROTATE);
    assert!(ran.code == Some(1) && ran.out.is_empty(), "{ran:?}");
    assert!(ran.err.contains("partners.client_secret of row alexa: ") && ran.err.contains("go on"), "{ran:?}");
    program.run("keys list").done();
    rows.change("DELETE FROM partners").await;
    program.run(ROTATE).done();
    assert_all_under(NEW, &values(&program).await);
}
