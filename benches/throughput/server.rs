//! Owns the server's process: the real program with a folder of its own and an otherwise empty environment.

use std::fs::{File, Permissions};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::postgres::free_port;

/// The bytes of the server's master key.
pub const MASTER_KEY: [u8; 32] = [7; 32];

/// An account at Twilio with an API key and its secret.
pub const TWILIO: (&str, &str, &str) =
    ("AC0123456789abcdef0123456789abcdef", "SKfedcba9876543210fedcba9876543210", "s3cr3tS3cr3tS3cr3tS3cr3tS3cr3t00");

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Names a file to which the server's log is added. Without it the log is written, which is part of the work, to nowhere: on
/// the disk it would stand in the way of the database.
const LOG: &str = "BENCH_SERVER_LOG";

/// A server that runs; it is killed when this value is dropped.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
}

impl Server {
    /// Starts one on a database and waits until it answers; tells also how long that took.
    pub fn start(folder: &Path, database_url: &str) -> (Self, Duration) {
        let key = folder.join("couplet.key");
        std::fs::write(&key, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n").unwrap();
        std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let log = std::env::var_os(LOG).unwrap_or_else(|| "/dev/null".into());
        let mut command = Command::new(env!("CARGO_BIN_EXE_couplet"));
        command
            .arg("serve")
            .current_dir(folder)
            .env_clear()
            .env("COUPLET_PUBLIC_URL", issuer(address))
            .env("COUPLET_LISTEN", address.to_string())
            .env("COUPLET_ADMIN_LISTEN", format!("127.0.0.1:{}", free_port()))
            .env("COUPLET_MASTER_KEY_FILE", key)
            // The load plays a proxy, so that people come from many addresses.
            .env("COUPLET_TRUSTED_PROXIES", "127.0.0.1")
            .env("COUPLET_TWILIO_ACCOUNT_SID", TWILIO.0)
            .env("COUPLET_TWILIO_API_KEY_SID", TWILIO.1)
            .env("COUPLET_TWILIO_API_KEY_SECRET", TWILIO.2)
            .env("DATABASE_URL", database_url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::options().create(true).append(true).open(log).unwrap());
        let began = Instant::now();
        let mut server = Self { address, child: command.spawn().unwrap() };
        while !server.answers() {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "no answer; name a file for its log in {LOG}");
            sleep(Duration::from_millis(1));
        }
        (server, began.elapsed())
    }

    /// The issuer of its tokens.
    pub fn issuer(&self) -> String {
        issuer(self.address)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it is ready: it answers, and its database does.
    fn answers(&self) -> bool {
        let ask = || -> std::io::Result<bool> {
            let mut stream = TcpStream::connect(self.address)?;
            stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
            let mut status = [0; 12];
            stream.read_exact(&mut status)?;
            Ok(status.ends_with(b"200"))
        };
        ask().unwrap_or(false)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn issuer(address: SocketAddr) -> String {
    format!("http://{address}")
}
