//! Login with Amazon on a free port of loopback: the strict stand-in of `rehearse`, and what can go wrong on the wire before it.
//! It owns connections, and when an answer leaves; what is answered is the stand-in's.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use couplet::app::SystemRandomness;
use couplet::model::time::Clock;
use couplet::rehearse::login_with_amazon::{Answer, LoginWithAmazon, TokenCall};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

use super::ledger;

/// The client id of the skill at Amazon.
pub const AMAZON_CLIENT: &str = "amzn1.application-oa2-client.test";
/// Its secret, with characters that need encoding.
pub const AMAZON_SECRET: &str = "amzn1.oa2-cs.v1.test+secret/with%20marks";

const TOKEN_PATH: &str = "/auth/o2/token";

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireFault {
    /// The request is read and never answered; a release closes the connection.
    Hang,
    /// The connection is closed before Amazon does anything.
    Close,
    /// Amazon makes tokens, and the connection is closed before the answer leaves.
    LoseAnswer,
    /// Amazon makes tokens, and the connection is closed in the middle of the answer.
    CutAnswer,
    /// A page with status 200.
    Html,
    /// Status 500.
    Broken,
    /// A redirect to another path of this server, which counts who comes there.
    Redirect,
    /// The right answer, this much later.
    Slow(Duration),
}

/// The server; it ends with this value. Codes, counters and logical faults are the stand-in's, to which this derefs.
pub struct Amazon {
    shared: Arc<Shared>,
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

struct Shared {
    logic: LoginWithAmazon,
    faults: Mutex<VecDeque<WireFault>>,
    always: Mutex<Option<WireFault>>,
    issued: Mutex<Vec<String>>,
    held: watch::Sender<bool>,
    releases: watch::Sender<usize>,
    arrived: watch::Sender<usize>,
    ready: watch::Sender<usize>,
    strayed: watch::Sender<usize>,
}

impl Deref for Amazon {
    type Target = LoginWithAmazon;

    fn deref(&self) -> &LoginWithAmazon {
        &self.shared.logic
    }
}

impl Amazon {
    /// Serves, with the clock of the server under test.
    pub fn start(clock: Arc<dyn Clock>) -> Self {
        let secret = AMAZON_SECRET.to_owned().into();
        let shared = Arc::new(Shared {
            logic: LoginWithAmazon::new(AMAZON_CLIENT, secret, clock, Arc::new(SystemRandomness)),
            faults: Mutex::default(),
            always: Mutex::default(),
            issued: Mutex::default(),
            held: watch::Sender::new(false),
            releases: watch::Sender::new(0),
            arrived: watch::Sender::new(0),
            ready: watch::Sender::new(0),
            strayed: watch::Sender::new(0),
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = shared.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = accept(TcpListener::from_std(listener).unwrap(), served) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { shared, address, _stop: stop }
    }

    /// The token URL.
    pub fn url(&self) -> String {
        format!("http://{}{TOKEN_PATH}", self.address)
    }

    /// Lets the next requests meet these faults, one each.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = WireFault>) {
        self.shared.faults.lock().unwrap().extend(faults);
    }

    /// Lets every request meet this fault; `None` mends it.
    pub fn fail_always(&self, fault: Option<WireFault>) {
        *self.shared.always.lock().unwrap() = fault;
    }

    /// Keeps answers back from now on, after Amazon has done its part.
    pub fn hold_answers(&self) {
        self.shared.held.send_replace(true);
    }

    /// Lets answers that were kept back go, and closes what hangs.
    pub fn release(&self) {
        self.shared.held.send_replace(false);
        self.shared.releases.send_modify(|releases| *releases += 1);
    }

    /// Every token that Amazon made, whether or not its answer was let go.
    pub fn issued(&self) -> Vec<String> {
        self.shared.issued.lock().unwrap().clone()
    }

    /// Requests that came whole, also those that met a fault.
    pub fn arrived(&self) -> usize {
        *self.shared.arrived.borrow()
    }

    /// Waits until so many requests have come whole.
    pub async fn until_arrived(&self, count: usize) {
        until(&self.shared.arrived, count, "requests").await;
    }

    /// Waits until Amazon has made so many answers, whether or not they were let go.
    pub async fn until_ready(&self, count: usize) {
        until(&self.shared.ready, count, "answers").await;
    }

    /// Fails unless everything that came was as Amazon wants it: nothing was refused, no redirect was followed.
    #[track_caller]
    pub fn assert_content(&self) {
        assert_eq!(self.seen().refused, Vec::<String>::new());
        assert_eq!(*self.shared.strayed.borrow(), 0, "requests to other paths");
    }
}

async fn until(counter: &watch::Sender<usize>, count: usize, what: &str) {
    let mut counted = counter.subscribe();
    let enough = tokio::time::timeout(Duration::from_secs(20), counted.wait_for(|seen| *seen >= count)).await;
    assert!(enough.is_ok(), "{} {what} came, not {count}", *counter.borrow());
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, shared.clone()));
    }
}

