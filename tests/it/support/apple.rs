//! The Apple Push Notification service on a free port of loopback, over HTTP/2. It checks provider tokens strictly, and keeps
//! what it got.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use couplet::model::time::Clock;
use couplet::push::senders::apns::Apple as Settings;
use couplet::tokens::assertion::AssertionKey;
use http::{HeaderMap, Request, Response};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use super::ledger;

/// The app.
pub const TOPIC: &str = "com.example.owl";
/// The key's name.
pub const KEY_ID: &str = "ABC123DEFG";
/// Whose it is.
pub const TEAM_ID: &str = "DEF123GHIJ";

/// A message that came with a good provider token.
#[derive(Clone, Debug)]
pub struct Came {
    pub path: String,
    pub headers: HeaderMap,
    pub json: Value,
    pub at: Instant,
}

/// The stand-in.
pub struct Apple {
    pub url: String,
    pkcs8: Vec<u8>,
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    public_key: Vec<u8>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    came: Vec<Came>,
    refused: Vec<String>,
    tokens: Vec<String>,
    next: VecDeque<(u16, &'static str, Option<&'static str>)>,
}

impl Apple {
    /// Serves, with the clock of the server under test.
    pub async fn start(clock: Arc<dyn Clock>) -> Self {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref()).unwrap();
        let public_key = pair.public_key().as_ref().to_vec();
        let shared = Arc::new(Shared { clock, public_key, state: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = shared.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, serving.clone()));
            }
        });
        Self { url, pkcs8: made.as_ref().to_vec(), shared }
    }

    /// The text of the key file.
    pub fn key_file(&self) -> String {
        let text = STANDARD.encode(&self.pkcs8);
        ledger::note(&text);
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
    }

    /// The settings of a server that sends by it.
    pub fn settings(&self) -> Settings {
        let text = |text: &str| text.to_owned();
        Settings {
            key: AssertionKey::es256_pem(&self.key_file()).unwrap(),
            key_id: text(KEY_ID),
            team_id: text(TEAM_ID),
            topic: text(TOPIC),
            base_url: self.url.parse().unwrap(),
        }
    }

    /// Lets the next messages be answered so: status, reason, `Retry-After`.
    pub fn answer_next(&self, answers: impl IntoIterator<Item = (u16, &'static str, Option<&'static str>)>) {
        self.shared.state.lock().unwrap().next.extend(answers);
    }

    /// The messages so far.
    pub fn came(&self) -> Vec<Came> {
        self.shared.state.lock().unwrap().came.clone()
    }

    /// The provider tokens so far, each once.
    pub fn tokens(&self) -> Vec<String> {
        self.shared.state.lock().unwrap().tokens.clone()
    }

    /// Waits for so many messages.
    pub async fn until(&self, many: usize) -> Vec<Came> {
        let began = Instant::now();
        while self.came().len() < many {
            let refused = self.shared.state.lock().unwrap().refused.clone();
            assert!(began.elapsed() < Duration::from_secs(30), "{:?} {refused:?}", self.came());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.came()
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // Whoever speaks HTTP/1.1 is not answered.
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            let (head, mut body) = request.into_parts();
            let mut bytes = Vec::new();
            while let Some(Ok(chunk)) = body.data().await {
                drop(body.flow_control().release_capacity(chunk.len()));
                bytes.extend_from_slice(&chunk);
            }
            let (status, reason, after) = shared.answer(&Request::from_parts(head, bytes));
            let mut response = Response::builder().status(status);
            if let Some(after) = after {
                response = response.header("retry-after", after);
            }
            let body = if reason.is_empty() { String::new() } else { json!({ "reason": reason }).to_string() };
            let mut stream = respond.send_response(response.body(()).unwrap(), false).unwrap();
            drop(stream.send_data(body.into_bytes().into(), true));
        });
    }
}

impl Shared {
    fn answer(&self, request: &Request<Vec<u8>>) -> (u16, &'static str, Option<&'static str>) {
        let mut state = self.state.lock().unwrap();
        let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let token = authorization.and_then(|value| value.strip_prefix("bearer ")).unwrap_or_default();
        if let Err(why) = self.check(token) {
            state.refused.push(why.to_owned());
            return (403, "InvalidProviderToken", None);
        }
        if !state.tokens.iter().any(|known| known == token) {
            ledger::note(token);
            state.tokens.push(token.to_owned());
        }
        let path = request.uri().path().to_owned();
        if request.method() != "POST" || !path.starts_with("/3/device/") {
            return (405, "MethodNotAllowed", None);
        }
        let json = serde_json::from_slice(request.body()).unwrap();
        state.came.push(Came { path, headers: request.headers().clone(), json, at: Instant::now() });
        state.next.pop_front().unwrap_or((200, "", None))
    }

    fn check(&self, token: &str) -> Result<(), &'static str> {
        let (text, signature) = token.rsplit_once('.').ok_or("no JWT")?;
        let parts: Vec<Value> = text
            .split('.')
            .filter_map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok())
            .collect();
        let [header, claims] = &parts[..] else { return Err("no JWT") };
        if (&header["alg"], &header["kid"]) != (&json!("ES256"), &json!(KEY_ID)) {
            return Err("another header");
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "no signature")?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.public_key);
        key.verify(text.as_bytes(), &signature).map_err(|_| "a wrong signature")?;
        let age = self.clock.now().timestamp() - claims["iat"].as_i64().ok_or("no iat")?;
        if claims["iss"] == TEAM_ID && (0..3600).contains(&age) { Ok(()) } else { Err("other claims") }
    }
}
