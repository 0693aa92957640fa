//! Owns the shape of `couplet token …`, which is that of Twilio's own command line. Leaves what the options mean to `cli/token.rs`.

use clap::{ArgAction, Args, Subcommand};

/// One command for each grant.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// A token for video rooms
    Video {
        /// Who the token is for
        #[arg(long)]
        identity: String,
        /// The unique name or SID of the one room that it is for [default: any]
        #[arg(long, value_name = "ROOM")]
        room_name: Option<String>,
        #[command(flatten)]
        options: TokenOptions,
    },
    /// A token for Chat and Conversations
    Chat {
        /// Who the token is for
        #[arg(long)]
        identity: String,
        /// The service, IS…
        #[arg(long, value_name = "SID")]
        chat_service_sid: String,
        /// The user's role in the service, RL…
        #[arg(long, value_name = "SID")]
        deployment_role_sid: Option<String>,
        /// What notifications are sent with, CR…
        #[arg(long, value_name = "SID")]
        push_credential_sid: Option<String>,
        /// Names the device
        #[arg(long, value_name = "ID")]
        endpoint_id: Option<String>,
        #[command(flatten)]
        options: TokenOptions,
    },
    /// A token for calls
    Voice {
        /// Who the token is for
        #[arg(long)]
        identity: String,
        /// The TwiML application that is asked about outgoing calls, AP…
        #[arg(long, value_name = "SID")]
        voice_app_sid: String,
        /// What that application is told with each call; repeat for more
        #[arg(long = "voice-param", value_name = "NAME=VALUE")]
        voice_params: Vec<String>,
        /// Whether calls can come in
        #[arg(long, action = ArgAction::Set, default_value_t = true, value_name = "true|false")]
        allow_incoming: bool,
        /// What notifications of calls are sent with, CR…
        #[arg(long, value_name = "SID")]
        push_credential_sid: Option<String>,
        /// Names the device
        #[arg(long, value_name = "ID")]
        endpoint_id: Option<String>,
        #[command(flatten)]
        options: TokenOptions,
    },
    /// A token for Sync
    Sync {
        /// Who the token is for
        #[arg(long)]
        identity: String,
        /// The service, IS…
        #[arg(long, value_name = "SID")]
        sync_service_sid: String,
        /// Names the device
        #[arg(long, value_name = "ID")]
        endpoint_id: Option<String>,
        #[command(flatten)]
        options: TokenOptions,
    },
    /// A token for TaskRouter, which Flex is built on
    Flex {
        /// The worker, WK…
        #[arg(long, value_name = "SID")]
        worker_sid: String,
        /// The workspace, WS…
        #[arg(long, value_name = "SID")]
        workspace_sid: String,
        /// Who the token is for [default: the worker's SID]
        #[arg(long)]
        identity: Option<String>,
        /// As what
        #[arg(long, value_parser = ["worker", "supervisor"], default_value = "worker")]
        role: String,
        #[command(flatten)]
        options: TokenOptions,
    },
}

/// What all of them share.
#[derive(Debug, Args)]
pub struct TokenOptions {
    /// How many seconds the token lives, at most 86400; 14400 suits video sessions
    #[arg(long, default_value = "3600", value_name = "SECONDS", allow_hyphen_values = true)]
    pub ttl: String,
    /// From when on it counts, in seconds since 1970 [default: at once]
    #[arg(long, value_name = "SECONDS")]
    pub not_before: Option<i64>,
    /// How it is signed; Twilio documents HS256 alone
    #[arg(long, value_parser = ["HS256", "HS384", "HS512"], default_value = "HS256")]
    pub algorithm: String,
    /// Say nothing beside the token
    #[arg(long)]
    pub silent: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
