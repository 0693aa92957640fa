//! A SQLite file, or its folder, that the server may not write: told at start, with the file and the mend.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use rstest::rstest;
use sqlx::{Connection, Executor, SqliteConnection};

use crate::support::program::Program;
use crate::support::stage::Stage;

/// Runs as an owner whom permissions bind: root is let off only by these two capabilities.
fn bound_by_permissions(program: Program) -> Program {
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    program.by(if is_root { "exec setpriv --bounding-set=-dac_override,-dac_read_search" } else { "exec" })
}

/// Leaves the file alone in its folder: the last one to close a database takes its companions away.
async fn tidy(url: &str) {
    let mut database = SqliteConnection::connect(url).await.unwrap();
    database.execute("SELECT count(*) FROM users").await.unwrap();
    database.close().await.unwrap();
}

#[rstest]
#[case::file("data/couplet.db", 0o400, 0o600)]
#[case::folder("data", 0o500, 0o700)]
#[tokio::test]
async fn what_may_not_be_written_is_told_at_start(#[case] name: &str, #[case] closed: u32, #[case] open: u32) {
    let mut stage = Stage::of(bound_by_permissions(Program::new())).await;
    let tokens = stage.alexa().link(&stage.person()).await;
    stage.server.terminate();
    assert_eq!(stage.server.ended().await, Some(0));
    tidy(&stage.program.database_url()).await;
    let path = stage.program.folder.path().join(name);
    set_permissions(&path, Permissions::from_mode(closed)).unwrap();
    let ran = stage.program.run("serve");
    let told = ran.refused(1);
    assert!(told.contains("data/couplet.db") && told.contains("writable"), "{told}");
    let ran = stage.program.run("user list");
    assert!(ran.refused(1).contains("writable"), "commands tell the same");
    set_permissions(&path, Permissions::from_mode(open)).unwrap();
    // SQLite makes those beside the file with the file's permissions.
    for beside in ["data/couplet.db-wal", "data/couplet.db-shm"].map(|name| stage.program.folder.path().join(name)) {
        if beside.exists() {
            set_permissions(beside, Permissions::from_mode(0o600)).unwrap();
        }
    }
    let _server = stage.program.serve("serve").await;
    assert!(stage.alexa().is_active(&tokens.access).await);
}
