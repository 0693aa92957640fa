//! Owns what an OAuth client is and which choices an operator has about it. Leaves proving who one is to `oauth/client_auth.rs`.

use serde::{Deserialize, Serialize};

use crate::model::approval::ApprovalPolicy;
use crate::model::ids::ClientId;
use crate::model::redirect_uri::RedirectUri;
use crate::model::scope::Scope;
use crate::model::secret::{ClientSecretHash, PlainSecret};
use crate::model::time::Timestamp;
use crate::model::twilio::TwilioAccess;

/// A registered client (RFC 6749 section 2).
#[derive(Clone, Debug)]
pub struct Client {
    /// Its public name in the protocol.
    pub id: ClientId,
    /// How it proves who it is.
    pub credentials: Credentials,
    /// What the operator chose.
    pub settings: ClientSettings,
    /// A disabled client gets no answer but `invalid_client`.
    pub enabled: bool,
    /// When it was registered.
    pub created_at: Timestamp,
}

impl Client {
    /// Whether it has no secret (RFC 6749 section 2.1).
    pub fn is_public(&self) -> bool {
        matches!(self.credentials, Credentials::Public)
    }

    /// Whether an authorization request must carry a `code_challenge` (RFC 9700 section 2.1.1 for public clients).
    pub fn needs_pkce(&self) -> bool {
        self.is_public() || self.settings.require_pkce
    }

    /// Whether it serves the links of that client: its own, or those of a client whose backend it is.
    pub fn serves(&self, client_id: &ClientId) -> bool {
        self.id == *client_id || self.settings.backend_of.contains(client_id)
    }

    /// Whether it may use `grant_type`.
    pub fn may_use(&self, grant_type: GrantType) -> bool {
        self.settings.grant_types.contains(&grant_type)
    }
}

/// How a client proves who it is.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// It can't keep a secret.
    Public,
    /// It has a secret, for a while after a rotation also the former one.
    Confidential(ClientSecrets),
}

/// The valid secrets of a confidential client, never more than two.
#[derive(Clone, Debug)]
pub struct ClientSecrets {
    /// The secret given out last.
    pub current: ClientSecretHash,
    /// The one before, until it ends.
    pub former: Option<FormerSecret>,
}

/// A replaced secret in its overlap.
#[derive(Clone, Debug)]
pub struct FormerSecret {
    /// Its hash.
    pub hash: ClientSecretHash,
    /// From when on it is refused.
    pub valid_until: Timestamp,
}

impl ClientSecrets {
    /// Whether `presented` is one of the secrets valid at `now`.
    pub fn accept(&self, presented: &PlainSecret, now: Timestamp) -> bool {
        let former = self.former.as_ref().filter(|former| now < former.valid_until);
        self.current.matches(presented) | former.is_some_and(|former| former.hash.matches(presented))
    }
}

/// The operator's choices about a client; stored as one JSON document. A choice that an older version did not know has its
/// default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientSettings {
    /// What people read on the consent page and in their account.
    pub name: String,
    /// The platform preset it was made from.
    pub preset: Option<String>,
    /// Where answers may go; compared exactly.
    pub redirect_uris: Vec<RedirectUri>,
    /// The scope it may ask for; asked for in full when a request names none.
    pub scope: Scope,
    /// The grants it may use.
    pub grant_types: Vec<GrantType>,
    /// The form of its access tokens.
    pub access_token: AccessTokenFormat,
    /// What a refresh does to the refresh token.
    pub refresh: RefreshPolicy,
    /// Demands PKCE of a confidential client.
    pub require_pkce: bool,
    /// The identical code exchange, repeated because its answer was lost, continues the same link.
    pub repeat_exchange: bool,
    /// With PKCE, the token request may leave out `redirect_uri` (Amazon's printed examples do).
    pub lenient_redirect_uri: bool,
    /// A resource server: may introspect tokens of all clients.
    pub introspect_any: bool,
    /// Asks for consent on every link, even when it was given before.
    pub always_ask_consent: bool,
    /// Whose sign-ins on the way to a link are approved on a device.
    pub approval: ApprovalPolicy,
    /// A service's backend: may introspect the tokens of these clients and get the partner tokens of their links.
    pub backend_of: Vec<ClientId>,
    /// May name a link by its grant id alone when it gets partner tokens, for work while no user is there.
    pub exchange_grant_id: bool,
    /// Which Twilio access tokens its users may have; none unless the operator says otherwise.
    pub twilio: TwilioAccess,
}

/// The choices for a client that belongs to no platform.
impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            preset: None,
            redirect_uris: Vec::new(),
            scope: Scope::default(),
            grant_types: GrantType::USUAL.to_vec(),
            access_token: AccessTokenFormat::Jwt,
            refresh: RefreshPolicy::Rotate,
            require_pkce: false,
            repeat_exchange: false,
            lenient_redirect_uri: false,
            introspect_any: false,
            always_ask_consent: false,
            approval: ApprovalPolicy::default(),
            backend_of: Vec::new(),
            exchange_grant_id: false,
            twilio: TwilioAccess::default(),
        }
    }
}

/// A grant type of the token endpoint (RFC 6749 section 1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 section 4.1.
    AuthorizationCode,
    /// RFC 6749 section 6.
    RefreshToken,
    /// A partner's authorization code is handed over (draft-ietf-oauth-reciprocal); for clients with a partner.
    Reciprocal,
    /// A partner's access token for one of ours (RFC 8693); for clients with a partner, and their backends.
    TokenExchange,
}

impl GrantType {
    /// All that this server can do, in the order of documents.
    pub const ALL: [GrantType; 4] =
        [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::Reciprocal, GrantType::TokenExchange];

    /// What a client may use unless the operator says otherwise, and all that is chosen by name: the others follow from a
    /// partner.
    pub const USUAL: [GrantType; 2] = [GrantType::AuthorizationCode, GrantType::RefreshToken];

    /// The `grant_type` value.
    pub fn as_str(self) -> &'static str {
        match self {
            GrantType::AuthorizationCode => "authorization_code",
            GrantType::RefreshToken => "refresh_token",
            GrantType::Reciprocal => "urn:ietf:params:oauth:grant-type:reciprocal",
            GrantType::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }

    /// The grant of that name, when this server has it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text)
    }
}

/// The form of access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenFormat {
    /// RFC 9068, signed ES256.
    Jwt,
    /// Short, without readable content, checked by introspection; nothing is stored for it.
    Opaque,
}

/// What a refresh does to the refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshPolicy {
    /// The same token for the life of the link.
    Stable,
    /// A successor each time; the predecessor dies when the successor is used, and not before the grace time.
    Rotate,
    /// A successor each time; any reuse revokes the link (RFC 9700 section 4.14.2).
    Strict,
}

#[cfg(test)]
mod tests {
    use super::ClientSettings;

    #[test]
    fn settings_stored_by_an_older_version_are_read_with_defaults_for_what_it_did_not_know() {
        let stored = r#"{"name":"Old","redirect_uris":["https://a.example/cb"],"refresh":"stable","gone":1}"#;
        let settings: ClientSettings = serde_json::from_str(stored).unwrap();
        assert_eq!((settings.name.as_str(), settings.redirect_uris.len()), ("Old", 1));
        assert_eq!(settings.grant_types, ClientSettings::default().grant_types);
    }
}
