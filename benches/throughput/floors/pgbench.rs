//! Owns the floors on PostgreSQL: pgbench with one prepared statement, on the server and the table that Couplet uses.
//!
//! The rows are found by random ids, as Couplet's are. pgbench knows numbers only, so the database makes an id from a number.

use std::process::Command;
use std::time::Duration;

use couplet::model::ids::GrantId;
use couplet::model::secret::TokenSecret;
use couplet::tokens::opaque::AuthorizationCode;
use uuid::Uuid;

use super::{Floor, What};
use crate::copies::Database;
use crate::links::Links;
use crate::machine;
use crate::stage::{Backend, Stage};

/// As in `src/store/sql/grants.rs`; the values are bound, and each row is changed once.
const UPDATE: &str = "UPDATE grants SET state = 'active', redeemed_at = :now, last_used_at = :now, refresh_hash = :refresh \
     WHERE id = CAST(md5(CAST(:id AS text)) AS uuid) AND state = 'issued' AND code_hash = :code AND code_expires_at > :now";

const LOOK_UP: &str = "SELECT * FROM grants WHERE id = CAST(md5(CAST(:id AS text)) AS uuid)";

/// Rows among which is looked up.
const ROWS: usize = 20_000;

/// The secret behind every row's code.
const SECRET: [u8; 32] = [9; 32];

/// Runs that only connect.
const CONNECTING: usize = 3;

/// Ids of one run lie between one multiple of this and the next.
const RANGE: usize = 100_000_000;

/// Runs one statement over so many connections.
pub fn run(stage: &Stage, what: What, connections: usize, time: Duration) -> Floor {
    let seconds = time.as_secs_f64();
    let a_second = match (what, connections) {
        (What::Update, 1) => 2000,
        (What::Update, _) => 16_000 / connections,
        (_, 1) => 8000,
        (_, _) => 48_000 / connections,
    };
    let turns = (f64::from(u32::try_from(a_second).unwrap()) * seconds) as usize;
    let first = RANGE * connections + if what == What::Update { 0 } else { RANGE / 2 };
    let each = CONNECTING + turns;
    let numbers: Vec<usize> = match what {
        What::Update => (0..connections).flat_map(|client| (0..each).map(move |n| first + client * each + n)).collect(),
        _ => (0..ROWS).map(|n| first + n).collect(),
    };
    let ids = make_rows(stage, &numbers);
    let program = Program { stage, what, connections, first, each };
    // What connecting costs is found out by runs of one turn, and taken off.
    let overhead = (0..CONNECTING).map(|begin| program.run(begin, 1).1).min().unwrap();
    let (rate, cpu) = program.run(CONNECTING, turns);
    if what == What::Update {
        assert_eq!(stage.runtime.block_on(stage.database.count_active(&ids)), numbers.len(), "every row was changed");
    }
    let more = (turns - 1) * connections;
    let cpu = cpu.saturating_sub(overhead).as_secs_f64() * 1e6 / more as f64;
    Floor { what, backend: Some(Backend::Postgres), connections, rate, cpu }
}

fn make_rows(stage: &Stage, numbers: &[usize]) -> Vec<Uuid> {
    let ids = stage.runtime.block_on(stage.database.ids_of(numbers));
    let code = |id: &Uuid| AuthorizationCode { grant_id: GrantId(*id), secret: TokenSecret::from_bytes(SECRET) };
    Links::of(stage, "stable", ids.iter().map(code).collect());
    ids
}

struct Program<'a> {
    stage: &'a Stage,
    what: What,
    connections: usize,
    first: usize,
    each: usize,
}

impl Program<'_> {
    /// Each connection's turns from its `begin`th on; gives transactions a second and the database's CPU time.
    fn run(&self, begin: usize, turns: usize) -> (f64, Duration) {
        let parent = self.stage.processes.database.unwrap();
        // It lies beside the server's own program.
        let folder = std::fs::read_link(format!("/proc/{parent}/exe")).unwrap().parent().unwrap().to_owned();
        let script = self.stage.folder.path().join("pgbench.sql");
        std::fs::write(&script, self.script()).unwrap();
        let hex = |bytes: &[u8]| bytes.iter().fold("\\x".to_owned(), |text, byte| format!("{text}{byte:02x}"));
        let hash = hex(TokenSecret::from_bytes(SECRET).hash().as_bytes());
        let number = |name: &str, value: usize| format!("--define={name}={value}");
        let mut command = Command::new(folder.join("pgbench"));
        command
            .args(["--no-vacuum", "--protocol=prepared", "--jobs", if self.connections == 1 { "1" } else { "2" }])
            .arg(format!("--client={}", self.connections))
            .arg(format!("--transactions={turns}"))
            .arg(format!("--file={}", script.display()))
            .args([number("first", self.first), number("each", self.each), number("n", begin)])
            .args([number("rows", ROWS), number("now", 1_700_000_000_000)])
            .args([format!("--define=code={hash}"), format!("--define=refresh={hash}")])
            .arg(&self.stage.url);
        let before = machine::cpu_of_family(parent);
        let output = command.output().expect("pgbench is installed; it comes with PostgreSQL's server or `contrib`");
        let cpu = machine::cpu_of_family(parent).saturating_sub(before);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let failed = || panic!("pgbench: {text} {}", String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            failed();
        }
        let rate = text.lines().rev().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        (rate.unwrap_or_else(failed), cpu)
    }

    fn script(&self) -> String {
        match self.what {
            What::Update => {
                format!("\\set id :first + :client_id * :each + :n\n\\set n :n + 1\n{UPDATE};\n")
            }
            _ => format!("\\set id :first + random(0, :rows - 1)\n{LOOK_UP};\n"),
        }
    }
}

impl Database {
    /// The ids that the statements above make of numbers.
    async fn ids_of(&self, numbers: &[usize]) -> Vec<Uuid> {
        let numbers: Vec<i64> = numbers.iter().map(|number| i64::try_from(*number).unwrap()).collect();
        let ids = sqlx::query_scalar("SELECT CAST(md5(CAST(n AS text)) AS uuid) FROM UNNEST($1) n").bind(numbers);
        ids.fetch_all(self.postgres()).await.unwrap()
    }

    async fn count_active(&self, ids: &[Uuid]) -> usize {
        let count = "SELECT count(*) FROM grants WHERE id = ANY($1) AND state = 'active'";
        let count: i64 = sqlx::query_scalar(count).bind(ids).fetch_one(self.postgres()).await.unwrap();
        count.try_into().unwrap()
    }
}
