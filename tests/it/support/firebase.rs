//! Firebase Cloud Messaging and Google's token endpoint on a free port of loopback. It checks assertions and access tokens
//! strictly, and keeps what it got.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use couplet::model::parameters::Parameters;
use couplet::model::time::Clock;
use couplet::push::senders::fcm::{Firebase as Settings, ServiceAccount};
use serde_json::{Value, json};

use super::ledger;
use super::stand_in::{Answer, Request, StandIn};

/// Whom it knows.
pub const EMAIL: &str = "couplet@owl-bank.iam.gserviceaccount.com";

/// The stand-in.
pub struct Firebase {
    pub server: StandIn,
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    url: OnceLock<String>,
    key: RsaKeyPair,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How many access tokens were given; the last one is good.
    granted: u32,
    messages: Vec<Value>,
    refused: Vec<String>,
    next: VecDeque<Answer>,
    next_grants: VecDeque<Answer>,
}

/// The one key of all of them: making one takes long.
fn key() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        AsDer::<Pkcs8V1Der>::as_der(&pair).unwrap().as_ref().to_vec()
    })
}

impl Firebase {
    /// Serves, with the clock of the server under test.
    pub async fn start(clock: Arc<dyn Clock>) -> Self {
        let key = RsaKeyPair::from_pkcs8(key()).unwrap();
        let shared = Arc::new(Shared { clock, url: OnceLock::new(), key, state: Mutex::default() });
        let answering = shared.clone();
        let server = StandIn::serving(move |request| answering.answer(&request)).await;
        shared.url.set(server.url.clone()).unwrap();
        Self { server, shared }
    }

    /// The file that Google's console would give.
    pub fn account(&self) -> Value {
        let pem: Vec<String> = STANDARD.encode(key()).as_bytes().chunks(64).map(line).collect();
        let key = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", pem.join("\n"));
        pem.iter().for_each(|line| ledger::note(line));
        json!({ "type": "service_account", "project_id": "owl-bank", "private_key_id": "key-1", "private_key": key,
            "client_email": EMAIL, "client_id": "1", "token_uri": format!("{}/token", self.server.url) })
    }

    /// The settings of a server that sends by it.
    pub fn settings(&self) -> Settings {
        let account = ServiceAccount::parse(&self.account().to_string()).unwrap();
        Settings { account, base_url: self.server.url.parse().unwrap() }
    }

    /// Lets the next messages be answered so.
    pub fn answer_next(&self, answers: impl IntoIterator<Item = Answer>) {
        self.shared.state.lock().unwrap().next.extend(answers);
    }

    /// Lets the next requests for access tokens be answered so.
    pub fn answer_next_grants(&self, answers: impl IntoIterator<Item = Answer>) {
        self.shared.state.lock().unwrap().next_grants.extend(answers);
    }

    /// The access tokens so far are not good any more.
    pub fn revoke(&self) {
        self.shared.state.lock().unwrap().granted += 1;
    }

    /// How many access tokens were given or revoked.
    pub fn granted(&self) -> u32 {
        self.shared.state.lock().unwrap().granted
    }

    /// The messages that came with a good access token.
    pub fn messages(&self) -> Vec<Value> {
        self.shared.state.lock().unwrap().messages.clone()
    }

    /// Why requests were refused.
    pub fn refused(&self) -> Vec<String> {
        self.shared.state.lock().unwrap().refused.clone()
    }

    /// Waits for so many messages.
    pub async fn until(&self, many: usize) -> Vec<Value> {
        let began = Instant::now();
        while self.messages().len() < many {
            assert!(began.elapsed() < Duration::from_secs(30), "{:?} {:?}", self.messages(), self.refused());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.messages()
    }
}

fn line(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// An error in Google's form.
pub fn error(status: u16, word: &str, details: Value) -> Answer {
    let error = json!({ "code": status, "status": word, "message": "An error on demand", "details": details });
    Answer::new(status, json!({ "error": error }))
}

/// What is said of a device that is gone.
pub fn unregistered() -> Answer {
    let kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError";
    error(404, "NOT_FOUND", json!([{ "@type": kind, "errorCode": "UNREGISTERED" }]))
}

impl Shared {
    fn answer(&self, request: &Request) -> Answer {
        let answered = match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/token") => self.grant(request),
            ("POST", "/v1/projects/owl-bank/messages:send") => self.take(request),
            _ => Err(Answer::new(404, "Not Found")),
        };
        answered.unwrap_or_else(|refusal| {
            self.state.lock().unwrap().refused.push(format!("{} {}", request.path, refusal.body));
            refusal
        })
    }

    fn grant(&self, request: &Request) -> Result<Answer, Answer> {
        let mut state = self.state.lock().unwrap();
        if let Some(answer) = state.next_grants.pop_front() {
            return Ok(answer);
        }
        let refuse = |why: &str| Answer::new(400, json!({ "error": "invalid_grant", "error_description": why }));
        let form = Parameters::parse(&request.body).map_err(|_| refuse("no form"))?;
        let field = |name| form.one(name).ok().flatten().unwrap_or_default();
        if field("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
            return Err(refuse("another grant type"));
        }
        ledger::note(field("assertion"));
        self.check(field("assertion")).map_err(refuse)?;
        state.granted += 1;
        let token = access_token(state.granted);
        ledger::note(&token);
        Ok(Answer::new(200, json!({ "access_token": token, "expires_in": 3599, "token_type": "Bearer" })))
    }

    fn check(&self, assertion: &str) -> Result<(), &'static str> {
        let (text, signature) = assertion.rsplit_once('.').ok_or("no JWT")?;
        let parts: Vec<Value> = text
            .split('.')
            .filter_map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok())
            .collect();
        let [header, claims] = &parts[..] else { return Err("no JWT") };
        if *header != json!({ "typ": "JWT", "alg": "RS256", "kid": "key-1" }) {
            return Err("another header");
        }
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.key.public_key().as_ref());
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "no signature")?;
        key.verify(text.as_bytes(), &signature).map_err(|_| "a wrong signature")?;
        let (now, iat) = (self.clock.now().timestamp(), claims["iat"].as_i64().ok_or("no iat")?);
        let aud = format!("{}/token", self.url.get().unwrap());
        let scope = "https://www.googleapis.com/auth/firebase.messaging";
        let expected = json!({ "iss": EMAIL, "scope": scope, "aud": aud, "iat": iat, "exp": iat + 3600 });
        if *claims == expected && (0..60).contains(&(now - iat)) { Ok(()) } else { Err("other claims") }
    }

    fn take(&self, request: &Request) -> Result<Answer, Answer> {
        let mut state = self.state.lock().unwrap();
        if request.header("authorization") != Some(&format!("Bearer {}", access_token(state.granted))) {
            return Err(error(401, "UNAUTHENTICATED", json!([])));
        }
        if request.header("content-type") != Some("application/json") {
            return Err(error(400, "INVALID_ARGUMENT", json!([])));
        }
        let message = serde_json::from_slice(&request.body).unwrap();
        state.messages.push(message);
        Ok(state
            .next
            .pop_front()
            .unwrap_or_else(|| Answer::new(200, json!({ "name": "projects/owl-bank/messages/1" }))))
    }
}

fn access_token(number: u32) -> String {
    format!("ya29.An-access-token-of-the-stand-in-for-Google-{number}")
}
