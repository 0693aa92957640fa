//! Owns proof keys (RFC 7636), method S256 only. Leaves when one is demanded to `oauth/`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::model::secret::sha256;

/// A `code_challenge` of method S256: 43 characters of base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeChallenge(String);

/// Why a text is no S256 challenge.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("an S256 code_challenge is the base64url of a SHA-256 hash: 43 characters without padding")]
pub struct InvalidChallenge;

impl CodeChallenge {
    /// Reads what a client sent, or what was stored.
    pub fn parse(text: &str) -> Result<Self, InvalidChallenge> {
        match URL_SAFE_NO_PAD.decode(text) {
            Ok(bytes) if bytes.len() == 32 => Ok(Self(text.to_owned())),
            _ => Err(InvalidChallenge),
        }
    }

    /// The challenge as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `verifier` is well formed (RFC 7636 section 4.1) and hashes to this challenge.
    pub fn is_met_by(&self, verifier: &str) -> bool {
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
            return false;
        }
        let digest = URL_SAFE_NO_PAD.encode(sha256(&[verifier.as_bytes()]));
        self.0.as_bytes().ct_eq(digest.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::CodeChallenge;

    /// RFC 7636 appendix B.
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn a_challenge_is_not_met_by_another_verifier() {
        let challenge = CodeChallenge::parse(CHALLENGE).unwrap();
        assert!(!challenge.is_met_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"));
        assert!(!challenge.is_met_by(CHALLENGE));
        assert!(!challenge.is_met_by(""));
    }

    #[test]
    fn a_challenge_of_the_wrong_length_is_refused() {
        assert!(CodeChallenge::parse("abc").is_err());
        assert!(CodeChallenge::parse(&format!("{CHALLENGE}A")).is_err());
    }

    #[test]
    fn the_example_of_rfc_7636_is_met() {
        let challenge = CodeChallenge::parse(CHALLENGE).unwrap();
        assert!(challenge.is_met_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
    }
}
