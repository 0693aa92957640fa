//! Owns what is printed about a client, with the settings for the platform's console.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli::open::issuer;
use crate::cli::{CliError, print};
use crate::config::Config;
use crate::model::client::{Client, ClientSettings};
use crate::model::partner::Partner;
use crate::model::secret::PlainSecret;
use crate::model::twilio::{GrantName, TwilioAccess};
use crate::platforms::alexa::{Linking, SkillManagement, console_fields, skill_management};
use crate::web::routes::endpoints;

#[derive(Serialize)]
struct Listed<'a> {
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    public: bool,
    enabled: bool,
    created_at: String,
    #[serde(flatten)]
    settings: &'a ClientSettings,
    /// The fields of the console's account-linking page.
    #[serde(skip_serializing_if = "Option::is_none")]
    console: Option<Map<String, Value>>,
    /// The body of the skill-management API's account-linking update.
    #[serde(skip_serializing_if = "Option::is_none")]
    skill_management: Option<SkillManagement>,
    /// Where its reciprocal codes are exchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<ListedPartner<'a>>,
}

#[derive(Serialize)]
struct ListedPartner<'a> {
    name: &'a str,
    token_url: &'a str,
    partner_client_id: &'a str,
    scope: String,
}

impl<'a> From<&'a Partner> for ListedPartner<'a> {
    fn from(partner: &'a Partner) -> Self {
        Self {
            name: partner.name.as_str(),
            token_url: partner.token_url.as_str(),
            partner_client_id: &partner.partner_client_id,
            scope: partner.scope.to_string(),
        }
    }
}

fn listed<'a>(client: &'a Client, secret: Option<&'a PlainSecret>) -> Listed<'a> {
    Listed {
        client_id: client.id.as_str(),
        client_secret: secret.map(PlainSecret::expose),
        public: client.is_public(),
        enabled: client.enabled,
        created_at: client.created_at.to_rfc3339(),
        settings: &client.settings,
        console: None,
        skill_management: None,
        partner: None,
    }
}

/// What the platform's console needs to know of a client.
fn linking(config: &Config, issuer: &str, client: &Client, secret: Option<&PlainSecret>) -> Linking {
    let endpoints = endpoints(issuer);
    let host = url::Url::parse(issuer).ok().and_then(|url| url.host_str().map(str::to_owned));
    Linking {
        authorization_url: endpoints.authorization,
        token_url: endpoints.token,
        reciprocal_url: endpoints.reciprocal,
        client_id: client.id.to_string(),
        client_secret: secret.map(|secret| secret.expose().to_owned()),
        scopes: client.settings.scope.tokens().map(str::to_owned).collect(),
        domains: host.into_iter().collect(),
        access_token_seconds: config.tokens.access.as_secs(),
    }
}

/// The fields of the Alexa developer console with their values.
pub fn console(
    config: &Config,
    issuer: &str,
    client: &Client,
    secret: Option<&PlainSecret>,
) -> Vec<(&'static str, String)> {
    console_fields(&linking(config, issuer, client, secret))
}

/// Prints all clients.
pub fn list(clients: &[Client], json: bool) -> Result<(), CliError> {
    if json {
        return print::json(&clients.iter().map(|client| listed(client, None)).collect::<Vec<_>>());
    }
    for client in clients {
        let disabled = if client.enabled { "" } else { "  disabled" };
        print::line(&format!("{}  {}{disabled}", client.id, client.settings.name));
    }
    Ok(())
}

/// Prints one client with its partner, its secret if it was made just now, and the settings for its platform's console.
pub fn show(
    config: &Config,
    client: &Client,
    partner: Option<&Partner>,
    secret: Option<&PlainSecret>,
    json: bool,
) -> Result<(), CliError> {
    let is_alexa = client.settings.preset.as_deref() == Some("alexa");
    let linking = is_alexa.then(|| linking(config, &issuer(config), client, secret));
    if json {
        let fields = linking.as_ref().map(console_fields);
        return print::json(&Listed {
            console: fields
                .map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()),
            skill_management: linking.as_ref().map(skill_management),
            partner: partner.map(ListedPartner::from),
            ..listed(client, secret)
        });
    }
    print::fields(&summary(client, secret));
    if let Some(partner) = partner {
        print::fields(&partner_summary(partner));
    }
    if let Some(linking) = linking {
        if config.public_url.is_none() {
            print::hint("\npublic_url is not set; put your https address in place of YOUR-PUBLIC-URL below.");
        }
        print::line("\nAlexa developer console, your skill, Build, Account Linking:\n");
        print::fields(&console_fields(&linking));
        print::line("\nThe same for `ask smapi update-account-linking-info`:\n");
        print::json(&skill_management(&linking))?;
        if partner.is_none() {
            print::hint(&format!(
                "\nreciprocalAccessTokenUrl is for two-way links: run `couplet client set-partner {} --partner alexa …` as well, \
                 or leave the line out.",
                client.id
            ));
        }
    }
    Ok(())
}

