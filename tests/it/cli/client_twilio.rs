//! Which Twilio access tokens a client's users may have: the operator says, and the server follows at once.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, SECRET};
use crate::support::platform::Platform;
use crate::support::program::Program;
use crate::support::stage::Stage;
use crate::support::twilio::{self, ACCOUNT, KEY, Token, sid};

const ADD: &str = "client add --name App --client-id app --redirect-uri https://app.example.com/callback --json";

/// `AP…` and the like filled in.
fn filled(options: &str) -> String {
    let prefixes = ["IS", "AP", "CR", "RL", "WK", "WS"];
    prefixes.iter().fold(options.to_owned(), |text, prefix| text.replace(&format!("{prefix}…"), &sid(prefix)))
}

fn set(program: &Program, options: &str) -> Value {
    program.run(&filled(&format!("client set app --json {options}"))).json()["twilio"].take()
}

#[rstest]
#[case::unknown_grant("--twilio-grant telepathy", "known: video, chat, voice, sync, task_router, playback")]
#[case::no_chat_service("--twilio-grant chat", "--twilio-chat-service-sid: is missing")]
#[case::no_sync_service("--twilio-grant sync", "--twilio-sync-service-sid: is missing")]
#[case::no_call_at_all("--twilio-grant voice", "--twilio-voice-app-sid: is missing")]
#[case::no_worker("--twilio-grant task_router --twilio-workspace-sid WS…", "--twilio-worker")]
#[case::worker_by_login("--twilio-grant task_router --twilio-workspace-sid WS… --twilio-worker ada=WK…", "user id")]
#[case::wrong_sid("--twilio-grant chat --twilio-chat-service-sid AP…", "IS and 32 hexadecimal digits")]
#[case::stray("--twilio-room Lobby", "add --twilio-grant video")]
#[case::stray_beside_another("--twilio-grant video --twilio-allow-incoming", "add --twilio-grant voice")]
#[case::params_of_nothing(
    "--twilio-grant voice --twilio-allow-incoming --twilio-voice-param a=b",
    "--twilio-voice-app-sid"
)]
#[case::too_long("--twilio-grant video --twilio-max-ttl 25h", "1s to 24h")]
#[case::no_time("--twilio-grant video --twilio-max-ttl 0s", "1s to 24h")]
#[case::no_duration("--twilio-grant video --twilio-max-ttl soon", "1s to 24h")]
fn what_would_give_no_token_is_refused(#[case] options: &str, #[case] words: &str) {
    let ran = Program::new().run(&filled(&format!("{ADD} {options}")));
    assert!(ran.refused(2).contains(words), "{ran:?}");
}

#[test]
fn a_worker_has_to_be_a_user() {
    let program = Program::new();
    let nobody = "0d2b3c4d-0000-4000-8000-000000000000";
    let add = format!("{ADD} --twilio-grant task_router --twilio-workspace-sid WS… --twilio-worker {nobody}=WK…");
    let ran = program.run(&filled(&add));
    assert!(ran.code == Some(1) && ran.err.contains(nobody) && ran.err.contains("couplet user list"), "{ran:?}");
}

#[test]
fn unless_it_is_said_users_get_no_token() {
    assert_eq!(Program::new().run(ADD).json()["twilio"], json!({}));
}

#[test]
fn what_is_not_named_stays_and_each_choice_can_be_taken_back() {
    let program = Program::new();
    program.run(ADD).done();
    let options = "--twilio-grant video --twilio-grant chat --twilio-room A --twilio-room B --twilio-max-ttl 4h \
                   --twilio-chat-service-sid IS… --twilio-chat-role-sid RL…";
    let chat = json!({ "service_sid": sid("IS"), "deployment_role_sid": sid("RL") });
    let first = json!({ "max_ttl": 14_400, "video": { "rooms": ["A", "B"] }, "chat": chat });
    assert_eq!(set(&program, options), first);
    assert_eq!(
        set(&program, "--name Other --preset alexa --vendor-id M2TESTVENDOR0"),
        first,
        "a preset says nothing of it"
    );
    let changed = json!({ "max_ttl": 14_400, "video": { "rooms": [] }, "chat": { "service_sid": sid("IS") } });
    assert_eq!(set(&program, "--twilio-room any --twilio-chat-role-sid none"), changed);
    let voice = "--twilio-grant voice --twilio-voice-app-sid AP… --twilio-voice-param a=b --twilio-max-ttl 1d";
    let only = json!({ "max_ttl": 86_400, "voice": {
        "outgoing_application_sid": sid("AP"), "outgoing_params": { "a": "b" }, "incoming": false,
    } });
    assert_eq!(set(&program, voice), only, "those named are all");
    let incoming = json!({ "max_ttl": 86_400, "voice": { "incoming": true } });
    assert_eq!(set(&program, "--twilio-allow-incoming --twilio-voice-app-sid none"), incoming);
    assert_eq!(set(&program, "--twilio-grant none"), json!({ "max_ttl": 86_400 }));
}

#[test]
fn a_worker_who_is_gone_does_not_stop_other_changes() {
    let program = Program::new();
    let ada = program.run("user add ada --json").json()["user_id"].as_str().unwrap().to_owned();
    let worker = format!("{ada}=WK…:supervisor");
    program
        .run(&filled(&format!("{ADD} --twilio-grant task_router --twilio-workspace-sid WS… --twilio-worker {worker}")))
        .done();
    program.run("user delete ada").done();
    let shown = program.run("client set app --name Other").done().to_owned();
    assert!(shown.contains(&filled(&worker)) && shown.contains("task_router"), "{shown}");
}

#[rstest]
#[tokio::test]
async fn a_running_server_follows_at_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = Program::on(backend).await.with("COUPLET_TWILIO_ACCOUNT_SID", ACCOUNT);
    let program = program.with("COUPLET_TWILIO_API_KEY_SID", KEY).with("COUPLET_TWILIO_API_KEY_SECRET", twilio::SECRET);
    let stage = Stage::of(program).await;
    let access = stage.alexa().link(&stage.person()).await.access;
    let alexa: Platform = stage.platform("alexa", SECRET);
    assert_eq!(alexa.twilio_token(&access, "").await.status, 403);
    stage.program.run("client set alexa --twilio-grant video --twilio-room Lobby").done();
    let answer = alexa.twilio_token(&access, "ttl=60").await;
    let (token, user) =
        (Token::read(&answer.text("accessToken")), stage.program.run(&format!("user show {ALICE} --json")).json());
    assert_eq!(token.claims["grants"], json!({ "identity": user["user_id"], "video": { "room": "Lobby" } }));
    stage.program.run("client set alexa --twilio-grant none").done();
    assert_eq!(alexa.twilio_token(&access, "").await.status, 403);
    assert!(!stage.server.log().contains(twilio::SECRET) && !stage.server.log().contains(&answer.text("accessToken")));
}
