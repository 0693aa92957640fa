//! SQLite has no more room: writes are put off with a word in the log, reads go on, nothing breaks, and once there is room all is
//! well again.

use std::process::Command;

use futures_util::future::join_all;
use sqlx::{Connection, SqliteConnection};

use crate::support::person::Person;
use crate::support::platform::{Platform, Tokens, answer_parameter};
use crate::support::program::Program;
use crate::support::stage::Stage;

/// A file may grow to one mebibyte; then writing fails, as it does on a disk that is full.
const SMALL_DISK: &str = "trap '' XFSZ; ulimit -S -f 2048; exec";

/// Links until there is no room; gives what was acknowledged.
async fn link_until_full(alexa: &Platform, person: &Person) -> Vec<Tokens> {
    let mut linked = Vec::new();
    for _ in 0..500 {
        let page = person.link(&alexa.authorize(&[])).await;
        let (status, retry) = match answer_parameter(&page, "code") {
            None => (page.status, !page.header("retry-after").is_empty()),
            Some(code) => {
                let answer = alexa.exchange(&code, &[]).await;
                if answer.status == 200 {
                    linked.push(Tokens::from(&answer));
                    continue;
                }
                assert_eq!(answer.error(), "temporarily_unavailable");
                (answer.status, answer.headers.contains_key("retry-after"))
            }
        };
        assert_eq!((status.as_u16(), retry), (503, true));
        return linked;
    }
    panic!("there is room for everything");
}

async fn check_all(alexa: &Platform, linked: &[Tokens]) {
    for tokens in linked {
        assert_eq!(Tokens::from(&alexa.refresh(&tokens.refresh).await).refresh, tokens.refresh);
        assert!(alexa.is_active(&tokens.access).await);
    }
}

#[tokio::test]
async fn a_full_disk_costs_no_link_and_needs_no_restart() {
    let mut stage = Stage::of(Program::new().by(SMALL_DISK)).await;
    let (alexa, person) = (stage.alexa(), stage.person());
    alexa.link(&person).await;
    let linked = link_until_full(&alexa, &person).await;
    assert!(linked.len() > 5, "{}", linked.len());
    let log = stage.server.log();
    assert!(log.contains("storage failed") && log.contains("disk"), "{log}");
    check_all(&alexa, &linked).await;
    let (kept, ended) = linked.split_at(linked.len() - 4);
    // Those who write at the same moment share a transaction, which the disk fails as a whole.
    let refused = join_all(ended.iter().map(|tokens| alexa.revoke(&tokens.refresh))).await;
    assert!(refused.iter().all(|answer| answer.status == 503 || answer.status == 200));
    let room = ["--fsize=unlimited:unlimited", "--pid", &stage.server.id().to_string()].map(str::to_owned);
    assert!(Command::new("prlimit").args(room).status().unwrap().success());
    alexa.link(&person).await;
    for answer in join_all(ended.iter().map(|tokens| alexa.revoke(&tokens.refresh))).await {
        assert_eq!(answer.status, 200, "with room, they share one that succeeds");
    }
    assert!(!alexa.is_active(&ended[0].access).await);
    stage.server.kill().await;
    let path = stage.program.folder.path().join("data/couplet.db");
    let mut database = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let found: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut database).await.unwrap();
    assert_eq!(found, "ok");
    database.close().await.unwrap();
    let program = stage.program.by("exec");
    let _server = program.serve("serve").await;
    check_all(&alexa, kept).await;
}
