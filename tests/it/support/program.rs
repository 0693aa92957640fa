//! The real program, run in a folder of its own with an empty environment.
//! It owns starting, feeding and ending its processes; what they must say is the tests'.

use std::fs::{File, Permissions};
use std::io::{PipeReader, PipeWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::app::Backend;
use super::ledger;
use super::postgres::{free_port, fresh_database};

/// How long a process may take to be ready, or to end, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The master key of the tests' servers.
const MASTER_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n";

/// The program with its folder and environment.
pub struct Program {
    /// Where it runs.
    pub folder: TempDir,
    variables: Vec<(String, String)>,
    shell: Option<String>,
}

impl Drop for Program {
    /// Standard output is not kept: it is where a new secret is told, once and on purpose. Logs are on standard error.
    fn drop(&mut self) {
        if ledger::folder().is_none() {
            return;
        }
        ledger::note(MASTER_KEY.trim_end());
        let entries = std::fs::read_dir(self.folder.path()).into_iter().flatten().flatten().map(|entry| entry.path());
        entries
            .filter(|path| path.extension().is_some_and(|end| end == "err"))
            .for_each(|log| ledger::keep("logs", &log));
        ledger::keep_sqlite(&self.folder.path().join("data/couplet.db"));
    }
}

/// What a command that ended left behind.
#[derive(Debug)]
pub struct Ran {
    /// The exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// A server that runs; it is killed when this value is dropped.
pub struct Running {
    /// Its public URL, without a slash at its end.
    pub url: String,
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Program {
    /// In an empty folder, without any configuration.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new(), shell: None }
    }

    /// With an empty database: the embedded one in the folder, or one on a server.
    pub async fn on(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::new(),
            Backend::Postgres => Self::new().with("DATABASE_URL", &fresh_database().await),
        }
    }

    /// With an environment variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Run by a shell command that ends in `exec`, and that may change what the program is allowed.
    pub fn by(mut self, shell: &str) -> Self {
        self.shell = Some(format!("{shell} \"$0\" \"$@\""));
        self
    }

    /// With all that `serve` and `dev` need, on ports of their own.
    pub fn set_up_to_serve(self) -> Self {
        self.write("couplet.key", MASTER_KEY);
        let (port, admin) = (free_port(), free_port());
        self.with("COUPLET_PUBLIC_URL", &format!("http://127.0.0.1:{port}"))
            .with("COUPLET_LISTEN", &format!("127.0.0.1:{port}"))
            .with("COUPLET_ADMIN_LISTEN", &format!("127.0.0.1:{admin}"))
            .with("COUPLET_MASTER_KEY_FILE", "couplet.key")
    }

    /// The value of a variable.
    pub fn variable(&self, name: &str) -> &str {
        let found = self.variables.iter().rev().find(|(set, _)| set == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// Its database, for other connections.
    pub fn database_url(&self) -> String {
        match self.variable("DATABASE_URL") {
            "" => format!("sqlite:{}", self.folder.path().join("data/couplet.db").display()),
            url => url.to_owned(),
        }
    }

    /// Whether it has made anything in its data directory.
    pub fn has_data(&self) -> bool {
        self.folder.path().join("data").exists()
    }

    /// Writes a file into the folder, for its owner alone.
    pub fn write(&self, name: &str, text: &str) -> File {
        let mut file = File::create(self.folder.path().join(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.set_permissions(Permissions::from_mode(0o600)).unwrap();
        file
    }

    /// Runs a command, its arguments separated by blanks.
    pub fn run(&self, arguments: &str) -> Ran {
        self.tell(arguments, "")
    }

    /// The same with something to read from standard input. A command that does not end is a failure.
    pub fn tell(&self, arguments: &str, input: &str) -> Ran {
        let mut running = self.spawn(arguments, Stdio::piped());
        input.lines().for_each(ledger::note);
        // A command that reads nothing may have ended by now.
        drop(running.child.stdin.take().unwrap().write_all(input.as_bytes()));
        let began = Instant::now();
        let status = loop {
            match running.child.try_wait().unwrap() {
                Some(status) => break status,
                None => std::thread::sleep(Duration::from_millis(2)),
            }
            assert!(began.elapsed() < PATIENCE, "`{arguments}` does not end: {} {}", running.out(), running.log());
        };
        let ran = Ran { code: status.code(), out: running.out(), err: std::fs::read_to_string(&running.err).unwrap() };
        serde_json::from_str(&ran.out).iter().for_each(ledger::note_json);
        ran
    }

    /// Starts a server without waiting for it.
    pub fn start(&self, arguments: &str) -> Running {
        self.spawn(arguments, Stdio::null())
    }

    /// Starts another server process on the same database, on ports of its own, and waits until it answers.
    pub async fn serve_beside(&self) -> Running {
        let listen = format!("127.0.0.1:{}", free_port());
        let admin = format!("127.0.0.1:{}", free_port());
        let mut command = self.command("serve");
        command.env("COUPLET_LISTEN", &listen).env("COUPLET_ADMIN_LISTEN", admin);
        let mut running = self.spawn_command(command, Stdio::null(), &listen);
        running.ready().await;
        running
    }

    /// Starts a server whose standard error nobody reads, unless the test begins to, and waits until it answers.
    pub async fn serve_unheard(&self) -> (Running, PipeReader) {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut running =
            self.spawn_into(self.command("serve"), Stdio::null(), self.variable("COUPLET_LISTEN"), writer);
        running.ready().await;
        (running, reader)
    }

    fn spawn(&self, arguments: &str, stdin: Stdio) -> Running {
        self.spawn_command(self.command(arguments), stdin, self.variable("COUPLET_LISTEN"))
    }

    fn spawn_command(&self, command: Command, stdin: Stdio, listen: &str) -> Running {
        self.spawn_into(command, stdin, listen, None)
    }

    /// With standard error in a pipe, or else in a file.
    fn spawn_into(
        &self,
        mut command: Command,
        stdin: Stdio,
        listen: &str,
        stderr: impl Into<Option<PipeWriter>>,
    ) -> Running {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let path = |end: &str| self.folder.path().join(format!("{number}.{end}"));
        let (out, err) = (path("out"), path("err"));
        command.stdin(stdin).stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        if let Some(pipe) = stderr.into() {
            command.stderr(pipe);
        }
        let child = command.spawn().unwrap();
        Running { url: format!("http://{listen}"), child, out, err }
    }

    /// Starts a server and waits until it answers.
    pub async fn serve(&self, arguments: &str) -> Running {
        let mut running = self.start(arguments);
        running.ready().await;
        running
    }

    fn command(&self, arguments: &str) -> Command {
        let binary = env!("CARGO_BIN_EXE_couplet");
        let mut command = Command::new(if self.shell.is_some() { "/bin/sh" } else { binary });
        if let Some(shell) = &self.shell {
            command.args(["-c", shell, binary]);
        }
        command.args(arguments.split_whitespace()).current_dir(self.folder.path()).env_clear();
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env("PATH", path).envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Ran {
    /// What it printed; it must have succeeded.
    #[track_caller]
    pub fn done(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        &self.out
    }

    /// What it printed as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(self.done()).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    /// The one line it complained with; it must have ended with that exit code and printed nothing.
    #[track_caller]
    pub fn refused(&self, code: i32) -> &str {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        self.err.trim_end().strip_prefix("couplet: ").unwrap_or_else(|| panic!("{self:?}"))
    }
}

impl Running {
    /// Waits until it answers at `/healthz`.
    pub async fn ready(&mut self) {
        let began = Instant::now();
        let healthz = format!("{}/healthz", self.url);
        while reqwest::get(&healthz).await.is_err() {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "{ended:?} {} {}", self.out(), self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What it has printed so far.
    pub fn out(&self) -> String {
        std::fs::read_to_string(&self.out).unwrap()
    }

    /// What it has logged so far. Lines are written a moment after they are made.
    pub fn log(&self) -> String {
        let read = || std::fs::read_to_string(&self.err).unwrap();
        let mut log = read();
        for _ in 0..50 {
            std::thread::sleep(Duration::from_millis(20));
            let later = read();
            if later == log {
                break;
            }
            log = later;
        }
        log
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, as an init system does.
    pub fn terminate(&self) {
        let killed = Command::new("/bin/sh").args(["-c", "kill -TERM \"$0\"", &self.child.id().to_string()]).status();
        assert!(killed.unwrap().success());
    }

    /// Ends it at once, wherever it is, as a power cut does.
    pub async fn kill(&mut self) {
        self.child.kill().unwrap();
        self.ended().await;
    }

    /// Waits for its end; gives the exit code.
    pub async fn ended(&mut self) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < PATIENCE, "it does not end: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
