//! The official helper libraries were asked for tokens; ours say the same in every case.

use std::collections::BTreeMap;

use couplet::model::time::Timestamp;
use couplet::model::twilio::{ApiKey, Worker, WorkerRole};
use couplet::twilio::access_token::{AccessTokenKey, Algorithm, Identity, NewToken};
use couplet::twilio::grants::{
    ChatGrant, Grants, Incoming, Outgoing, SyncGrant, TaskRouterGrant, VideoGrant, VoiceGrant,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::support::twilio::{KEY, Token, api_key};

/// Names a file for the tokens of all cases, to be compared with what the libraries make at this moment.
const KEEP: &str = "COUPLET_TWILIO_TOKENS";

fn cases() -> Vec<Value> {
    let text = include_str!("../../../vectors/twilio-access-tokens.json");
    let mut file: Value = serde_json::from_str(text).unwrap();
    file["cases"].as_array_mut().map(std::mem::take).unwrap()
}

fn of<T: for<'a> Deserialize<'a>>(options: &Value, name: &str) -> Option<T> {
    serde_json::from_value(options[name].clone()).unwrap()
}

/// The grants of a case; of two of a kind the later one counts.
fn grants(given: &Value) -> Grants {
    let mut grants = Grants::default();
    for options in given.as_array().unwrap() {
        let endpoint_id = of(options, "endpoint_id");
        match options["type"].as_str().unwrap() {
            "video" => grants.video = Some(VideoGrant { room: of(options, "room") }),
            "chat" => {
                grants.chat = Some(ChatGrant {
                    service_sid: of(options, "service_sid"),
                    endpoint_id,
                    deployment_role_sid: of(options, "deployment_role_sid"),
                    push_credential_sid: of(options, "push_credential_sid"),
                });
            }
            "voice" => {
                let params: Option<BTreeMap<_, _>> = of(options, "outgoing_application_params");
                let outgoing = |application_sid| Outgoing { application_sid, params: params.unwrap_or_default() };
                grants.voice = Some(VoiceGrant {
                    incoming: Incoming::when(of(options, "incoming_allow").unwrap_or(false)),
                    outgoing: of(options, "outgoing_application_sid").map(outgoing),
                    push_credential_sid: of(options, "push_credential_sid"),
                    endpoint_id,
                });
            }
            "sync" => {
                let service_sid = of(options, "service_sid").unwrap();
                grants.sync = Some(SyncGrant { service_sid, endpoint_id });
            }
            "task_router" => {
                let role = WorkerRole::parse(options["role"].as_str().unwrap()).unwrap();
                let worker = Worker { sid: of(options, "worker_sid").unwrap(), role };
                grants.task_router = Some(TaskRouterGrant::of(of(options, "workspace_sid").unwrap(), &worker));
            }
            "playback" => grants.playback = of::<Map<String, Value>>(options, "grant"),
            other => panic!("{other} is new"),
        }
    }
    grants
}

fn mint(input: &Value) -> String {
    assert_eq!((&input["api_key_sid"], &input["valid_until"]), (&KEY.into(), &Value::Null));
    let key = ApiKey { region: of(input, "region"), ..api_key() };
    let algorithm = input["algorithm"].as_str().map(|name| Algorithm::parse(name).unwrap()).unwrap_or_default();
    let new = NewToken {
        identity: &Identity::parse(input["identity"].as_str().unwrap()).unwrap(),
        grants: &grants(&input["grants"]),
        life: of(input, "ttl").unwrap_or(couplet::model::twilio::TokenLife::USUAL),
        not_before: of(input, "nbf"),
    };
    let now = Timestamp::from_timestamp(input["now"].as_i64().unwrap(), 0).unwrap();
    AccessTokenKey::new(&key, algorithm).mint(&new, now).unwrap().expose().to_owned()
}

#[test]
fn every_case_says_what_each_official_library_says() {
    let mut compared = 0;
    for case in cases() {
        let (id, now, not_before) = (&case["id"], &case["input"]["now"], &case["input"]["nbf"]);
        assert_eq!(case["product"]["accept"], true, "{id}");
        let token = Token::read(&mint(&case["input"]));
        for (library, expected) in case["results"].as_object().unwrap() {
            if expected["supported"] != true {
                continue;
            }
            compared += 1;
            assert_eq!(token.header, expected["header"], "{id} by {library}");
            for claim in ["jti", "iss", "sub", "exp", "grants"] {
                assert_eq!(token.claims[claim], expected["payload"][claim], "{claim} of {id} by {library}");
            }
        }
        assert_eq!(&token.claims["iat"], now, "{id}");
        assert_eq!(token.claims.get("nbf").unwrap_or(&Value::Null), not_before, "{id}");
        let claims = 6 + usize::from(!not_before.is_null());
        assert_eq!(token.claims.as_object().unwrap().len(), claims, "{id} says nothing else");
    }
    assert_eq!(compared, 41, "21 cases by two libraries, but for one");
}

#[test]
fn the_tokens_of_all_cases_are_kept_for_the_libraries_of_today() {
    let tokens: Map<String, Value> =
        cases().iter().map(|case| (case["id"].as_str().unwrap().to_owned(), mint(&case["input"]).into())).collect();
    assert_eq!(tokens.len(), 21);
    if let Some(path) = std::env::var_os(KEEP) {
        std::fs::write(path, serde_json::to_vec_pretty(&tokens).unwrap()).unwrap();
    }
}

#[test]
fn an_identity_is_never_empty_and_never_changed() {
    assert_eq!(Identity::parse(""), None);
    for text in ["42", " Zoë ", "e\u{301}", "\u{1F469}\u{200D}\u{1F680}", "a\u{0}b", &"x".repeat(5000)] {
        let new = NewToken {
            identity: &Identity::parse(text).unwrap(),
            grants: &Grants::default(),
            life: couplet::model::twilio::TokenLife::USUAL,
            not_before: None,
        };
        let token = AccessTokenKey::new(&api_key(), Algorithm::default()).mint(&new, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(Token::read(token.expose()).claims["grants"]["identity"], text);
    }
}
