//! Owns what is known of Amazon Alexa: its redirect URIs, its limits, and the account-linking page of its developer console.

use serde::Serialize;

use crate::model::client::{AccessTokenFormat, RefreshPolicy};
use crate::platforms::preset::{InvalidVendorId, Preset};

/// Alexa's rules. Which of the three redirect URIs arrives depends on where the user's Amazon account is registered:
/// North America; Europe and India; Japan and Australia.
pub const PRESET: Preset = Preset {
    name: "alexa",
    title: "Amazon Alexa",
    redirect_uris: &[
        "https://pitangui.amazon.com/api/skill/link/{VENDOR_ID}",
        "https://layla.amazon.com/api/skill/link/{VENDOR_ID}",
        "https://alexa.amazon.co.jp/api/skill/link/{VENDOR_ID}",
    ],
    check_vendor_id,
    access_token: AccessTokenFormat::Opaque,
    refresh: RefreshPolicy::Stable,
    repeat_exchange: true,
    lenient_redirect_uri: true,
    always_ask_consent: false,
    max_scopes: 15,
};

/// Where Login with Amazon exchanges reciprocal codes and refreshes tokens.
pub const PARTNER_TOKEN_URL: &str = "https://api.amazon.com/auth/o2/token";

/// How the Alexa Client Id of a skill begins (its Permissions page, Alexa Skill Messaging).
pub const PARTNER_CLIENT_ID_PREFIX: &str = "amzn1.application-oa2-client.";

fn check_vendor_id(text: &str) -> Result<(), InvalidVendorId> {
    if text.to_ascii_lowercase().starts_with("amzn1") {
        return Err(InvalidVendorId::SkillId);
    }
    let rest = text.strip_prefix('M').ok_or(InvalidVendorId::Malformed)?;
    let plausible =
        (5..=31).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if plausible { Ok(()) } else { Err(InvalidVendorId::Malformed) }
}

/// What the account-linking page of a skill needs to know.
#[derive(Clone, Debug)]
pub struct Linking {
    /// The address of the authorization endpoint.
    pub authorization_url: String,
    /// The address of the token endpoint.
    pub token_url: String,
    /// Where Alexa hands over its own codes, for two-way links.
    pub reciprocal_url: String,
    /// The client's id.
    pub client_id: String,
    /// The client's secret, when it is known at this moment.
    pub client_secret: Option<String>,
    /// The scope tokens.
    pub scopes: Vec<String>,
    /// Every host from which our pages load anything: our own.
    pub domains: Vec<String>,
    /// How long an access token lives, in seconds.
    pub access_token_seconds: u64,
}

const SECRET_ELSEWHERE: &str = "(shown when the client was added; `couplet client rotate-secret` makes a new one)";

/// The fields of the console's account-linking page, in its order, each with the value to paste or choose.
pub fn console_fields(linking: &Linking) -> Vec<(&'static str, String)> {
    let list = |items: &[String]| if items.is_empty() { "(none)".to_owned() } else { items.join(", ") };
    vec![
        ("Do you allow users to create an account or link to an existing account with you?", "On".to_owned()),
        ("Select an authorization grant type", "Auth Code Grant".to_owned()),
        ("Your Web Authorization URI", linking.authorization_url.clone()),
        ("Access Token URI", linking.token_url.clone()),
        ("Your Client ID", linking.client_id.clone()),
        ("Your Secret", linking.client_secret.clone().unwrap_or_else(|| SECRET_ELSEWHERE.to_owned())),
        ("Your Authentication Scheme", "HTTP Basic (Recommended)".to_owned()),
        ("Scope", list(&linking.scopes)),
        ("Domain List", list(&linking.domains)),
        ("Default Access Token Expiration Time", linking.access_token_seconds.to_string()),
    ]
}

/// The body of the skill-management API's account-linking update.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SkillManagement {
    account_linking_request: AccountLinkingRequest,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountLinkingRequest {
    #[serde(rename = "type")]
    grant: &'static str,
    authorization_url: String,
    access_token_url: String,
    reciprocal_access_token_url: String,
    access_token_scheme: &'static str,
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    scopes: Vec<String>,
    domains: Vec<String>,
    default_token_expiration_in_seconds: u64,
    skip_on_enablement: bool,
}

/// The same settings as [`console_fields`], as the skill-management API takes them.
pub fn skill_management(linking: &Linking) -> SkillManagement {
    SkillManagement {
        account_linking_request: AccountLinkingRequest {
            grant: "AUTH_CODE",
            authorization_url: linking.authorization_url.clone(),
            access_token_url: linking.token_url.clone(),
            reciprocal_access_token_url: linking.reciprocal_url.clone(),
            access_token_scheme: "HTTP_BASIC",
            client_id: linking.client_id.clone(),
            client_secret: linking.client_secret.clone(),
            scopes: linking.scopes.clone(),
            domains: linking.domains.clone(),
            default_token_expiration_in_seconds: linking.access_token_seconds,
            skip_on_enablement: false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::check_vendor_id;
    use crate::platforms::preset::InvalidVendorId;

    #[test]
    fn a_skill_id_is_refused_with_the_explanation() {
        let refused = check_vendor_id("amzn1.ask.skill.0d2b3c4d-0000-4000-8000-000000000000");
        assert_eq!(refused, Err(InvalidVendorId::SkillId));
        assert!(InvalidVendorId::SkillId.to_string().contains("vendor id"));
    }

    #[test]
    fn lower_case_and_other_letters_are_no_vendor_id() {
        for text in ["", "M", "m2AB3CDEFGHIJK", "M2AB3/../x", "A2AB3CDEFGHIJK"] {
            assert_eq!(check_vendor_id(text), Err(InvalidVendorId::Malformed), "{text}");
        }
    }
}
