//! Owns turning an operator's words into which Twilio access tokens a client's users may have. What is not named stays.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::CliError;
use crate::cli::args::TwilioOptions;
use crate::cli::client::settings::usage;
use crate::model::ids::UserId;
use crate::model::twilio::{
    ApplicationSid, ChatAccess, CredentialSid, GrantName, InvalidSid, RoleSid, ServiceSid, SyncAccess,
    TaskRouterAccess, TokenLife, TwilioAccess, VideoAccess, VoiceAccess, Worker, WorkerRole, WorkerSid, WorkspaceSid,
};
use crate::store::Store;

/// Takes a choice back.
const NONE: &str = "none";

/// Stands for all rooms.
const ANY: &str = "any";

/// As many workers as a client's settings hold, since every request of the client reads them.
const MOST_WORKERS: usize = 100;

/// The choices after a change.
pub fn changed(current: &TwilioAccess, options: &TwilioOptions) -> Result<TwilioAccess, CliError> {
    let wanted = match options.grants.as_slice() {
        [] => current.grants(),
        [only] if only == NONE => Vec::new(),
        names => names.iter().map(|name| grant(name)).collect::<Result<_, _>>()?,
    };
    let is_wanted = |grant| wanted.contains(&grant);
    refuse_strays(options, &is_wanted)?;
    let max_ttl = options.max_ttl.as_deref().map(life).transpose()?;
    Ok(TwilioAccess {
        max_ttl: max_ttl.or(current.max_ttl),
        video: is_wanted(GrantName::Video).then(|| video(current.video.as_ref(), options)),
        chat: is_wanted(GrantName::Chat).then(|| chat(current.chat.as_ref(), options)).transpose()?,
        voice: is_wanted(GrantName::Voice).then(|| voice(current.voice.as_ref(), options)).transpose()?,
        sync: is_wanted(GrantName::Sync).then(|| sync(current.sync.as_ref(), options)).transpose()?,
        task_router: is_wanted(GrantName::TaskRouter)
            .then(|| task_router(current.task_router.as_ref(), options))
            .transpose()?,
        playback: is_wanted(GrantName::Playback),
    })
}

/// Every new worker has to be a user: a misspelt id would be found out only when a token is asked for.
pub async fn check_workers(store: &dyn Store, former: &TwilioAccess, access: &TwilioAccess) -> Result<(), CliError> {
    let ids = |access: &TwilioAccess| -> BTreeSet<UserId> {
        access.task_router.iter().flat_map(|access| access.workers.keys().copied()).collect()
    };
    for id in ids(access).difference(&ids(former)) {
        if store.user(*id).await?.is_none() {
            let why = format!("there is no user {id}; `couplet user list` shows them");
            return Err(CliError::Failed(why));
        }
    }
    Ok(())
}

/// An option of a grant that is not allowed would have no effect, which nobody expects.
fn refuse_strays(options: &TwilioOptions, is_wanted: &dyn Fn(GrantName) -> bool) -> Result<(), CliError> {
    let given = [
        ("--twilio-room", GrantName::Video, !options.rooms.is_empty()),
        ("--twilio-chat-service-sid", GrantName::Chat, options.chat_service_sid.is_some()),
        ("--twilio-chat-role-sid", GrantName::Chat, options.chat_role_sid.is_some()),
        ("--twilio-chat-push-credential-sid", GrantName::Chat, options.chat_push_credential_sid.is_some()),
        ("--twilio-voice-app-sid", GrantName::Voice, options.voice_app_sid.is_some()),
        ("--twilio-voice-param", GrantName::Voice, !options.voice_params.is_empty()),
        ("--twilio-allow-incoming", GrantName::Voice, options.allow_incoming.is_some()),
        ("--twilio-voice-push-credential-sid", GrantName::Voice, options.voice_push_credential_sid.is_some()),
        ("--twilio-sync-service-sid", GrantName::Sync, options.sync_service_sid.is_some()),
        ("--twilio-workspace-sid", GrantName::TaskRouter, options.workspace_sid.is_some()),
        ("--twilio-worker", GrantName::TaskRouter, !options.workers.is_empty()),
    ];
    match given.into_iter().find(|(_, grant, given)| *given && !is_wanted(*grant)) {
        Some((option, grant, _)) => {
            Err(usage(option, &format!("belongs to a grant that is not allowed; add --twilio-grant {grant}")))
        }
        None => Ok(()),
    }
}

fn video(current: Option<&VideoAccess>, options: &TwilioOptions) -> VideoAccess {
    let rooms = match options.rooms.as_slice() {
        [] => current.map(|video| video.rooms.clone()).unwrap_or_default(),
        [only] if only == ANY => Vec::new(),
        rooms => rooms.to_vec(),
    };
    VideoAccess { rooms }
}

fn chat(current: Option<&ChatAccess>, options: &TwilioOptions) -> Result<ChatAccess, CliError> {
    let service = options.chat_service_sid.as_deref();
    Ok(ChatAccess {
        service_sid: required(
            "--twilio-chat-service-sid",
            service,
            current.map(|chat| &chat.service_sid),
            ServiceSid::parse,
        )?,
        deployment_role_sid: optional(
            "--twilio-chat-role-sid",
            options.chat_role_sid.as_deref(),
            current.and_then(|chat| chat.deployment_role_sid.as_ref()),
            RoleSid::parse,
        )?,
        push_credential_sid: optional(
            "--twilio-chat-push-credential-sid",
            options.chat_push_credential_sid.as_deref(),
            current.and_then(|chat| chat.push_credential_sid.as_ref()),
            CredentialSid::parse,
        )?,
    })
}

