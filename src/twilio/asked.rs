//! Owns what an app may ask about its user's access token: which of the grants that the operator allows, how long, and the few parts
//! that are the app's to choose. Never for whom.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::model::ids::UserId;
use crate::model::parameters::{Parameters, Repeated};
use crate::model::twilio::{
    ChatAccess, GrantName, SyncAccess, TaskRouterAccess, TokenLife, TwilioAccess, VideoAccess, VoiceAccess,
};
use crate::twilio::grants::{
    ChatGrant, Grants, Incoming, Outgoing, SyncGrant, TaskRouterGrant, VideoGrant, VoiceGrant,
};

/// The longest room or device that is taken; Twilio's own limits are far below.
const LONGEST_TEXT: usize = 1024;

/// The longest object for a player.
const LONGEST_PLAYBACK: usize = 8192;

/// Why there is no token.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Refused {
    /// What is asked can't be.
    #[error("{0}")]
    Malformed(String),
    /// It could be, but not for this client or user.
    #[error("{0}")]
    Forbidden(String),
}

impl From<Repeated> for Refused {
    fn from(repeated: Repeated) -> Self {
        Self::Malformed(repeated.to_string())
    }
}

/// What an app asks for.
#[derive(Debug, Default)]
pub struct Asked {
    grants: BTreeSet<GrantName>,
    life: Option<TokenLife>,
    identity: Option<String>,
    room: Option<String>,
    endpoint_id: Option<String>,
    playback: Option<Map<String, Value>>,
}

impl Asked {
    /// Reads the parameters. Grants are separated by blanks or commas, or repeated, as `grant` or `grants`.
    pub fn read(parameters: &Parameters) -> Result<Self, Refused> {
        let named = parameters.all("grant").chain(parameters.all("grants"));
        let names = named.flat_map(|value| value.split([',', ' '])).filter(|name| !name.is_empty());
        let life = parameters.one("ttl")?.map(TokenLife::parse).transpose();
        Ok(Self {
            grants: names.map(grant).collect::<Result<_, _>>()?,
            life: life.map_err(|why| Refused::Malformed(format!("ttl: {why}")))?,
            identity: parameters.one("identity")?.map(str::to_owned),
            room: text(parameters, "room")?,
            endpoint_id: text(parameters, "endpoint_id")?,
            playback: parameters.one("playback")?.map(playback).transpose()?,
        })
    }

    /// Refuses to speak for anybody but `user`.
    pub fn check_identity(&self, user: &str) -> Result<(), Refused> {
        match &self.identity {
            Some(identity) if identity != user => {
                let why = "identity is another one than the access token's user; leave it out".to_owned();
                Err(Refused::Forbidden(why))
            }
            _ => Ok(()),
        }
    }

    /// How long the token lives.
    pub fn life(&self, access: &TwilioAccess) -> Result<TokenLife, Refused> {
        let longest = access.longest_life();
        match self.life {
            None => Ok(TokenLife::USUAL.min(longest)),
            Some(life) if life <= longest => Ok(life),
            Some(_) => {
                Err(Refused::Malformed(format!("ttl: this client's tokens live {} seconds at most", longest.seconds())))
            }
        }
    }

    /// What the token permits: the grants that were asked for, or all that this client's users and this one may have.
    pub fn grants(&self, access: &TwilioAccess, user: UserId) -> Result<Grants, Refused> {
        if let Some(grant) = self.grants.iter().find(|grant| !access.allows(**grant)) {
            return Err(Refused::Forbidden(format!("this client's users may not have the grant {grant}")));
        }
        let grants = Grants {
            video: self.wanted(GrantName::Video, &access.video).map(|video| self.video(video)).transpose()?,
            chat: self.wanted(GrantName::Chat, &access.chat).map(|chat| self.chat(chat)),
            voice: self.wanted(GrantName::Voice, &access.voice).map(|voice| self.voice(voice)),
            sync: self.wanted(GrantName::Sync, &access.sync).map(|sync| self.sync(sync)),
            task_router: self.task_router(access.task_router.as_ref(), user)?,
            playback: self.player(access.playback)?,
        };
        if grants == Grants::default() {
            return Err(Refused::Forbidden("this client's users may have no Twilio access token".to_owned()));
        }
        Ok(grants)
    }

