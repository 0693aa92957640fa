//! Twilio access tokens from the command line, with the options of Twilio's own.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::program::Program;
use crate::support::twilio::{ACCOUNT, KEY, SECRET, Token, sid};

/// With an API key whose secret is in a file.
fn program() -> Program {
    let program = Program::new()
        .with("COUPLET_TWILIO_ACCOUNT_SID", ACCOUNT)
        .with("COUPLET_TWILIO_API_KEY_SID", KEY)
        .with("COUPLET_TWILIO_API_KEY_SECRET_FILE", "secret.txt");
    program.write("secret.txt", &format!("{SECRET}\n"));
    program
}

/// The options with `AP…` and the like filled in.
fn filled(options: &str) -> String {
    ["IS", "AP", "CR", "RL", "WK", "WS"]
        .iter()
        .fold(options.to_owned(), |text, prefix| text.replace(&format!("={prefix}…"), &format!("={}", sid(prefix))))
}

#[rstest]
#[case::no_identity("token video", "--identity")]
#[case::empty_identity("token video --identity=", "--identity")]
#[case::no_service("token chat --identity alice", "--chat-service-sid")]
#[case::no_application("token voice --identity alice", "--voice-app-sid")]
#[case::no_sync_service("token sync --identity alice", "--sync-service-sid")]
#[case::no_worker("token flex --workspace-sid=WS…", "--worker-sid")]
#[case::no_workspace("token flex --worker-sid=WK…", "--workspace-sid")]
#[case::wrong_prefix("token chat --identity alice --chat-service-sid=AP…", "IS and 32 hexadecimal digits")]
#[case::short_sid("token voice --identity alice --voice-app-sid APabc", "--voice-app-sid \"APabc\"")]
#[case::wrong_worker("token flex --worker-sid=WS… --workspace-sid=WS…", "WK and 32")]
#[case::wrong_push("token voice --identity a --voice-app-sid=AP… --push-credential-sid=IS…", "CR and 32")]
#[case::wrong_role("token flex --worker-sid=WK… --workspace-sid=WS… --role boss", "worker, supervisor")]
#[case::neither_true_nor_false("token voice --identity a --voice-app-sid=AP… --allow-incoming maybe", "true, false")]
#[case::bad_param("token voice --identity a --voice-app-sid=AP… --voice-param x", "NAME=VALUE")]
#[case::ttl_zero("token video --identity alice --ttl 0", "1 to 86400 seconds")]
#[case::ttl_too_long("token video --identity alice --ttl 86401", "1 to 86400 seconds")]
#[case::ttl_negative("token video --identity alice --ttl -5", "1 to 86400 seconds")]
#[case::other_algorithm("token video --identity alice --algorithm none", "HS256, HS384, HS512")]
fn what_makes_no_token_is_told_in_one_line(#[case] options: &str, #[case] words: &str) {
    let ran = program().run(&filled(options));
    assert!(ran.refused(2).contains(words), "{ran:?}");
}

#[rstest]
#[case::nothing(&[], &["twilio.account_sid is missing", "twilio.api_key_sid is missing", "twilio.api_key_secret_file is missing"])]
#[case::no_secret(&[("ACCOUNT_SID", ACCOUNT), ("API_KEY_SID", KEY)], &["twilio.api_key_secret_file is missing"])]
#[case::no_file(
    &[("ACCOUNT_SID", ACCOUNT), ("API_KEY_SID", KEY), ("API_KEY_SECRET_FILE", "nowhere.txt")],
    &["twilio.api_key_secret_file nowhere.txt can't be read"]
)]
#[case::empty_file(
    &[("ACCOUNT_SID", ACCOUNT), ("API_KEY_SID", KEY), ("API_KEY_SECRET_FILE", "empty.txt")],
    &["twilio.api_key_secret_file empty.txt is empty"]
)]
#[case::auth_token(
    &[("ACCOUNT_SID", ACCOUNT), ("API_KEY_SID", ACCOUNT), ("API_KEY_SECRET", SECRET)],
    &["COUPLET_TWILIO_API_KEY_SID is \"AC0123456789abcdef0123456789abcdef\", which is not understood; give the SID of an API key"]
)]
fn without_a_whole_api_key_each_part_is_told_with_its_mend(#[case] given: &[(&str, &str)], #[case] told: &[&str]) {
    let variables = given.iter().map(|(name, value)| (format!("COUPLET_TWILIO_{name}"), *value));
    let program = variables.fold(Program::new(), |program, (name, value)| program.with(&name, value));
    program.write("empty.txt", "\n");
    let ran = program.run("token video --identity alice");
    assert_eq!((ran.code, ran.out.as_str(), ran.err.lines().count()), (Some(2), "", told.len()), "{ran:?}");
    for (line, words) in ran.err.lines().zip(told) {
        assert!(line.starts_with(&format!("couplet: {words}")) && line.contains("; "), "{line}");
    }
    assert!(!ran.err.contains(SECRET), "{}", ran.err);
}

