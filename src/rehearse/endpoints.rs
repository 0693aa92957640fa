//! Owns finding a server's endpoints: from its metadata (RFC 8414), else at the customary paths.
//! Leaves calling them to `browser` and `token_client`.

use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Method, Request};
use serde_json::Value;
use url::Url;

use super::report::Fault;
use super::wire::{API_BODY_LIMIT, Recorded, Wire, WireFault};
use crate::model::redirect_uri::is_loopback;

/// Where a server takes which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// The metadata's `issuer`; `None` when the server has no metadata.
    pub issuer: Option<String>,
    /// Whether the metadata promises `iss` in authorization responses (RFC 9207 section 3).
    pub promises_iss: bool,
    /// The authorization endpoint.
    pub authorization: Url,
    /// The token endpoint.
    pub token: Url,
    /// The introspection endpoint (RFC 7662), if metadata names one; without metadata the customary path, which may not exist.
    pub introspection: Option<Url>,
    /// The revocation endpoint (RFC 7009), found like the introspection endpoint.
    pub revocation: Option<Url>,
    /// Where the platform hands over its own codes. Metadata rarely names it, since the platform is told by its console: then
    /// the customary path, which may not exist.
    pub reciprocal: Url,
}

impl Endpoints {
    /// Asks the server for its metadata; without any, takes the customary paths below `base_url`.
    ///
    /// # Errors
    /// [`WireFault`] when the server does not answer at all.
    pub async fn discover(wire: &Wire<'_>, base_url: &Url) -> Result<(Self, Recorded), WireFault> {
        let mut request = Request::new(Method::GET, metadata_url(base_url));
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(ACCEPT, json);
        let recorded = wire.send(request, API_BODY_LIMIT).await?;
        let metadata = (recorded.status == 200).then(|| recorded.json()).flatten().filter(Value::is_object);
        let endpoints = match metadata {
            Some(metadata) => Self::from_metadata(base_url, &metadata),
            None => Self::customary(base_url),
        };
        Ok((endpoints, recorded))
    }

    /// The paths that servers take by custom, for a server without metadata.
    pub fn customary(base_url: &Url) -> Self {
        Self {
            issuer: None,
            promises_iss: false,
            authorization: below(base_url, "/oauth2/authorize"),
            token: below(base_url, "/oauth2/token"),
            introspection: Some(below(base_url, "/oauth2/introspect")),
            revocation: Some(below(base_url, "/oauth2/revoke")),
            reciprocal: below(base_url, "/oauth2/reciprocal"),
        }
    }

    /// Checks that the metadata is that of the server it was asked of (RFC 8414 section 3.3).
    ///
    /// # Errors
    /// `issuer_mismatch`; a slash at the end is no difference, nor is another name of this machine.
    pub fn check_issuer(&self, base_url: &Url) -> Result<(), Fault> {
        let Some(issuer) = &self.issuer else { return Ok(()) };
        let host = |url: &Url| if is_loopback(url) { None } else { url.host().map(|host| host.to_owned()) };
        let place = |url: &Url| {
            let path = url.path().trim_end_matches('/').to_owned();
            (url.scheme().to_owned(), host(url), url.port_or_known_default(), path)
        };
        if Url::parse(issuer).is_ok_and(|issuer| place(&issuer) == place(base_url)) {
            return Ok(());
        }
        Err(Fault::new(
            "issuer_mismatch",
            format!("metadata whose issuer is {base_url} (RFC 8414 section 3.3)"),
            format!("the issuer {issuer:?}"),
            "tell the server the address at which platforms reach it, or rehearse against the issuer itself",
        ))
    }

    fn from_metadata(base_url: &Url, metadata: &Value) -> Self {
        let text = |key: &str| metadata.get(key).and_then(Value::as_str);
        let url = |key: &str| text(key).and_then(|value| Url::parse(value).ok());
        let customary = Self::customary(base_url);
        Self {
            issuer: text("issuer").map(str::to_owned),
            promises_iss: metadata.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true)),
            authorization: url("authorization_endpoint").unwrap_or(customary.authorization),
            token: url("token_endpoint").unwrap_or(customary.token),
            introspection: url("introspection_endpoint"),
            revocation: url("revocation_endpoint"),
            reciprocal: url("reciprocal_endpoint").unwrap_or(customary.reciprocal),
        }
    }
}

/// RFC 8414 section 3.1: the well-known part stands between the host and the issuer's path.
fn metadata_url(base_url: &Url) -> Url {
    let mut url = base_url.clone();
    let path = base_url.path().trim_end_matches('/');
    url.set_path(&format!("/.well-known/oauth-authorization-server{path}"));
    url.set_query(None);
    url.set_fragment(None);
    url
}

fn below(base_url: &Url, path: &str) -> Url {
    let mut url = base_url.clone();
    let base = base_url.path().trim_end_matches('/');
    url.set_path(&format!("{base}{path}"));
    url.set_query(None);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_server_without_metadata_is_called_at_the_customary_paths() {
        let endpoints = Endpoints::customary(&url("http://localhost:8080/"));
        assert_eq!(endpoints.token.as_str(), "http://localhost:8080/oauth2/token");
        assert_eq!(endpoints.issuer, None);
    }

    #[test]
    fn the_metadata_address_keeps_the_path_of_the_issuer() {
        assert_eq!(
            metadata_url(&url("https://a.example/tenant/")).as_str(),
            "https://a.example/.well-known/oauth-authorization-server/tenant"
        );
    }

    #[test]
    fn metadata_of_another_server_is_found() {
        let reason = |issuer: &str| {
            let metadata = serde_json::json!({ "issuer": issuer });
            let base_url = url("https://a.example/tenant/");
            Endpoints::from_metadata(&base_url, &metadata).check_issuer(&base_url).map_err(|fault| fault.reason)
        };
        let others = ["http://a.example/tenant", "https://b.example/tenant", "https://a.example:444/tenant", "tenant"];
        for other in others {
            assert_eq!(reason(other), Err("issuer_mismatch"), "{other}");
        }
        assert_eq!(reason("https://a.example:443/tenant"), Ok(()));
        let metadata = serde_json::json!({ "issuer": "http://localhost:8080" });
        let base_url = url("http://127.0.0.1:8080");
        assert!(Endpoints::from_metadata(&base_url, &metadata).check_issuer(&base_url).is_ok());
    }

    #[test]
    fn a_reciprocal_endpoint_that_the_metadata_names_is_taken() {
        let metadata = serde_json::json!({ "reciprocal_endpoint": "https://a.example/r" });
        let endpoints = Endpoints::from_metadata(&url("https://a.example"), &metadata);
        assert_eq!(endpoints.reciprocal.as_str(), "https://a.example/r");
    }

    #[test]
    fn metadata_that_names_no_revocation_endpoint_offers_none() {
        let metadata = serde_json::json!({
            "issuer": "https://a.example",
            "token_endpoint": "https://a.example/t",
        });
        let endpoints = Endpoints::from_metadata(&url("https://a.example"), &metadata);
        assert_eq!(endpoints.revocation, None);
        assert_eq!(endpoints.reciprocal.as_str(), "https://a.example/oauth2/reciprocal");
        assert_eq!(endpoints.token.as_str(), "https://a.example/t");
        assert_eq!(endpoints.authorization.path(), "/oauth2/authorize");
    }
}
