//! Owns the service account with which Google knows this server, as the file has it that Google's console gives.

use serde::Deserialize;
use url::Url;

use crate::model::redirect_uri::is_loopback;
use crate::tokens::assertion::AssertionKey;

/// Everything that sending by Firebase takes.
#[derive(Clone, Debug)]
pub struct Firebase {
    /// Who sends.
    pub account: ServiceAccount,
    /// Where messages are taken; a stand-in is elsewhere than Google.
    pub base_url: Url,
}

/// A service account.
#[derive(Clone, Debug)]
pub struct ServiceAccount {
    /// The Firebase project.
    pub project_id: String,
    /// The account's name.
    pub client_email: String,
    /// The name of its key.
    pub key_id: Option<String>,
    /// Where access tokens are given.
    pub token_uri: Url,
    /// Its private key.
    pub key: AssertionKey,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct File {
    project_id: String,
    client_email: String,
    private_key_id: Option<String>,
    private_key: String,
    token_uri: String,
}

impl ServiceAccount {
    /// Reads the file's text; what is wrong in words that continue the file's name.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let file: File = serde_json::from_str(text).map_err(|_| "is no JSON of a service account")?;
        if file.project_id.is_empty() {
            return Err("has no project_id");
        }
        if file.client_email.is_empty() {
            return Err("has no client_email");
        }
        let key = AssertionKey::rs256_pem(&file.private_key);
        let token_uri = Url::parse(&file.token_uri).ok();
        let safe = |uri: &Url| uri.scheme() == "https" || (uri.scheme() == "http" && is_loopback(uri));
        Ok(Self {
            project_id: file.project_id,
            client_email: file.client_email,
            key_id: file.private_key_id,
            token_uri: token_uri.filter(safe).ok_or("has no token_uri that begins with https://")?,
            key: key.ok_or("has no private_key that is an RSA key in PEM")?,
        })
    }
}
