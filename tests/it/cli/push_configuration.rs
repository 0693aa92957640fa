//! The configuration of what brings messages to devices: whole or refused, with everything that is wrong named at once.

use couplet::config::{Config, Purpose};
use rstest::rstest;

use crate::support::program::Program;

/// What `serve` says of push.
fn told(program: &Program, text: &str) -> Vec<String> {
    program.write("couplet.toml", &format!("public_url = \"https://a.example\"\n[push]\n{text}"));
    let ran = program.run("serve");
    let lines = ran.err.lines().map(|line| line.trim_start_matches("couplet: ").to_owned());
    lines.filter(|line| line.starts_with("push.")).collect()
}

const APPLE: &str = "apns_key_file = \"key.p8\"\napns_key_id = \"ABC123DEFG\"\napns_team_id = \"DEF123GHIJ\"\n\
    apns_topic = \"com.example.owl\"\n";

/// A P-256 key that is nobody's.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2\n\
    OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r\n\
    1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G\n-----END PRIVATE KEY-----\n";

#[test]
fn every_problem_is_told_at_once() {
    let program = Program::new();
    program.write("key.p8", "no key");
    let told = told(
        &program,
        "web_push = \"perhaps\"\ncontact = \"operator@example.com\"\nfcm_service_account_file = \"missing.json\"\n\
         fcm_base_url = \"http://example.com\"\napns_key_file = \"key.p8\"\napns_key_id = \"abc\"\napns_topic = \"a b\"\n\
         apns_base_url = \"api.push.apple.com\"\n",
    );
    for beginning in [
        "push.web_push is \"perhaps\"",
        "push.contact is \"operator@example.com\", which is not understood; write a mailto:",
        "push.fcm_service_account_file missing.json can't be read: ",
        "push.fcm_base_url is \"http://example.com\"",
        "push.apns_key_file key.p8 holds no P-256 private key in PEM; name the file AuthKey_",
        "push.apns_key_id is \"abc\"",
        "push.apns_team_id is missing; ",
        "push.apns_topic is \"a b\"",
        "push.apns_base_url is ",
    ] {
        assert!(told.iter().any(|line| line.starts_with(beginning)), "{beginning} in {told:#?}");
    }
    assert_eq!(told.len(), 9, "{told:#?}");
}

#[rstest]
#[case("no JSON", "is no JSON of a service account")]
#[case("{}", "has no project_id")]
#[case(r#"{"project_id": "owl"}"#, "has no client_email")]
#[case(r#"{"project_id": "owl", "client_email": "a@b"}"#, "has no token_uri")]
#[case(r#"{"project_id": "owl", "client_email": "a@b", "token_uri": "http://example.com/"}"#, "has no token_uri")]
#[case(
    r#"{"project_id": "owl", "client_email": "a@b", "token_uri": "https://a/", "private_key": "secret"}"#,
    "has no private_key"
)]
fn a_service_account_that_can_not_sign_is_refused(#[case] text: &str, #[case] why: &str) {
    let program = Program::new();
    program.write("firebase.json", text);
    let told = told(&program, "fcm_service_account_file = \"firebase.json\"\n");
    let expected = format!("push.fcm_service_account_file firebase.json {why}");
    assert!(told.len() == 1 && told[0].starts_with(&expected), "{told:?}");
    assert!(told[0].contains("; name the file that the Firebase console gives"), "{told:?}");
}

#[test]
fn commands_that_send_nothing_need_no_files() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("[push]\nfcm_service_account_file = \"missing\"\n{APPLE}")).unwrap();
    let config = Config::load(Some(file.path()), &|_| None, Purpose::Tool).unwrap();
    assert!(config.push.web_push && config.push.firebase.is_none() && config.push.apple.is_none());
}

#[test]
fn what_is_whole_is_taken_and_its_keys_never_told() {
    let program = Program::new();
    program.write("key.p8", KEY);
    assert_eq!(told(&program, APPLE), Vec::<String>::new());
    let path = program.folder.path().join("key.p8");
    let (file, text) = (tempfile::NamedTempFile::new().unwrap(), APPLE.replace("key.p8", path.to_str().unwrap()));
    std::fs::write(file.path(), format!("public_url = \"https://a.example\"\n[push]\n{text}")).unwrap();
    let config = Config::load(Some(file.path()), &|_| None, Purpose::Dev).unwrap();
    let apple = config.push.apple.as_ref().unwrap();
    assert_eq!((apple.topic.as_str(), apple.base_url.as_str()), ("com.example.owl", "https://api.push.apple.com/"));
    assert!(format!("{config:?}").contains("AssertionKey(…)"));
}
