//! Owns the shape of the options by which a client's users get Twilio access tokens. Leaves what they mean to
//! `cli/client/twilio.rs`.

use clap::Args;

/// Where they stand in the help.
const HEADING: &str = "Twilio access tokens of the client's users";

/// Which tokens, and the parts of each that are not the user's to choose.
#[derive(Clone, Debug, Default, Args)]
pub struct TwilioOptions {
    /// A grant they may have: video, chat, voice, sync, task_router or playback; repeat for more, `none` for none any more
    #[arg(id = "twilio_grants", long = "twilio-grant", value_name = "GRANT", help_heading = HEADING)]
    pub grants: Vec<String>,
    /// How long a token may live, at most 24h [default: 24h]
    #[arg(long = "twilio-max-ttl", value_name = "TIME", help_heading = HEADING)]
    pub max_ttl: Option<String>,
    /// A video room they may enter, by unique name or SID; repeat for more, `any` for any [default: any]
    #[arg(long = "twilio-room", value_name = "ROOM", help_heading = HEADING)]
    pub rooms: Vec<String>,
    /// The Chat or Conversations service, IS…
    #[arg(long = "twilio-chat-service-sid", value_name = "SID", help_heading = HEADING)]
    pub chat_service_sid: Option<String>,
    /// Their role in it, RL…, or `none`
    #[arg(long = "twilio-chat-role-sid", value_name = "SID", help_heading = HEADING)]
    pub chat_role_sid: Option<String>,
    /// What notifications of messages are sent with, CR…, or `none`
    #[arg(long = "twilio-chat-push-credential-sid", value_name = "SID", help_heading = HEADING)]
    pub chat_push_credential_sid: Option<String>,
    /// The TwiML application that is asked about their calls, AP…, or `none` to let them call nobody
    #[arg(long = "twilio-voice-app-sid", value_name = "SID", help_heading = HEADING)]
    pub voice_app_sid: Option<String>,
    /// What that application is told with each call; repeat for more, `none` for nothing any more
    #[arg(long = "twilio-voice-param", value_name = "NAME=VALUE", help_heading = HEADING)]
    pub voice_params: Vec<String>,
    /// Whether they can be called
    #[arg(
        long = "twilio-allow-incoming",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "true|false",
        help_heading = HEADING
    )]
    pub allow_incoming: Option<bool>,
    /// What notifications of calls are sent with, CR…, or `none`
    #[arg(long = "twilio-voice-push-credential-sid", value_name = "SID", help_heading = HEADING)]
    pub voice_push_credential_sid: Option<String>,
    /// The Sync service, IS…
    #[arg(long = "twilio-sync-service-sid", value_name = "SID", help_heading = HEADING)]
    pub sync_service_sid: Option<String>,
    /// The TaskRouter workspace, WS…
    #[arg(long = "twilio-workspace-sid", value_name = "SID", help_heading = HEADING)]
    pub workspace_sid: Option<String>,
    /// Which user, by user id, is which worker, WK…; `:supervisor` behind it for a supervisor; repeat for all of them
    #[arg(long = "twilio-worker", value_name = "USER_ID=SID", help_heading = HEADING)]
    pub workers: Vec<String>,
}