fn voice(current: Option<&VoiceAccess>, options: &TwilioOptions) -> Result<VoiceAccess, CliError> {
    let application = optional(
        "--twilio-voice-app-sid",
        options.voice_app_sid.as_deref(),
        current.and_then(|voice| voice.outgoing_application_sid.as_ref()),
        ApplicationSid::parse,
    )?;
    let incoming = options.allow_incoming.unwrap_or(current.is_some_and(|voice| voice.incoming));
    if application.is_none() && !incoming {
        return Err(usage("--twilio-voice-app-sid", "is missing; give it, or --twilio-allow-incoming, or both"));
    }
    let params = match options.voice_params.as_slice() {
        [] => current.map(|voice| voice.outgoing_params.clone()).unwrap_or_default(),
        [only] if only == NONE => BTreeMap::new(),
        given if application.is_some() => voice_params("--twilio-voice-param", given)?,
        _ => return Err(usage("--twilio-voice-param", "is for an application; give --twilio-voice-app-sid as well")),
    };
    Ok(VoiceAccess {
        outgoing_params: if application.is_some() { params } else { BTreeMap::new() },
        outgoing_application_sid: application,
        incoming,
        push_credential_sid: optional(
            "--twilio-voice-push-credential-sid",
            options.voice_push_credential_sid.as_deref(),
            current.and_then(|voice| voice.push_credential_sid.as_ref()),
            CredentialSid::parse,
        )?,
    })
}

fn sync(current: Option<&SyncAccess>, options: &TwilioOptions) -> Result<SyncAccess, CliError> {
    let service = options.sync_service_sid.as_deref();
    let current = current.map(|sync| &sync.service_sid);
    Ok(SyncAccess { service_sid: required("--twilio-sync-service-sid", service, current, ServiceSid::parse)? })
}

fn task_router(current: Option<&TaskRouterAccess>, options: &TwilioOptions) -> Result<TaskRouterAccess, CliError> {
    let workers: BTreeMap<_, _> = match options.workers.as_slice() {
        [] => current.map(|access| access.workers.clone()).unwrap_or_default(),
        given => given.iter().map(|text| worker(text)).collect::<Result<_, _>>()?,
    };
    if workers.is_empty() || workers.len() > MOST_WORKERS {
        let why = format!("names 1 to {MOST_WORKERS} workers; for others there is `couplet token flex`");
        return Err(usage("--twilio-worker", &why));
    }
    let workspace = options.workspace_sid.as_deref();
    let current = current.map(|access| &access.workspace_sid);
    let workspace_sid = required("--twilio-workspace-sid", workspace, current, WorkspaceSid::parse)?;
    Ok(TaskRouterAccess { workspace_sid, workers })
}

fn worker(text: &str) -> Result<(UserId, Worker), CliError> {
    let wrong = |why: &str| usage(&format!("--twilio-worker {text:?}"), why);
    let form = "write a user id, =, and the worker's SID, as 0d2b3c4d-…=WK…; `couplet user show` tells the id";
    let (user, worker) = text.split_once('=').ok_or_else(|| wrong(form))?;
    let user = UserId::parse(user).ok_or_else(|| wrong(form))?;
    let (sid, role) = worker.split_once(':').unwrap_or((worker, WorkerRole::default().as_str()));
    let sid = WorkerSid::parse(sid).map_err(|why| wrong(&why.to_string()))?;
    let role = WorkerRole::parse(role).ok_or_else(|| wrong("the role is worker or supervisor"))?;
    Ok((user, Worker { sid, role }))
}

/// Reads what an application is told with each call.
pub fn voice_params(option: &str, given: &[String]) -> Result<BTreeMap<String, String>, CliError> {
    let pair = |text: &String| match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(usage(&format!("{option} {text:?}"), "write NAME=VALUE")),
    };
    given.iter().map(pair).collect()
}

fn grant(name: &str) -> Result<GrantName, CliError> {
    let known = || format!("{name} is unknown; known: {}", GrantName::known());
    GrantName::parse(name).ok_or_else(|| usage("--twilio-grant", &known()))
}

fn life(text: &str) -> Result<TokenLife, CliError> {
    let life = humantime::parse_duration(text).ok().and_then(|time| TokenLife::try_from(time).ok());
    life.ok_or_else(|| usage("--twilio-max-ttl", "write a duration from 1s to 24h, such as 4h"))
}

fn required<T: Clone>(
    option: &str,
    given: Option<&str>,
    current: Option<&T>,
    parse: impl Fn(&str) -> Result<T, InvalidSid>,
) -> Result<T, CliError> {
    match (given, current) {
        (Some(text), _) => parse(text).map_err(|why| usage(&format!("{option} {text:?}"), &why.to_string())),
        (None, Some(current)) => Ok(current.clone()),
        (None, None) => Err(usage(option, "is missing; the grant needs it")),
    }
}

fn optional<T: Clone>(
    option: &str,
    given: Option<&str>,
    current: Option<&T>,
    parse: impl Fn(&str) -> Result<T, InvalidSid>,
) -> Result<Option<T>, CliError> {
    match given {
        Some(NONE) => Ok(None),
        Some(_) => required(option, given, current, parse).map(Some),
        None => Ok(current.cloned()),
    }
}
