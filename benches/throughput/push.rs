//! Owns push verification's part of the measurements: a back end that asks devices, and devices that answer. All signing is done
//! before anything is measured.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use couplet::app::{SystemClock, SystemRandomness};
use couplet::model::time::Clock;
use couplet::push::accounts;
use serde_json::{Map, Value, json};

use crate::http::Connection;
use crate::load::{Work, complete};
use crate::scenario::encoded;
use crate::stage::Stage;

/// Challenges that are made for one device: fewer than may wait for it.
const FOR_EACH: usize = 50;

/// What a device signs of a challenge, beside its answer.
const SIGNED: [&str; 9] = [
    "sid",
    "account_sid",
    "service_sid",
    "identity",
    "factor_sid",
    "date_created",
    "expiration_date",
    "details",
    "hidden_details",
];

/// One connection's requests, each sent once.
pub struct Pushes {
    requests: Vec<Vec<u8>>,
    next: usize,
    status: u16,
    word: &'static str,
    /// The bodies of the answers, where they are needed.
    kept: Option<Vec<String>>,
}

impl Work for Pushes {
    async fn turn(&mut self, connection: &mut Connection) -> bool {
        let Some(request) = self.requests.get(self.next) else { return false };
        self.next += 1;
        let answer = connection.ask(request).await;
        assert!(answer.status == self.status && answer.body.contains(self.word), "{}", answer.summary());
        if let Some(kept) = &mut self.kept {
            kept.push(answer.body.to_owned());
        }
        true
    }
}

/// A back end asks devices `count` times.
pub fn asking(stage: &Stage, connections: usize, count: usize) -> Vec<Pushes> {
    let devices = Devices::enrol(stage, count);
    shared_out(devices.questions(count), connections, 201, "\"pending\"")
}

/// Devices approve `count` challenges.
pub fn answering(stage: &Stage, connections: usize, count: usize) -> Vec<Pushes> {
    let devices = Devices::enrol(stage, count);
    let asked = devices.collect(devices.questions(count), 201);
    let answers = asked.iter().map(|challenge| devices.answer(challenge)).collect();
    shared_out(answers, connections, 200, "\"approved\"")
}

fn shared_out(requests: Vec<Vec<u8>>, connections: usize, status: u16, word: &'static str) -> Vec<Pushes> {
    let mut shares: Vec<_> =
        (0..connections).map(|_| Pushes { requests: Vec::new(), next: 0, status, word, kept: None }).collect();
    for (number, request) in requests.into_iter().enumerate() {
        shares[number % connections].requests.push(request);
    }
    shares
}

/// Devices of as many people, and the back end that asks them. They share one key: the server looks for each by its own name.
struct Devices<'a> {
    stage: &'a Stage,
    account: String,
    back_end: String,
    service: String,
    pkcs8: Vec<u8>,
    /// Identity, factor and the name of its key.
    factors: Vec<(String, String, String)>,
}

impl<'a> Devices<'a> {
    fn enrol(stage: &'a Stage, challenges: usize) -> Self {
        let keys = accounts::add(&stage.store, &stage.keys, &SystemClock, &SystemRandomness);
        let (account, token) = stage.runtime.block_on(keys).unwrap();
        let back_end = format!("{}:{}", account.sid, token.expose());
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let (account, pkcs8) = (account.sid.to_string(), made.as_ref().to_vec());
        let none = (String::new(), Vec::new());
        let mut devices = Self { stage, account, back_end, service: none.0, pkcs8, factors: none.1 };
        let service = post("/v2/Services", &devices.back_end, "FriendlyName=Bench");
        devices.service = text(&devices.collect(vec![service], 201)[0], "sid");
        let enrol = |number| devices.enrolment(&format!("person-{number}-of-{}", devices.account));
        let enrolled = devices.collect((0..challenges.div_ceil(FOR_EACH)).map(enrol).collect(), 201);
        let named = |factor: &Map<String, Value>| {
            let credential = factor["config"]["credential_sid"].as_str().unwrap().to_owned();
            (text(factor, "identity"), text(factor, "sid"), credential)
        };
        devices.factors = enrolled.iter().map(named).collect();
        devices.collect((0..devices.factors.len()).map(|number| devices.verification(number)).collect(), 200);
        stage.runtime.block_on(stage.database.settle());
        devices
    }