/// One request for each connection: a fault on one never touches another.
async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let Some((head, body)) = read(&mut stream).await else { return };
    let mut releases = shared.releases.subscribe();
    let next = shared.faults.lock().unwrap().pop_front();
    let fault = next.or(*shared.always.lock().unwrap());
    shared.arrived.send_modify(|arrived| *arrived += 1);
    if !head.starts_with(&format!("POST {TOKEN_PATH} ")) {
        shared.strayed.send_modify(|strayed| *strayed += 1);
        return say(&mut stream, 404, "Content-Type: text/plain", "nothing here").await;
    }
    match fault {
        Some(WireFault::Hang) => drop(releases.changed().await),
        Some(WireFault::Close) => {}
        Some(WireFault::Html) => say(&mut stream, 200, "Content-Type: text/html", "<!doctype html><p>Sorry").await,
        Some(WireFault::Broken) => say(&mut stream, 500, "Content-Type: text/plain", "broken").await,
        Some(WireFault::Redirect) => say(&mut stream, 302, "Location: /elsewhere", "").await,
        fault => answer(&mut stream, &shared, fault, &head, &body).await,
    }
}

async fn answer(stream: &mut TcpStream, shared: &Shared, fault: Option<WireFault>, head: &str, body: &[u8]) {
    let call =
        TokenCall { content_type: field(head, "content-type"), authorization: field(head, "authorization"), body };
    let Answer { status, content_type, body } = shared.logic.answer(&call);
    let json: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    let tokens = ["access_token", "refresh_token"].map(|name| json[name].as_str().map(str::to_owned));
    ledger::note_json(&json);
    ledger::note(AMAZON_SECRET);
    shared.issued.lock().unwrap().extend(tokens.into_iter().flatten());
    shared.ready.send_modify(|ready| *ready += 1);
    drop(shared.held.subscribe().wait_for(|held| !held).await);
    if let Some(WireFault::Slow(delay)) = fault {
        tokio::time::sleep(delay).await;
    }
    let whole = response(status, &format!("Content-Type: {content_type}"), &body);
    let sent = match fault {
        Some(WireFault::LoseAnswer) => 0,
        Some(WireFault::CutAnswer) => whole.len() - body.len() / 2,
        _ => whole.len(),
    };
    drop(stream.write_all(&whole.as_bytes()[..sent]).await);
}

async fn say(stream: &mut TcpStream, status: u16, header: &str, body: &str) {
    drop(stream.write_all(response(status, header, body).as_bytes()).await);
}

fn response(status: u16, header: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} .\r\n{header}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

/// Head and body of a request; nothing when the connection ends before it is whole.
async fn read(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(read[..end].to_vec()).ok()?;
            let length = field(&head, "content-length").map_or(0, |length| length.parse().unwrap());
            if read.len() >= end + 4 + length {
                return Some((head, read[end + 4..].to_vec()));
            }
        }
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
}

/// The value of a header field.
fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    fields.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
}
