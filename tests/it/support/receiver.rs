//! A receiver of webhooks on loopback: takes down what comes, and answers as the test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use couplet::model::parameters::Parameters;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What it says to a request.
#[derive(Clone, Debug)]
pub enum Says {
    /// An answer with this status.
    Status(u16),
    /// A redirect to there.
    Redirect(String),
    /// Nothing, with the connection kept open.
    Nothing,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Came {
    /// Method and target.
    pub line: String,
    /// All headers, names in small letters.
    pub headers: Vec<(String, String)>,
    /// The form.
    pub form: Vec<(String, String)>,
}

impl Came {
    /// The value of a header.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The value of a parameter.
    pub fn value(&self, name: &str) -> &str {
        self.form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

/// A receiver; it listens as long as its runtime lives.
#[derive(Clone)]
pub struct Receiver {
    /// Its address, with a query.
    pub url: String,
    came: Arc<Mutex<Vec<Came>>>,
    says: Arc<Mutex<VecDeque<Says>>>,
}

impl Receiver {
    /// Says these things in turn, and 200 when it has said all.
    pub async fn saying(says: impl IntoIterator<Item = Says>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?from=couplet", listener.local_addr().unwrap());
        let says = Arc::new(Mutex::new(says.into_iter().collect()));
        let receiver = Self { url, came: Arc::default(), says };
        let listening = receiver.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(listening.clone().serve(stream));
            }
        });
        receiver
    }

    async fn serve(self, mut stream: TcpStream) {
        let Some(came) = read(&mut stream).await else { return };
        self.came.lock().unwrap().push(came);
        let says = self.says.lock().unwrap().pop_front().unwrap_or(Says::Status(200));
        let answer = match says {
            Says::Status(status) => format!("HTTP/1.1 {status} X\r\n"),
            Says::Redirect(to) => format!("HTTP/1.1 307 X\r\nLocation: {to}\r\n"),
            Says::Nothing => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                return;
            }
        };
        let answer = format!("{answer}Content-Length: 0\r\nConnection: close\r\n\r\n");
        drop(stream.write_all(answer.as_bytes()).await);
    }

    /// What came so far.
    pub fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }

    /// Waits until so many came.
    pub async fn until(&self, many: usize) -> Vec<Came> {
        let began = Instant::now();
        while self.came().len() < many {
            assert!(began.elapsed() < Duration::from_secs(30), "only {:?}", self.came());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.came()
    }
}

async fn read(stream: &mut TcpStream) -> Option<Came> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let line = lines.next()?.to_owned();
            let pair = |line: &str| line.split_once(": ").map(|(key, value)| (key.to_lowercase(), value.to_owned()));
            let headers: Vec<(String, String)> = lines.filter_map(pair).collect();
            let length = headers.iter().find(|(key, _)| key == "content-length")?.1.parse::<usize>().ok()?;
            if body.len() >= length {
                return Some(Came { line, headers, form: Parameters::parse(body.as_bytes()).ok()?.into_pairs() });
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&chunk[..read]),
            _ => return None,
        }
    }
}