#[rstest]
#[case::video("video --identity=alice", json!({ "video": {} }))]
#[case::room("video --identity=alice --room-name=DailyStandup", json!({ "video": { "room": "DailyStandup" } }))]
#[case::chat("chat --identity=alice --chat-service-sid=IS…", json!({ "chat": { "service_sid": sid("IS") } }))]
#[case::whole_chat(
    "chat --identity=alice --chat-service-sid=IS… --deployment-role-sid=RL… --push-credential-sid=CR… --endpoint-id=e",
    json!({ "chat": {
        "service_sid": sid("IS"), "endpoint_id": "e", "deployment_role_sid": sid("RL"), "push_credential_sid": sid("CR"),
    } })
)]
#[case::voice(
    "voice --identity=alice --voice-app-sid=AP…",
    json!({ "voice": { "incoming": { "allow": true }, "outgoing": { "application_sid": sid("AP") } } })
)]
#[case::voice_in_words(
    "voice --identity=alice --voice-app-sid=AP… --allow-incoming true",
    json!({ "voice": { "incoming": { "allow": true }, "outgoing": { "application_sid": sid("AP") } } })
)]
#[case::outgoing_voice(
    "voice --identity=alice --voice-app-sid=AP… --allow-incoming false --push-credential-sid=CR… --voice-param=n=1=2",
    json!({ "voice": {
        "outgoing": { "application_sid": sid("AP"), "params": { "n": "1=2" } }, "push_credential_sid": sid("CR"),
    } })
)]
#[case::sync("sync --identity=alice --sync-service-sid=IS…", json!({ "data_sync": { "service_sid": sid("IS") } }))]
#[case::flex(
    "flex --worker-sid=WK… --workspace-sid=WS… --identity=alice",
    json!({ "task_router": { "workspace_sid": sid("WS"), "worker_sid": sid("WK"), "role": "worker" } })
)]
fn each_command_prints_the_token_alone(#[case] command: &str, #[case] mut grants: Value) {
    let ran = program().run(&filled(&format!("token {command}")));
    let token = Token::read(ran.done().strip_suffix('\n').unwrap());
    grants["identity"] = "alice".into();
    assert_eq!((&token.claims["grants"], token.life()), (&grants, 3600));
    assert_eq!(token.header, json!({ "alg": "HS256", "typ": "JWT", "cty": "twilio-fpa;v=1" }));
    assert_eq!((&token.claims["iss"], &token.claims["sub"]), (&json!(KEY), &json!(ACCOUNT)));
    assert_eq!(ran.err, "couplet: a Twilio access token for \"alice\", good for 3600 seconds\n");
}

#[test]
fn a_flex_token_is_for_the_worker_unless_somebody_is_named() {
    let ran = program().run(&filled("token flex --worker-sid=WK… --workspace-sid=WS… --silent"));
    assert_eq!(Token::read(ran.done().trim_end()).claims["grants"]["identity"], sid("WK"));
    assert_eq!(ran.err, "");
}

#[test]
fn life_beginning_algorithm_and_region_are_as_asked() {
    let program = program().with("COUPLET_TWILIO_REGION", "au1");
    let options = "--ttl 86400 --not-before 1767225570 --algorithm HS512";
    let token = Token::read(program.run(&format!("token video --identity alice {options}")).done().trim_end());
    assert_eq!(token.header, json!({ "alg": "HS512", "typ": "JWT", "cty": "twilio-fpa;v=1", "twr": "au1" }));
    assert_eq!((token.life(), &token.claims["nbf"]), (86_400, &json!(1_767_225_570)));
}

#[test]
fn for_programs_there_is_json() {
    let listed = program().run("token video --identity alice --ttl 60 --json").json();
    assert_eq!(Token::read(listed["accessToken"].as_str().unwrap()).life(), 60);
    assert_eq!((&listed["identity"], &listed["expiresIn"]), (&json!("alice"), &json!(60)));
}

#[test]
fn the_secret_in_the_environment_wins_and_is_never_told() {
    let program = program().with("COUPLET_TWILIO_API_KEY_SECRET", SECRET);
    program.write("secret.txt", "another secret\n");
    program.run("token video --identity alice").done();
    for arguments in ["token video --identity alice", "token video --identity alice --json", "token video", "user list"]
    {
        let ran = program.run(arguments);
        assert!(!ran.out.contains(SECRET) && !ran.err.contains(SECRET), "{arguments}: {ran:?}");
    }
    Token::read(program.run("token video --identity alice").done().trim_end());
}

#[test]
fn a_token_needs_no_database_and_other_commands_no_secret() {
    let program = program();
    program.run("token video --identity alice").done();
    assert!(!program.has_data());
    std::fs::remove_file(program.folder.path().join("secret.txt")).unwrap();
    program.run("user list").done();
}

#[test]
fn the_server_says_at_its_start_what_its_api_key_lacks() {
    let program = program().set_up_to_serve();
    std::fs::remove_file(program.folder.path().join("secret.txt")).unwrap();
    let told = program.run("serve");
    assert!(told.refused(2).starts_with("twilio.api_key_secret_file secret.txt can't be read"), "{told:?}");
}
