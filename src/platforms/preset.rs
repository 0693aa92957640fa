//! Owns the shape of a platform preset and the list of them. Leaves each platform's facts to its own file.

use thiserror::Error;

use crate::model::client::{AccessTokenFormat, ClientSettings, RefreshPolicy};
use crate::model::redirect_uri::{InvalidRedirectUri, RedirectUri};
use crate::platforms::alexa;

/// What a platform prescribes and how its links are best kept.
#[derive(Debug)]
pub struct Preset {
    /// Its name on the command line.
    pub name: &'static str,
    /// What people call the platform.
    pub title: &'static str,
    /// Where its answers go, with `{VENDOR_ID}` for the id that the operator enters.
    pub redirect_uris: &'static [&'static str],
    /// Checks the id that the operator enters.
    pub check_vendor_id: fn(&str) -> Result<(), InvalidVendorId>,
    /// The form of access tokens.
    pub access_token: AccessTokenFormat,
    /// What a refresh does to the refresh token.
    pub refresh: RefreshPolicy,
    /// Whether the platform may repeat a code exchange whose answer was lost.
    pub repeat_exchange: bool,
    /// Whether a token request with PKCE may leave out the redirect URI.
    pub lenient_redirect_uri: bool,
    /// Whether every link needs consent anew.
    pub always_ask_consent: bool,
    /// The most scope tokens its console takes.
    pub max_scopes: usize,
}

/// Why a text is no vendor id of a platform.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidVendorId {
    /// The id of one skill, which does not occur in redirect URIs.
    #[error(
        "that is a skill id (amzn1…); redirect URIs carry the vendor id, which is the same for all your skills: \
         copy it from the end of a redirect URL on the skill's account-linking page, M and capital letters and digits"
    )]
    SkillId,
    /// Something else.
    #[error("a vendor id is M followed by 5 to 31 capital letters and digits, for example M2AB3CDEFGHIJK")]
    Malformed,
}

/// Every preset there is.
pub const ALL: [&Preset; 1] = [&alexa::PRESET];

impl Preset {
    /// The preset of that name.
    pub fn named(name: &str) -> Option<&'static Preset> {
        ALL.into_iter().find(|preset| preset.name == name)
    }

    /// The redirect URIs for one vendor.
    pub fn redirect_uris_of(&self, vendor_id: &str) -> Result<Vec<RedirectUri>, InvalidRedirectUri> {
        let filled = self.redirect_uris.iter().map(|pattern| pattern.replace("{VENDOR_ID}", vendor_id));
        filled.map(|uri| RedirectUri::parse(&uri, false)).collect()
    }

    /// Whether `uri` is one of the platform's own, of whichever vendor.
    pub fn owns(&self, uri: &RedirectUri) -> bool {
        let prefix = |pattern: &&str| pattern.split("{VENDOR_ID}").next().unwrap_or(pattern).to_owned();
        self.redirect_uris.iter().any(|pattern| uri.as_str().starts_with(&prefix(pattern)))
    }

    /// The settings of a new client of this platform.
    pub fn settings(&self) -> ClientSettings {
        ClientSettings {
            name: self.title.to_owned(),
            preset: Some(self.name.to_owned()),
            access_token: self.access_token,
            refresh: self.refresh,
            repeat_exchange: self.repeat_exchange,
            lenient_redirect_uri: self.lenient_redirect_uri,
            always_ask_consent: self.always_ask_consent,
            ..ClientSettings::default()
        }
    }
}

/// The token endpoint of the partner of that name, where it is known.
pub fn partner_token_url(partner: &str) -> Option<&'static str> {
    (partner == alexa::PRESET.name).then_some(alexa::PARTNER_TOKEN_URL)
}

/// What people call the platform of a client: its preset's title, or its own name.
pub fn platform_title(settings: &ClientSettings) -> &str {
    let preset = settings.preset.as_deref().and_then(Preset::named);
    preset.map_or(settings.name.as_str(), |preset| preset.title)
}