fn summary(client: &Client, secret: Option<&PlainSecret>) -> Vec<(&'static str, String)> {
    let settings = &client.settings;
    let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
    let mut fields = vec![("client_id", client.id.to_string())];
    if let Some(secret) = secret {
        fields.push(("client_secret", format!("{}  (shown this once; keep it)", secret.expose())));
    }
    fields.push(("name", settings.name.clone()));
    fields.push(("kind", if client.is_public() { "public" } else { "confidential" }.to_owned()));
    fields.push(("enabled", client.enabled.to_string()));
    fields.extend(settings.redirect_uris.iter().map(|uri| ("redirect_uri", uri.to_string())));
    fields.push(("scope", settings.scope.to_string()));
    fields.push(("grants", settings.grant_types.iter().map(|grant| grant.as_str()).collect::<Vec<_>>().join(" ")));
    fields.push(("access_token", word(serde_json::json!(settings.access_token))));
    fields.push(("refresh", word(serde_json::json!(settings.refresh))));
    fields.push(("require_pkce", settings.require_pkce.to_string()));
    fields.push(("repeat_exchange", if settings.repeat_exchange { "on" } else { "off" }.to_owned()));
    fields.push(("introspect_any", settings.introspect_any.to_string()));
    fields.extend(settings.backend_of.iter().map(|client| ("backend_of", client.to_string())));
    fields.push(("exchange_grant_id", settings.exchange_grant_id.to_string()));
    fields.push(("sign_in_approval", settings.approval.as_str().to_owned()));
    fields.extend(twilio_summary(&settings.twilio));
    fields
}

fn twilio_summary(access: &TwilioAccess) -> Vec<(&'static str, String)> {
    let grants = access.grants();
    if grants.is_empty() {
        return Vec::new();
    }
    let grants = grants.into_iter().map(GrantName::as_str).collect::<Vec<_>>().join(" ");
    let mut fields =
        vec![("twilio_grants", grants), ("twilio_max_ttl", format!("{}s", access.longest_life().seconds()))];
    let mut add = |name, value: Option<String>| fields.extend(value.map(|value| (name, value)));
    if let Some(video) = access.video.as_ref().filter(|video| !video.rooms.is_empty()) {
        add("twilio_rooms", Some(video.rooms.join(", ")));
    }
    if let Some(chat) = &access.chat {
        add("twilio_chat_service_sid", Some(chat.service_sid.to_string()));
        add("twilio_chat_role_sid", chat.deployment_role_sid.as_ref().map(ToString::to_string));
        add("twilio_chat_push_credential_sid", chat.push_credential_sid.as_ref().map(ToString::to_string));
    }
    if let Some(voice) = &access.voice {
        add("twilio_voice_app_sid", voice.outgoing_application_sid.as_ref().map(ToString::to_string));
        voice
            .outgoing_params
            .iter()
            .for_each(|(name, value)| add("twilio_voice_param", Some(format!("{name}={value}"))));
        add("twilio_allow_incoming", Some(voice.incoming.to_string()));
        add("twilio_voice_push_credential_sid", voice.push_credential_sid.as_ref().map(ToString::to_string));
    }
    add("twilio_sync_service_sid", access.sync.as_ref().map(|sync| sync.service_sid.to_string()));
    if let Some(access) = &access.task_router {
        add("twilio_workspace_sid", Some(access.workspace_sid.to_string()));
        let workers = access.workers.iter();
        workers.for_each(|(user, worker)| {
            add("twilio_worker", Some(format!("{user}={}:{}", worker.sid, worker.role.as_str())));
        });
    }
    fields
}

fn partner_summary(partner: &Partner) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("partner", partner.name.to_string()),
        ("partner_token_url", partner.token_url.to_string()),
        ("partner_client_id", partner.partner_client_id.clone()),
    ];
    if !partner.scope.is_empty() {
        fields.push(("partner_scope", partner.scope.to_string()));
    }
    fields
}
