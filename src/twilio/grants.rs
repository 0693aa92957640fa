//! Owns the grants of an access token as Twilio reads them. Empty options are absent, a grant without options is an empty object,
//! and there is at most one of each kind.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::model::twilio::{ApplicationSid, CredentialSid, RoleSid, ServiceSid, Worker, WorkerSid, WorkspaceSid};

/// What a token permits.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Grants {
    /// Video rooms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<VideoGrant>,
    /// Chat and Conversations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<ChatGrant>,
    /// Calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<VoiceGrant>,
    /// Sync.
    #[serde(rename = "data_sync", skip_serializing_if = "Option::is_none")]
    pub sync: Option<SyncGrant>,
    /// TaskRouter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_router: Option<TaskRouterGrant>,
    /// The object that Twilio gave for a player of Live, as it came.
    #[serde(rename = "player", skip_serializing_if = "Option::is_none")]
    pub playback: Option<Map<String, Value>>,
}

/// Video rooms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VideoGrant {
    /// The unique name or SID of the one room that it is for; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
}

/// Chat and Conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChatGrant {
    /// The service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_sid: Option<ServiceSid>,
    /// Names the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_id: Option<String>,
    /// The user's role in the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_role_sid: Option<RoleSid>,
    /// What notifications are sent with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_credential_sid: Option<CredentialSid>,
}

/// Calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VoiceGrant {
    /// Whether the user can be called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incoming: Option<Incoming>,
    /// The user's own calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outgoing: Option<Outgoing>,
    /// What notifications of calls are sent with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_credential_sid: Option<CredentialSid>,
    /// Names the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_id: Option<String>,
}

/// The user can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Incoming {
    allow: bool,
}

impl Incoming {
    /// What is said of it; nothing when the user can't be called, since Twilio knows no `false`.
    pub fn when(allow: bool) -> Option<Self> {
        allow.then_some(Self { allow })
    }
}

/// The user's own calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outgoing {
    /// Who is asked what to do with them.
    pub application_sid: ApplicationSid,
    /// What the application is told with each of them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
}

/// Sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SyncGrant {
    /// The service.
    pub service_sid: ServiceSid,
    /// Names the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_id: Option<String>,
}

/// TaskRouter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskRouterGrant {
    workspace_sid: WorkspaceSid,
    worker_sid: WorkerSid,
    role: &'static str,
}

impl TaskRouterGrant {
    /// For one worker.
    pub fn of(workspace_sid: WorkspaceSid, worker: &Worker) -> Self {
        Self { workspace_sid, worker_sid: worker.sid.clone(), role: worker.role.as_str() }
    }
}
