//! A back end that calls the push verification API with its auth token, and a device that signs as the mobile SDKs do.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use couplet::app::SystemRandomness;
use couplet::model::ids::UserId;
use couplet::model::parameters::encode;
use couplet::model::time::{Clock, Timestamp};
use couplet::push::accounts;
use couplet::push::own_people::OWN_SERVICE;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::app::TestApp;
use super::ledger;

/// Alice, as back ends call her.
pub const ALICE: &str = "ff483d1f-f591-898a-9942-916050d2ca3f";

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub json: Value,
    pub text: String,
}

impl Reply {
    /// The text of a member.
    #[track_caller]
    pub fn text(&self, member: &str) -> String {
        self.json[member].as_str().unwrap_or_else(|| panic!("no text {member} in {self:?}")).to_owned()
    }

    /// The SID of what was made.
    #[track_caller]
    pub fn made(&self) -> String {
        assert_eq!(self.status, 201, "{self:?}");
        self.text("sid")
    }

    /// Status and code of a refusal, which has to be in Twilio's form.
    #[track_caller]
    pub fn refusal(&self) -> (u16, u64) {
        let code = self.json["code"].as_u64().unwrap_or_else(|| panic!("no code in {self:?}"));
        assert_eq!(self.json["status"], self.status.as_u16(), "{self:?}");
        assert_eq!(self.json["more_info"], format!("https://www.twilio.com/docs/errors/{code}"));
        assert!(!self.text("message").is_empty() && self.json.as_object().unwrap().len() == 4, "{self:?}");
        (self.status.as_u16(), code)
    }
}

/// Sends, and takes the answer apart.
pub async fn send(request: RequestBuilder) -> Reply {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let text = answer.text().await.unwrap();
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    ledger::note_json(&json);
    Reply { status, headers, json, text }
}

/// Whoever calls with Basic credentials.
#[derive(Clone, Debug)]
pub struct Basic {
    pub url: String,
    pub user: String,
    pub password: String,
    http: Client,
}

impl Basic {
    pub fn new(url: &str, user: &str, password: &str) -> Self {
        Self { url: url.to_owned(), user: user.to_owned(), password: password.to_owned(), http: Client::new() }
    }

    /// A request to a path, or to an address of ours.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) };
        self.http.request(method, url).basic_auth(&self.user, Some(&self.password))
    }

    pub async fn get(&self, path: &str) -> Reply {
        send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        let pairs: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        self.post_raw(path, &pairs.join("&")).await
    }

    /// A body as it is.
    pub async fn post_raw(&self, path: &str, body: &str) -> Reply {
        let request = self.request(Method::POST, path).body(body.to_owned());
        send(request.header("Content-Type", "application/x-www-form-urlencoded")).await
    }
}

/// A back end with a service.
pub struct BackEnd {
    pub basic: Basic,
    /// The path of its service.
    pub service: String,
}

impl BackEnd {
    /// With an account made behind the scenes, and a service that tells no dates.
    pub async fn of(app: &TestApp) -> Self {
        let push = &app.app.push;
        let (account, token) = accounts::add(&push.store, &push.keys, &*push.clock, &SystemRandomness).await.unwrap();
        Self::at(&app.url, &account.sid.to_string(), token.expose()).await
    }

    /// With an account, and a new service on a server.
    pub async fn at(url: &str, account_sid: &str, auth_token: &str) -> Self {
        ledger::note(auth_token);
        let basic = Basic::new(url, account_sid, auth_token);
        let sid = basic.post("/v2/Services", &[("FriendlyName", "Owl Bank")]).await.made();
        Self { basic, service: format!("/v2/Services/{sid}") }
    }

    /// The SID of its service.
    pub fn service_sid(&self) -> &str {
        self.service.rsplit('/').next().unwrap()
    }

    /// The path of a person.
    pub fn entity(&self, identity: &str) -> String {
        format!("{}/Entities/{identity}", self.service)
    }

    /// An access token for a person's device.
    pub async fn access_token(&self, identity: &str) -> String {
        let form = [("Identity", identity), ("FactorType", "push")];
        self.basic.post(&format!("{}/AccessTokens", self.service), &form).await.text("token")
    }

    /// A device of a person, enrolled and verified.
    pub async fn device(&self, app: &TestApp, identity: &str) -> Device {
        self.device_at(app.clock.now(), identity).await
    }

    /// The same at a moment of another clock.
    pub async fn device_at(&self, now: Timestamp, identity: &str) -> Device {
        let mut device = Device::new(&self.basic.url, &self.entity(identity));
        device.enrol(&self.access_token(identity).await).await.made();
        let verified = device.verify(now).await;
        assert_eq!(verified.json["status"], "verified", "{verified:?}");
        device
    }

    /// Asks a device; gives the path of the challenge.
    pub async fn ask(&self, device: &Device, more: &[(&str, &str)]) -> String {
        let form = [&[("FactorSid", &*device.factor), ("Details.Message", "Is it you?")], more].concat();
        let sid = self.basic.post(&format!("{}/Challenges", device.entity), &form).await.made();
        format!("{}/Challenges/{sid}", device.entity)
    }

    /// How a challenge stands.
    pub async fn status(&self, challenge: &str) -> String {
        self.basic.get(challenge).await.text("status")
    }
}

/// A device with a key.
#[derive(Clone)]
pub struct Device {
    pub url: String,
    /// The path of its person.
    pub entity: String,
    pub pkcs8: Vec<u8>,
    pub account: String,
    pub factor: String,
    pub credential: String,
}

impl Device {
    pub fn new(url: &str, entity: &str) -> Self {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let none = String::new;
        Self {
            url: url.to_owned(),
            entity: entity.to_owned(),
            pkcs8: made.as_ref().to_vec(),
            account: none(),
            factor: none(),
            credential: none(),
        }
    }

