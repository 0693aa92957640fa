//! What an app asks about a Twilio access token: whatever it sends, the token stays within what is allowed.

use couplet::model::ids::UserId;
use couplet::model::parameters::Parameters;
use couplet::model::twilio::TwilioAccess;
use couplet::twilio::asked::Asked;

use super::Counting;

/// Two rooms, a player, and a worker who is somebody else.
const ALLOWED: &str = r#"{"max_ttl":600,"video":{"rooms":["A","B"]},"playback":true,"task_router":{
    "workspace_sid":"WS00112233445566778899aabbccddeeff","workers":{"00000000-0000-4000-8000-000000000000":{
    "sid":"WK00112233445566778899aabbccddeeff","role":"worker"}}}}"#;

pub fn run(data: &[u8]) {
    let Ok(parameters) = Parameters::parse(data) else { return };
    let Ok(asked) = Asked::read(&parameters) else { return };
    let access: TwilioAccess = serde_json::from_str(ALLOWED).expect("the settings can be read");
    let user = UserId::random(&Counting);
    if let Ok(Some(identity)) = parameters.one("identity") {
        assert_eq!(asked.check_identity(&user.to_string()).is_ok(), identity == user.to_string());
    }
    if let Ok(life) = asked.life(&access) {
        assert!((1..=600).contains(&life.seconds()));
    }
    if let Ok(grants) = asked.grants(&access, user) {
        assert!(grants.chat.is_none() && grants.voice.is_none() && grants.sync.is_none());
        assert!(grants.task_router.is_none(), "the worker is somebody else");
        assert!(grants.video.iter().all(|video| matches!(video.room.as_deref(), Some("A" | "B"))));
        assert!(grants.video.is_some() || grants.playback.is_some(), "nobody gets an empty token");
    }
}
