//! Empty PostgreSQL databases for tests, on one throw-away server per test process or on the one `DATABASE_URL` names.
//! It owns finding, starting and ending that server; tables and rows are its callers'.
#![expect(clippy::expect_used, clippy::panic, reason = "a test without its database must fail, and loudly")]

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use url::Url;

use super::ledger;
use super::watchdog::Watchdog;

/// What the script does with `create`, `start PORT SETTINGS…`, `stop MODE`, and at the end of its input.
const SERVER_SCRIPT: &str = r#"
folder=$(mktemp -d -t couplet-postgres.XXXXXX 2>/dev/null || mktemp -d /tmp/couplet-postgres.XXXXXX) || exit
data="$folder/data" log="$folder/log"
if [ -n "$LEDGER" ]; then touch "$LEDGER/awaited.$$"; fi
answer() {
    if "$@" </dev/null >>"$log" 2>&1; then say ok; else say "failed $(tail -n 15 "$log" | tr '\n' ' ')"; fi
}
create() {
    "$BIN/initdb" --pgdata="$data" --auth=trust --username=postgres --encoding=UTF8 --locale=C --no-sync
}
start() {
    "$BIN/pg_ctl" start --wait --pgdata="$data" --log="$log" \
        --options="-c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder -c port=$*"
}
stop() {
    "$BIN/pg_ctl" stop --wait --pgdata="$data" --mode="$1"
}
while read -r question arguments; do
    case "$question" in
        create) answer create ;;
        start) answer start $arguments ;;
        stop) answer stop $arguments ;;
    esac
done
if [ -n "$LEDGER" ]; then
    stop fast >/dev/null 2>&1
    cp "$log" "$LEDGER/logs/$$-postgres"
    # The first 16384 numbers are those of PostgreSQL's own tables, the same in every database.
    find "$data/base" -type f -name '[0-9]*' | while read -r file; do
        number="${file##*/}"
        if [ "${number%%[._]*}" -ge 16384 ]; then cat "$file"; fi
    done >"$LEDGER/databases/$$-postgres"
    rm "$LEDGER/awaited.$$"
fi
stop immediate >/dev/null 2>&1
rm -rf "$folder"
"#;

/// What the script does with a database's name: it drops that database at the end of its input, if `psql` is there.
const DROP_SCRIPT: &str = r#"
names=
while read -r name; do names="$names $name"; say ok; done
for name in $names; do
    psql --quiet --no-psqlrc --dbname="$SERVER_URL" --command="DROP DATABASE IF EXISTS $name WITH (FORCE)"
done >/dev/null 2>&1
"#;

/// Settings of a server whose data nobody needs after a crash.
const FAST: &str = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off";

/// The URL of a new empty database.
///
/// It lives on the server that `DATABASE_URL` names, when that is a `postgres://` URL, else on a server of this test
/// process that is started on first use. Either way it is gone soon after the test process.
pub async fn fresh_database() -> String {
    let server = in_background(SharedServer::get).await;
    let mut connection = PgConnection::connect(&server.url)
        .await
        .unwrap_or_else(|error| panic!("{} does not answer: {error}", server.url));
    let name: String = sqlx::query_scalar("SELECT 'couplet_test_' || replace(gen_random_uuid()::text, '-', '')")
        .fetch_one(&mut connection)
        .await
        .expect("PostgreSQL makes a name");
    if let Some(dropper) = &server.dropper {
        dropper.ask(&name).expect("the name is noted for the end");
    }
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    connection.execute(sqlx::raw_sql(create)).await.unwrap_or_else(|error| panic!("{name} cannot be created: {error}"));
    connection.close().await.expect("the connection closes");
    let mut url = Url::parse(&server.url).expect("the server's URL was accepted above");
    url.set_path(&name);
    url.into()
}

/// Runs a function that blocks, without holding up the caller's other tasks.
pub async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// The server that all tests of this process share.
struct SharedServer {
    url: String,
    /// Only for a server that stays when the tests end.
    dropper: Option<Watchdog>,
    _own: Option<Server>,
}

impl SharedServer {
    fn get() -> &'static Self {
        static SHARED: OnceLock<SharedServer> = OnceLock::new();
        SHARED.get_or_init(|| match std::env::var("DATABASE_URL") {
            Ok(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Self { dropper: Some(Watchdog::start(DROP_SCRIPT, &[("SERVER_URL", &url)], None)), url, _own: None }
            }
            _ => {
                let server = Server::start(&format!("-c max_connections=300 {FAST}"));
                Self { url: server.url(), dropper: None, _own: Some(server) }
            }
        })
    }
}

/// A server in a folder of its own under the temporary folder; both are gone when this value or the process is.
pub struct Server {
    pub(super) watchdog: Watchdog,
    pub(super) port: u16,
}

impl Server {
    /// Creates and starts a server with `settings` in the form `-c name=value …`.
    pub fn start(settings: &str) -> Self {
        let programs = server_programs().unwrap_or_else(|| {
            panic!(
                "PostgreSQL's server programs (initdb, pg_ctl, postgres) are missing; install them with: \
                 sudo apt-get update && sudo apt-get install --yes postgresql"
            )
        });
        let programs = programs.to_str().expect("PostgreSQL's folder has a name in UTF-8");
        let ledger = ledger::folder().map(|folder| folder.to_str().expect("the ledger has a name in UTF-8"));
        let variables = [("BIN", programs), ("LEDGER", ledger.unwrap_or_default())];
        let watchdog = Watchdog::start(SERVER_SCRIPT, &variables, server_user());
        watchdog.ask("create").unwrap_or_else(|cause| panic!("PostgreSQL's data folder cannot be created: {cause}"));
        let mut server = Self { watchdog, port: 0 };
        let mut cause = String::new();
        for _ in 0..5 {
            server.port = free_port();
            let start = format!("start {} {settings}", server.port);
            match server.watchdog.ask(&start) {
                Ok(_) => return server,
                Err(failure) => cause = failure,
            }
        }
        panic!("PostgreSQL does not start: {cause}")
    }

    /// The URL of the server's own database `postgres`.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

/// A loopback port that nothing uses.
///
/// It lies below the ports that systems hand out by themselves, so that a server that is stopped and started again
/// finds its port still free.
pub fn free_port() -> u16 {
    static TRIES: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(31);
    loop {
        let candidate = first.wrapping_add(TRIES.fetch_add(1, Ordering::Relaxed)) % 16_000 + 16_000;
        let port = u16::try_from(candidate).expect("the candidate is below 32,000");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// The folder with PostgreSQL's server programs.
///
/// The search path comes last: a `pg_ctl` found there may be a wrapper without the rest of its installation.
fn server_programs() -> Option<PathBuf> {
    let configured = output_of("pg_config", "--bindir").map(PathBuf::from);
    let mut packaged: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    packaged.sort();
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    configured
        .into_iter()
        .chain(packaged.into_iter().rev().map(|(_, folder)| folder))
        .chain(std::env::split_paths(&search_path))
        .find(|folder| has_server_programs(folder))
}

fn has_server_programs(folder: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.join(program).is_file())
}

/// User and group id to run the server as: PostgreSQL refuses to run as root.
fn server_user() -> Option<(u32, u32)> {
    if output_of("id", "-u")? != "0" {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd is readable");
    let ids_of = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map(str::parse);
        Some((ids.next()?.ok()?, ids.next()?.ok()?))
    };
    let ids = ids_of("postgres").or_else(|| ids_of("nobody"));
    Some(ids.expect("there is a user postgres or nobody to run PostgreSQL as"))
}

/// What a program prints, without the line's end; none when it is missing or fails.
fn output_of(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