    fn pair(&self, algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
        EcdsaKeyPair::from_pkcs8(algorithm, &self.pkcs8).unwrap()
    }

    /// Its public key as SDKs send it.
    pub fn public_key(&self) -> String {
        let head = STANDARD.decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgA=").unwrap();
        let pair = self.pair(&ECDSA_P256_SHA256_FIXED_SIGNING);
        STANDARD.encode([head.as_slice(), pair.public_key().as_ref()].concat())
    }

    /// A DER signature in standard Base64.
    pub fn sign_der(&self, text: &str) -> String {
        let pair = self.pair(&ECDSA_P256_SHA256_ASN1_SIGNING);
        STANDARD.encode(pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap())
    }

    /// A signed token in compact form.
    pub fn sign_token(&self, header: &Value, payload: &Value) -> String {
        self.sign_token_text(&header.to_string(), &payload.to_string())
    }

    /// The same with JSON in a form of one's own.
    pub fn sign_token_text(&self, header: &str, payload: &str) -> String {
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = self.pair(&ECDSA_P256_SHA256_FIXED_SIGNING).sign(&SystemRandom::new(), text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.unwrap()))
    }

    /// The form with which it enrols, as the SDK on iOS writes it: what the platform leaves unescaped stays so.
    pub fn enrolment(&self, name: &str) -> String {
        format!(
            "FriendlyName={}&FactorType=push&Binding.PublicKey={}&Binding.Alg=ES256&Config.SdkVersion=3.0.2&\
             Config.AppId=com.example.owl&Config.NotificationPlatform=none",
            name.replace(' ', "%20"),
            self.public_key().replace('+', "%2B"),
        )
    }

    /// A device of one of the server's own people, enrolled and verified.
    pub async fn of_own(app: &TestApp, user: UserId, name: &str) -> Self {
        let mut device = Self::new(&app.url, &format!("/v2/Services/{OWN_SERVICE}/Entities/{user}"));
        let (_, token) = app.app.push.enrol_user(user).await.unwrap();
        ledger::note(token.expose());
        device.enrol_as(name, token.expose()).await.made();
        let verified = device.verify(app.clock.now()).await;
        assert_eq!(verified.json["status"], "verified", "{verified:?}");
        device
    }

    /// The paths of the challenges that wait for it.
    pub async fn waiting(&self, now: Timestamp) -> Vec<String> {
        let path = format!("{}/Challenges", self.entity);
        let list = self.at(now).get(&format!("{path}?FactorSid={}&Status=pending", self.factor)).await;
        let listed = list.json["challenges"].as_array().unwrap_or_else(|| panic!("{list:?}"));
        listed.iter().map(|challenge| format!("{path}/{}", challenge["sid"].as_str().unwrap())).collect()
    }

    /// Enrols with an access token, and keeps what it is called then.
    pub async fn enrol(&mut self, token: &str) -> Reply {
        self.enrol_as("Alice's phone", token).await
    }

    async fn enrol_as(&mut self, name: &str, token: &str) -> Reply {
        let path = format!("{}/Factors", self.entity);
        let reply = Basic::new(&self.url, "token", token).post_raw(&path, &self.enrolment(name)).await;
        if reply.status == 201 {
            self.factor = reply.text("sid");
            self.account = reply.text("account_sid");
            self.credential = reply.json["config"]["credential_sid"].as_str().unwrap().to_owned();
        }
        reply
    }

    /// The path of its factor.
    pub fn path(&self) -> String {
        format!("{}/Factors/{}", self.entity, self.factor)
    }

    /// Whoever presents its request token, made at a moment.
    pub fn at(&self, now: Timestamp) -> Basic {
        let header = json!({ "typ": "JWT", "alg": "ES256", "cty": "twilio-pba;v=1", "kid": self.credential });
        let now = now.timestamp();
        let payload = json!({ "sub": self.account, "nbf": now, "exp": now + 600 });
        Basic::new(&self.url, "token", &self.sign_token(&header, &payload))
    }

    /// Shows that it holds its key.
    pub async fn verify(&self, now: Timestamp) -> Reply {
        self.at(now).post(&self.path(), &[("AuthPayload", &self.sign_der(&self.factor))]).await
    }

    /// What it answers to a challenge: the members that the header names, and its word.
    pub async fn payload(&self, challenge: &str, now: Timestamp, status: &str) -> Value {
        let shown = self.at(now).get(challenge).await;
        let fields = shown.headers["twilio-verify-signature-fields"].to_str().unwrap();
        let mut payload: serde_json::Map<String, Value> =
            fields.split(',').map(|name| (name.to_owned(), shown.json[name].clone())).collect();
        payload.insert("status".to_owned(), json!(status));
        payload.into()
    }

    /// Answers a challenge.
    pub async fn answer(&self, challenge: &str, now: Timestamp, status: &str) -> Reply {
        self.answer_with(challenge, now, status, None).await
    }

    /// The same with more beside it.
    pub async fn answer_with(&self, challenge: &str, now: Timestamp, status: &str, metadata: Option<Value>) -> Reply {
        let payload = self.payload(challenge, now, status).await;
        let token = self.sign_token(&json!({ "typ": "JWT", "alg": "ES256" }), &payload);
        let metadata = metadata.map(|metadata| metadata.to_string());
        let more = metadata.iter().map(|metadata| ("Metadata", metadata.as_str()));
        let form: Vec<(&str, &str)> = [("AuthPayload", token.as_str())].into_iter().chain(more).collect();
        self.at(now).post(challenge, &form).await
    }
}
