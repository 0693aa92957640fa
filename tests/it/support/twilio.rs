//! An account at Twilio with an API key, and tokens taken apart as Twilio does it. It owns reading and the key; what a token must say
//! is the tests'.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use couplet::model::ids::UserId;
use couplet::model::twilio::{
    AccountSid, ApiKey, ApiKeySid, ApplicationSid, ChatAccess, CredentialSid, RoleSid, ServiceSid, SyncAccess,
    TaskRouterAccess, TokenLife, TwilioAccess, VideoAccess, VoiceAccess, Worker, WorkerRole, WorkerSid, WorkspaceSid,
};
use serde_json::Value;

use super::ledger;

/// The account.
pub const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
/// The API key.
pub const KEY: &str = "SKfedcba9876543210fedcba9876543210";
/// Its secret.
pub const SECRET: &str = "s3cr3tS3cr3tS3cr3tS3cr3tS3cr3t00";
/// The origin of the page that may fetch tokens by script.
pub const PAGE: &str = "https://app.example.com";
/// What follows a SID's prefix in the tests.
pub const DIGITS: &str = "00112233445566778899aabbccddeeff";

/// A SID with the usual digits.
pub fn sid(prefix: &str) -> String {
    format!("{prefix}{DIGITS}")
}

/// The API key.
pub fn api_key() -> ApiKey {
    ledger::note(SECRET);
    ApiKey {
        account_sid: AccountSid::parse(ACCOUNT).unwrap(),
        sid: ApiKeySid::parse(KEY).unwrap(),
        secret: SECRET.to_owned().into(),
        region: None,
    }
}

/// Every grant with every option; `user` is a worker.
pub fn everything(user: UserId) -> TwilioAccess {
    let service_sid = ServiceSid::parse(&sid("IS")).unwrap();
    let push_credential_sid = Some(CredentialSid::parse(&sid("CR")).unwrap());
    let worker = Worker { sid: WorkerSid::parse(&sid("WK")).unwrap(), role: WorkerRole::Supervisor };
    TwilioAccess {
        max_ttl: Some(TokenLife::LONGEST),
        video: Some(VideoAccess { rooms: vec!["DailyStandup".to_owned(), "cool room".to_owned()] }),
        chat: Some(ChatAccess {
            service_sid: service_sid.clone(),
            deployment_role_sid: Some(RoleSid::parse(&sid("RL")).unwrap()),
            push_credential_sid: push_credential_sid.clone(),
        }),
        voice: Some(VoiceAccess {
            outgoing_application_sid: Some(ApplicationSid::parse(&sid("AP")).unwrap()),
            outgoing_params: BTreeMap::from([("foo".to_owned(), "bar".to_owned())]),
            incoming: true,
            push_credential_sid,
        }),
        sync: Some(SyncAccess { service_sid }),
        task_router: Some(TaskRouterAccess {
            workspace_sid: WorkspaceSid::parse(&sid("WS")).unwrap(),
            workers: BTreeMap::from([(user, worker)]),
        }),
        playback: true,
    }
}

/// A token taken apart.
#[derive(Debug)]
pub struct Token {
    /// The header.
    pub header: Value,
    /// The claims.
    pub claims: Value,
}

impl Token {
    /// Checks the signature with the API key's secret as it stands, and reads header and claims.
    #[track_caller]
    pub fn read(text: &str) -> Self {
        ledger::note(text);
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, signature] = parts[..] else { panic!("{text} has {} parts", parts.len()) };
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        let json = |part: &str| -> Value { serde_json::from_slice(&decode(part)).unwrap() };
        let (header, claims) = (json(header), json(claims));
        let algorithm = match header["alg"].as_str().unwrap() {
            "HS256" => hmac::HMAC_SHA256,
            "HS384" => hmac::HMAC_SHA384,
            "HS512" => hmac::HMAC_SHA512,
            other => panic!("{other} is no algorithm of Twilio's"),
        };
        let key = hmac::Key::new(algorithm, SECRET.as_bytes());
        let (signed, _) = text.rsplit_once('.').unwrap();
        hmac::verify(&key, signed.as_bytes(), &decode(signature)).unwrap();
        Self { header, claims }
    }

    /// How many seconds it lives.
    #[track_caller]
    pub fn life(&self) -> i64 {
        self.claims["exp"].as_i64().unwrap() - self.claims["iat"].as_i64().unwrap()
    }
}
