//! Owns what we say about ourselves (RFC 8414). Leaves the addresses to the route table: only what is served is listed.

use serde::Serialize;

use crate::model::client::GrantType;

/// The addresses of our endpoints, built from the route table.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// RFC 6749 section 3.1.
    pub authorization: String,
    /// RFC 6749 section 3.2.
    pub token: String,
    /// RFC 7009.
    pub revocation: String,
    /// RFC 7662.
    pub introspection: String,
    /// Where platforms hand over codes of their own (Alexa's `reciprocalAccessTokenUrl`).
    pub reciprocal: String,
    /// RFC 7517 section 5.
    pub jwks: String,
}

/// Authorization server metadata (RFC 8414 section 2, RFC 9207 section 3).
#[derive(Debug, Serialize)]
pub struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    reciprocal_endpoint: String,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: Vec<&'static str>,
    code_challenge_methods_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: &'static [&'static str],
    revocation_endpoint_auth_methods_supported: &'static [&'static str],
    introspection_endpoint_auth_methods_supported: &'static [&'static str],
    authorization_response_iss_parameter_supported: bool,
}

const CONFIDENTIAL: &[&str] = &["client_secret_basic", "client_secret_post"];
const ANY_CLIENT: &[&str] = &["client_secret_basic", "client_secret_post", "none"];

impl Metadata {
    /// Describes the server at `issuer`.
    pub fn new(issuer: &str, endpoints: Endpoints) -> Self {
        Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: endpoints.authorization,
            token_endpoint: endpoints.token,
            jwks_uri: endpoints.jwks,
            revocation_endpoint: endpoints.revocation,
            introspection_endpoint: endpoints.introspection,
            reciprocal_endpoint: endpoints.reciprocal,
            response_types_supported: ["code"],
            response_modes_supported: ["query"],
            grant_types_supported: GrantType::ALL.map(GrantType::as_str).to_vec(),
            code_challenge_methods_supported: ["S256"],
            token_endpoint_auth_methods_supported: ANY_CLIENT,
            revocation_endpoint_auth_methods_supported: ANY_CLIENT,
            introspection_endpoint_auth_methods_supported: CONFIDENTIAL,
            authorization_response_iss_parameter_supported: true,
        }
    }
}
