//! A shell script that outlives the test process just long enough to clean up after it, however that ends (`kill -9` too).
//! It owns the pipe the script watches and the questions sent over it; what the script starts and removes is its caller's.
#![expect(clippy::expect_used, reason = "a test whose server cannot be started must fail, and loudly")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

/// What every script begins with.
///
/// It may be answering when the test process dies: the broken pipe must not kill it before it has cleaned up.
const BEGINNING: &str = r#"
trap '' PIPE
say() { echo "$@" 2>/dev/null; }
"#;

/// A running script.
///
/// The script reads questions from its standard input, one a line, and answers each with one line by `say`:
/// `ok`, or `ok` and a result, or `failed` and a cause. At the end of its input it stops what it started and
/// removes what it wrote. The end comes when this value is dropped, and when the test process is gone: nobody
/// else holds the writing end of the pipe.
pub struct Watchdog {
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    _script: Child,
}

impl Watchdog {
    /// Starts `script` with `/bin/sh`, `variables` being its environment besides the inherited one.
    ///
    /// A script started by root can be made to run as another user; `user` is then its user and group id.
    pub fn start(script: &str, variables: &[(&str, &str)], user: Option<(u32, u32)>) -> Self {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", &format!("{BEGINNING}{script}")])
            .envs(variables.iter().copied())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A group of its own, so that Ctrl-C at the terminal does not kill the script before it has cleaned up.
            .process_group(0);
        if let Some((user_id, group_id)) = user {
            command.uid(user_id).gid(group_id);
        }
        let mut child = command.spawn().expect("/bin/sh can be started");
        let questions = child.stdin.take().expect("standard input is piped");
        let answers = child.stdout.take().expect("standard output is piped");
        Self { pipes: Mutex::new((questions, BufReader::new(answers))), _script: child }
    }

    /// Sends one question and waits for its answer: what follows `ok`, or as the error what follows `failed`.
    pub fn ask(&self, question: &str) -> Result<String, String> {
        let mut pipes = self.pipes.lock().expect("no other question panicked");
        let (questions, answers) = &mut *pipes;
        writeln!(questions, "{question}").map_err(|error| error.to_string())?;
        let mut answer = String::new();
        answers.read_line(&mut answer).map_err(|error| error.to_string())?;
        match answer.trim_end().split_once(' ') {
            Some(("ok", result)) => Ok(result.to_owned()),
            Some(("failed", cause)) => Err(cause.to_owned()),
            _ if answer.trim_end() == "ok" => Ok(String::new()),
            _ => Err(format!("the script ended or said something else: {answer:?}")),
        }
    }
}