    fn is_wanted(&self, grant: GrantName) -> bool {
        self.grants.is_empty() || self.grants.contains(&grant)
    }

    fn wanted<'a, T>(&self, grant: GrantName, access: &'a Option<T>) -> Option<&'a T> {
        access.as_ref().filter(|_| self.is_wanted(grant))
    }

    fn video(&self, access: &VideoAccess) -> Result<VideoGrant, Refused> {
        let room = match (&self.room, access.rooms.as_slice()) {
            (room, []) => room.clone(),
            (Some(room), rooms) if rooms.contains(room) => Some(room.clone()),
            (Some(_), _) => {
                return Err(Refused::Forbidden("this client's users may not enter this room".to_owned()));
            }
            (None, [only]) => Some(only.clone()),
            (None, _) => return Err(Refused::Malformed("room is missing; name one of the client's".to_owned())),
        };
        Ok(VideoGrant { room })
    }

    fn chat(&self, access: &ChatAccess) -> ChatGrant {
        ChatGrant {
            service_sid: Some(access.service_sid.clone()),
            endpoint_id: self.endpoint_id.clone(),
            deployment_role_sid: access.deployment_role_sid.clone(),
            push_credential_sid: access.push_credential_sid.clone(),
        }
    }

    fn voice(&self, access: &VoiceAccess) -> VoiceGrant {
        let outgoing = access
            .outgoing_application_sid
            .clone()
            .map(|application_sid| Outgoing { application_sid, params: access.outgoing_params.clone() });
        VoiceGrant {
            incoming: Incoming::when(access.incoming),
            outgoing,
            push_credential_sid: access.push_credential_sid.clone(),
            endpoint_id: self.endpoint_id.clone(),
        }
    }

    fn sync(&self, access: &SyncAccess) -> SyncGrant {
        SyncGrant { service_sid: access.service_sid.clone(), endpoint_id: self.endpoint_id.clone() }
    }

    /// Only for who is a worker; whoever is none and did not ask gets the rest.
    fn task_router(&self, access: Option<&TaskRouterAccess>, user: UserId) -> Result<Option<TaskRouterGrant>, Refused> {
        let Some(access) = access.filter(|_| self.is_wanted(GrantName::TaskRouter)) else { return Ok(None) };
        match access.workers.get(&user) {
            Some(worker) => Ok(Some(TaskRouterGrant::of(access.workspace_sid.clone(), worker))),
            None if self.grants.is_empty() => Ok(None),
            None => Err(Refused::Forbidden("this user is no worker".to_owned())),
        }
    }

    fn player(&self, allowed: bool) -> Result<Option<Map<String, Value>>, Refused> {
        if !allowed || !self.is_wanted(GrantName::Playback) {
            return Ok(None);
        }
        match &self.playback {
            None if !self.grants.is_empty() => {
                Err(Refused::Malformed("playback is missing; send the grant that Twilio gave, as JSON".to_owned()))
            }
            playback => Ok(playback.clone()),
        }
    }
}

fn grant(name: &str) -> Result<GrantName, Refused> {
    let unknown = || Refused::Malformed(format!("grant is unknown; known: {}", GrantName::known()));
    GrantName::parse(name).ok_or_else(unknown)
}

fn text(parameters: &Parameters, name: &'static str) -> Result<Option<String>, Refused> {
    match parameters.one(name)? {
        Some(text) if text.len() > LONGEST_TEXT => {
            Err(Refused::Malformed(format!("{name} is longer than {LONGEST_TEXT} bytes")))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

fn playback(text: &str) -> Result<Map<String, Value>, Refused> {
    let object = (text.len() <= LONGEST_PLAYBACK).then(|| serde_json::from_str(text).ok()).flatten();
    object
        .ok_or_else(|| Refused::Malformed("playback must be the JSON object that Twilio gave, of 8 KiB at most".into()))
}
