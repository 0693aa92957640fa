//! Owns one linking attempt as the platform makes it: `state`, PKCE and the authorize URL.
//! Leaves opening the URL to a browser (scripted or real) and the address that comes back to `redirect`.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::{Url, form_urlencoded};

use crate::model::random::Randomness;
use crate::model::secret::PlainSecret;

/// Length of the `state` that is sent, in bytes; platforms send over 600 and servers must keep 4096.
const STATE_LENGTH: usize = 2048;

/// What breaks a `state` on its way: everything that needs encoding, percent forms, and parameters inside the value.
/// All of it is VSCHAR (RFC 6749 appendix A.5).
const AWKWARD: &str = "eyJ+/=%&?#~ \"'<>\\%2B%20%C3%A9;,:@!$()*[]{}|^`&code=0&state=1&error=access_denied++  ";

const STATE_ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// One authorization request (RFC 6749 section 4.1.1) and what is needed to judge its answer.
#[derive(Debug)]
pub struct Attempt {
    /// The client's id at the server.
    pub client_id: String,
    /// The redirect URI of this attempt, to the byte.
    pub redirect_uri: String,
    /// The scope to ask for; `None` sends no `scope`.
    pub scope: Option<String>,
    /// The opaque value that must come back unchanged.
    pub state: String,
    /// The PKCE verifier (RFC 7636); `None` when PKCE is off.
    pub code_verifier: Option<PlainSecret>,
}

impl Attempt {
    /// A fresh attempt with a 2 KiB `state` of awkward characters.
    pub fn new(
        client_id: &str,
        redirect_uri: &str,
        scope: Option<&str>,
        pkce: bool,
        randomness: &dyn Randomness,
    ) -> Self {
        Self {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            scope: scope.map(str::to_owned),
            state: awkward_state(randomness),
            code_verifier: pkce.then(|| random_text(randomness).into()),
        }
    }

    /// The address that the platform's app opens. A query already in the endpoint is kept.
    pub fn authorize_url(&self, authorization_endpoint: &Url) -> Url {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("response_type", "code").append_pair("client_id", &self.client_id);
        if let Some(scope) = &self.scope {
            query.append_pair("scope", scope);
        }
        query.append_pair("state", &self.state);
        if let Some(verifier) = &self.code_verifier {
            query.append_pair("code_challenge", &s256(verifier)).append_pair("code_challenge_method", "S256");
        }
        query.append_pair("redirect_uri", &self.redirect_uri);
        // A plus that was meant is %2B by now; platforms write a blank as %20.
        let query = query.finish().replace('+', "%20");
        let mut url = authorization_endpoint.clone();
        let query = match authorization_endpoint.query().filter(|q| !q.is_empty()) {
            Some(own) => format!("{own}&{query}"),
            None => query,
        };
        url.set_query(Some(&query));
        url
    }
}

/// A random URI of those given, as the user's region decides it; `None` when none are given.
pub fn random_redirect_uri<'u>(redirect_uris: &'u [String], randomness: &dyn Randomness) -> Option<&'u str> {
    let mut bytes = [0u8; 4];
    randomness.fill(&mut bytes);
    let number = u32::from_le_bytes(bytes) as usize;
    let index = number.checked_rem(redirect_uris.len())?;
    redirect_uris.get(index).map(String::as_str)
}

/// 256 random bits as 43 characters of the URL-safe alphabet: a verifier, or a token that no server ever issued.
pub fn random_text(randomness: &dyn Randomness) -> String {
    let mut bytes = [0u8; 32];
    randomness.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn s256(verifier: &PlainSecret) -> String {
    let hash = digest::digest(&digest::SHA256, verifier.expose().as_bytes());
    URL_SAFE_NO_PAD.encode(hash.as_ref())
}

fn awkward_state(randomness: &dyn Randomness) -> String {
    let mut bytes = vec![0u8; STATE_LENGTH - 2 * AWKWARD.len() - 2];
    randomness.fill(&mut bytes);
    let middle =
        bytes.iter().filter_map(|byte| STATE_ALPHABET.get(usize::from(byte % 64))).map(|byte| char::from(*byte));
    let mut state = String::from(AWKWARD);
    state.extend(middle);
    state.push_str(AWKWARD);
    state.push_str("==");
    state
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Bytes that count up; unpredictability does not matter here.
    pub(in crate::rehearse) struct Counting;

    impl Randomness for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.iter_mut().zip(0u8..=255).for_each(|(byte, n)| *byte = n);
        }
    }

    pub(in crate::rehearse) fn attempt(redirect_uri: &str, pkce: bool) -> Attempt {
        Attempt::new("alexa-1", redirect_uri, Some("a b"), pkce, &Counting)
    }

    fn parameter(url: &Url, name: &str) -> Option<String> {
        let mut pairs = url.query_pairs();
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    #[test]
    fn without_redirect_uris_there_is_none_to_choose() {
        assert_eq!(random_redirect_uri(&[], &Counting), None);
    }

    #[test]
    fn without_pkce_no_challenge_is_sent() {
        let endpoint = Url::parse("https://a.example/authorize").unwrap();
        let url = attempt("https://p.example/cb", false).authorize_url(&endpoint);
        assert_eq!(parameter(&url, "code_challenge"), None);
        assert_eq!(parameter(&url, "code_challenge_method"), None);
    }

    #[test]
    fn the_state_has_two_kibibytes_of_visible_ascii() {
        let state = attempt("https://p.example/cb", true).state;
        assert_eq!(state.len(), STATE_LENGTH);
        assert!(state.bytes().all(|byte| (0x20..=0x7e).contains(&byte)));
    }

    #[test]
    fn the_authorize_url_keeps_its_own_query_and_the_state_to_the_byte() {
        let endpoint = Url::parse("https://a.example/authorize?access_type=offline").unwrap();
        let attempt = attempt("https://p.example/cb?x=1", true);
        let url = attempt.authorize_url(&endpoint);
        assert_eq!(parameter(&url, "access_type").unwrap(), "offline");
        assert_eq!(parameter(&url, "state").unwrap(), attempt.state);
        assert_eq!(parameter(&url, "redirect_uri").unwrap(), attempt.redirect_uri);
        assert!(url.as_str().contains("scope=a%20b&"));
    }

    #[test]
    fn the_challenge_is_the_example_of_rfc_7636_appendix_b() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned();
        assert_eq!(s256(&verifier.into()), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