    /// Sends what has to succeed and gives the answers.
    fn collect(&self, requests: Vec<Vec<u8>>, status: u16) -> Vec<Map<String, Value>> {
        let mut works = shared_out(requests, 16, status, "{");
        works.iter_mut().for_each(|work| work.kept = Some(Vec::new()));
        let done = complete(self.stage.server.address, works);
        let bodies = done.into_iter().flat_map(|work| work.kept.unwrap_or_default());
        bodies.map(|body| serde_json::from_str(&body).unwrap()).collect()
    }

    fn entity(&self, identity: &str) -> String {
        format!("/v2/Services/{}/Entities/{identity}", self.service)
    }

    fn sign(&self, algorithm: &'static EcdsaSigningAlgorithm, text: &str) -> Vec<u8> {
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, &self.pkcs8).unwrap();
        pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap().as_ref().to_vec()
    }

    fn token(&self, header: &Value, payload: &Value) -> String {
        let base64 = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let text = format!("{}.{}", base64(header), base64(payload));
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(self.sign(&ECDSA_P256_SHA256_FIXED_SIGNING, &text)))
    }

    fn enrolment(&self, identity: &str) -> Vec<u8> {
        let head = STANDARD.decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgA=").unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.pkcs8).unwrap();
        let key = STANDARD.encode([head.as_slice(), pair.public_key().as_ref()].concat());
        let form = format!(
            "FriendlyName=Phone&FactorType=push&Binding.Alg=ES256&Binding.PublicKey={}&Config.NotificationPlatform=none",
            encoded(&key)
        );
        post(&format!("{}/Factors", self.entity(identity)), &self.back_end, &form)
    }

    /// What a device brings as the password of its requests.
    fn device(&self, credential: &str) -> String {
        let now = SystemClock.now().timestamp();
        let header = json!({ "typ": "JWT", "alg": "ES256", "cty": "twilio-pba;v=1", "kid": credential });
        format!("token:{}", self.token(&header, &json!({ "sub": self.account, "nbf": now, "exp": now + 600 })))
    }

    fn verification(&self, number: usize) -> Vec<u8> {
        let (identity, factor, credential) = &self.factors[number];
        let proof = STANDARD.encode(self.sign(&ECDSA_P256_SHA256_ASN1_SIGNING, factor));
        let path = format!("{}/Factors/{factor}", self.entity(identity));
        post(&path, &self.device(credential), &format!("AuthPayload={}", encoded(&proof)))
    }

    fn questions(&self, count: usize) -> Vec<Vec<u8>> {
        let question = |(identity, factor, _): &(String, String, String)| {
            let form = format!("FactorSid={factor}&Details.Message=Is+it+you%3F&ExpirationDate={}", self.end());
            post(&format!("{}/Challenges", self.entity(identity)), &self.back_end, &form)
        };
        self.factors.iter().cycle().take(count).map(question).collect()
    }

    /// Longer than any run.
    fn end(&self) -> String {
        encoded(&(SystemClock.now() + chrono::TimeDelta::minutes(50)).format("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    fn answer(&self, challenge: &Map<String, Value>) -> Vec<u8> {
        let (identity, factor) = (text(challenge, "identity"), text(challenge, "factor_sid"));
        let (_, _, credential) = self.factors.iter().find(|(_, sid, _)| *sid == factor).unwrap();
        let mut payload: Map<_, _> =
            SIGNED.map(|name| (name.to_owned(), challenge[name].clone())).into_iter().collect();
        payload.insert("status".to_owned(), json!("approved"));
        let token = self.token(&json!({ "typ": "JWT", "alg": "ES256" }), &payload.into());
        let path = format!("{}/Challenges/{}", self.entity(&identity), text(challenge, "sid"));
        post(&path, &self.device(credential), &format!("AuthPayload={token}"))
    }
}

fn text(object: &Map<String, Value>, member: &str) -> String {
    object[member].as_str().unwrap().to_owned()
}

fn post(path: &str, credentials: &str, form: &str) -> Vec<u8> {
    let (credentials, length) = (STANDARD.encode(credentials), form.len());
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {credentials}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
    )
    .into_bytes()
}
