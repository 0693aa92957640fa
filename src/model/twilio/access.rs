//! Owns the operator's choices about the Twilio access tokens of a client's users: which grants, and the parts of each that are not
//! the user's to choose. Leaves what is asked for, and making the token, to `twilio/`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ApplicationSid, CredentialSid, RoleSid, ServiceSid, TokenLife, WorkerSid, WorkspaceSid};
use crate::model::ids::UserId;

/// What a grant of an access token is for, by the names that operators and apps use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GrantName {
    /// Video rooms.
    Video,
    /// Chat and Conversations.
    Chat,
    /// Calls.
    Voice,
    /// Sync.
    Sync,
    /// TaskRouter, which Flex is built on.
    TaskRouter,
    /// The player of Live.
    Playback,
}

impl GrantName {
    /// All there are.
    pub const ALL: [GrantName; 6] = [
        GrantName::Video,
        GrantName::Chat,
        GrantName::Voice,
        GrantName::Sync,
        GrantName::TaskRouter,
        GrantName::Playback,
    ];

    /// The name in options and parameters.
    pub fn as_str(self) -> &'static str {
        match self {
            GrantName::Video => "video",
            GrantName::Chat => "chat",
            GrantName::Voice => "voice",
            GrantName::Sync => "sync",
            GrantName::TaskRouter => "task_router",
            GrantName::Playback => "playback",
        }
    }

    /// The grant of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text)
    }

    /// All names, as a mend.
    pub fn known() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

impl fmt::Display for GrantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which access tokens the users of a client may have: a grant that is absent is never given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TwilioAccess {
    /// The longest life of a token, in seconds; a day when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_ttl: Option<TokenLife>,
    /// Video rooms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<VideoAccess>,
    /// Chat and Conversations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<ChatAccess>,
    /// Calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<VoiceAccess>,
    /// Sync.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync: Option<SyncAccess>,
    /// TaskRouter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_router: Option<TaskRouterAccess>,
    /// The player of Live.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub playback: bool,
}

/// Video rooms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoAccess {
    /// The rooms that may be entered, by unique name or SID; any when empty.
    pub rooms: Vec<String>,
}

/// Chat and Conversations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatAccess {
    /// The service.
    pub service_sid: ServiceSid,
    /// The role that a user has in it, unless the service says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_role_sid: Option<RoleSid>,
    /// What notifications are sent with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_credential_sid: Option<CredentialSid>,
}

/// Calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceAccess {
    /// Who is asked about the user's own calls; without it there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outgoing_application_sid: Option<ApplicationSid>,
    /// What the application is told with each of them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub outgoing_params: BTreeMap<String, String>,
    /// Whether the user can be called.
    pub incoming: bool,
    /// What notifications of calls are sent with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_credential_sid: Option<CredentialSid>,
}

/// Sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncAccess {
    /// The service.
    pub service_sid: ServiceSid,
}

/// TaskRouter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRouterAccess {
    /// The workspace.
    pub workspace_sid: WorkspaceSid,
    /// Which user is which worker; others get no such grant.
    pub workers: BTreeMap<UserId, Worker>,
}

/// A worker of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Which one.
    pub sid: WorkerSid,
    /// As what.
    pub role: WorkerRole,
}

/// What a worker may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerRole {
    /// Their own tasks.
    #[default]
    Worker,
    /// Everybody's.
    Supervisor,
}

impl WorkerRole {
    /// The role as text.
    pub fn as_str(self) -> &'static str {
        match self {
            WorkerRole::Worker => "worker",
            WorkerRole::Supervisor => "supervisor",
        }
    }

    /// The role of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Worker, Self::Supervisor].into_iter().find(|role| role.as_str() == text)
    }
}

impl TwilioAccess {
    /// The grants that may be given, in the order of documents.
    pub fn grants(&self) -> Vec<GrantName> {
        GrantName::ALL.into_iter().filter(|grant| self.allows(*grant)).collect()
    }

    /// Whether a grant may be given to some user of the client.
    pub fn allows(&self, grant: GrantName) -> bool {
        match grant {
            GrantName::Video => self.video.is_some(),
            GrantName::Chat => self.chat.is_some(),
            GrantName::Voice => self.voice.is_some(),
            GrantName::Sync => self.sync.is_some(),
            GrantName::TaskRouter => self.task_router.is_some(),
            GrantName::Playback => self.playback,
        }
    }

    /// The longest life of a token.
    pub fn longest_life(&self) -> TokenLife {
        self.max_ttl.unwrap_or(TokenLife::LONGEST)
    }
}
