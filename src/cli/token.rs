//! Owns `couplet token …`: from options to a token alone on standard output. Leaves making it to `twilio/`.

use serde::Serialize;

use crate::app::SystemClock;
use crate::cli::args::{TokenCommand, TokenOptions};
use crate::cli::client::voice_params;
use crate::cli::{CliError, print};
use crate::config::Config;
use crate::model::time::Clock;
use crate::model::twilio::{
    ApplicationSid, CredentialSid, InvalidSid, RoleSid, ServiceSid, TokenLife, Worker, WorkerRole, WorkerSid,
    WorkspaceSid,
};
use crate::twilio::access_token::{AccessTokenKey, Algorithm, Identity, NewToken};
use crate::twilio::grants::{
    ChatGrant, Grants, Incoming, Outgoing, SyncGrant, TaskRouterGrant, VideoGrant, VoiceGrant,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    access_token: &'a str,
    identity: &'a str,
    expires_in: u32,
}

/// Makes a token.
pub fn run(config: &Config, command: &TokenCommand) -> Result<(), CliError> {
    let (identity, grants, options) = match command {
        TokenCommand::Video { identity, options, .. }
        | TokenCommand::Chat { identity, options, .. }
        | TokenCommand::Voice { identity, options, .. }
        | TokenCommand::Sync { identity, options, .. } => (identity, grants(command)?, options),
        TokenCommand::Flex { identity, worker_sid, options, .. } => {
            (identity.as_ref().unwrap_or(worker_sid), grants(command)?, options)
        }
    };
    let identity = Identity::parse(identity).ok_or_else(|| usage("--identity", "is empty; name somebody"))?;
    mint(config, &identity, &grants, options)
}

fn mint(config: &Config, identity: &Identity, grants: &Grants, options: &TokenOptions) -> Result<(), CliError> {
    let life = TokenLife::parse(&options.ttl).map_err(|why| usage("--ttl", &why.to_string()))?;
    let algorithm = Algorithm::parse(&options.algorithm).unwrap_or_default();
    let key = config.twilio.as_ref().ok_or_else(|| usage("twilio.api_key_sid", "is missing"))?;
    let new = NewToken { identity, grants, life, not_before: options.not_before };
    let token = AccessTokenKey::new(key, algorithm).mint(&new, SystemClock.now())?;
    let (identity, seconds) = (identity.as_str(), life.seconds());
    if options.json {
        return print::json(&Listed { access_token: token.expose(), identity, expires_in: seconds });
    }
    if !options.silent {
        print::hint(&format!("couplet: a Twilio access token for {identity:?}, good for {seconds} seconds"));
    }
    print::line(token.expose());
    Ok(())
}

fn grants(command: &TokenCommand) -> Result<Grants, CliError> {
    let mut grants = Grants::default();
    match command {
        TokenCommand::Video { room_name, .. } => grants.video = Some(VideoGrant { room: text(room_name.as_ref()) }),
        TokenCommand::Chat { chat_service_sid, deployment_role_sid, push_credential_sid, endpoint_id, .. } => {
            grants.chat = Some(ChatGrant {
                service_sid: Some(sid("--chat-service-sid", chat_service_sid, ServiceSid::parse)?),
                endpoint_id: text(endpoint_id.as_ref()),
                deployment_role_sid: maybe("--deployment-role-sid", deployment_role_sid.as_ref(), RoleSid::parse)?,
                push_credential_sid: push_credential(push_credential_sid.as_ref())?,
            });
        }
        TokenCommand::Voice {
            voice_app_sid,
            voice_params: params,
            allow_incoming,
            push_credential_sid,
            endpoint_id,
            ..
        } => {
            grants.voice = Some(VoiceGrant {
                incoming: Incoming::when(*allow_incoming),
                outgoing: Some(Outgoing {
                    application_sid: sid("--voice-app-sid", voice_app_sid, ApplicationSid::parse)?,
                    params: voice_params("--voice-param", params)?,
                }),
                push_credential_sid: push_credential(push_credential_sid.as_ref())?,
                endpoint_id: text(endpoint_id.as_ref()),
            });
        }
        TokenCommand::Sync { sync_service_sid, endpoint_id, .. } => {
            grants.sync = Some(SyncGrant {
                service_sid: sid("--sync-service-sid", sync_service_sid, ServiceSid::parse)?,
                endpoint_id: text(endpoint_id.as_ref()),
            });
        }
        TokenCommand::Flex { worker_sid, workspace_sid, role, .. } => {
            let role = WorkerRole::parse(role).unwrap_or_default();
            let worker = Worker { sid: sid("--worker-sid", worker_sid, WorkerSid::parse)?, role };
            let workspace = sid("--workspace-sid", workspace_sid, WorkspaceSid::parse)?;
            grants.task_router = Some(TaskRouterGrant::of(workspace, &worker));
        }
    }
    Ok(grants)
}

/// Empty options are as good as absent ones.
fn text(option: Option<&String>) -> Option<String> {
    option.filter(|text| !text.is_empty()).cloned()
}

fn push_credential(option: Option<&String>) -> Result<Option<CredentialSid>, CliError> {
    maybe("--push-credential-sid", option, CredentialSid::parse)
}

fn maybe<T>(
    option: &str,
    text: Option<&String>,
    parse: impl Fn(&str) -> Result<T, InvalidSid>,
) -> Result<Option<T>, CliError> {
    text.filter(|text| !text.is_empty()).map(|text| sid(option, text, parse)).transpose()
}

fn sid<T>(option: &str, text: &str, parse: impl Fn(&str) -> Result<T, InvalidSid>) -> Result<T, CliError> {
    parse(text).map_err(|why| usage(&format!("{option} {text:?}"), &why.to_string()))
}

fn usage(what: &str, why: &str) -> CliError {
    CliError::Usage(format!("{what}: {why}"))
}
