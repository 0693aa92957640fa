//! Owns the server's process: the real program with a folder of its own and an otherwise empty environment.

use std::fs::{File, Permissions};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use std::io::{Read, Write};

use crate::support::postgres::free_port;

/// The bytes of the server's master key.
pub const MASTER_KEY: [u8; 32] = [7; 32];

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that runs; it is killed when this value is dropped.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts one on a database and waits until it answers; tells also how long that took.
    pub fn start(folder: &std::path::Path, database_url: &str) -> (Self, Duration) {
        let key = folder.join("couplet.key");
        std::fs::write(&key, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n").unwrap();
        std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let log = folder.join(format!("{}.log", address.port()));
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
            .env("DATABASE_URL", database_url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap());
        let began = Instant::now();
        let mut server = Self { address, child: command.spawn().unwrap(), log };
        while !server.answers() {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "no answer: {}", server.log());
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

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
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
