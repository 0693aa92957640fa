//! Owns keys with which this server says to another service who it is: a JWT of a few claims (RFC 7519), signed with ES256 or
//! RS256. Leaves the claims to those who ask there.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use crate::model::failure::Fault;
use crate::model::secret::PlainSecret;

/// A private key. It prints as nothing.
#[derive(Clone)]
pub struct AssertionKey(Arc<Pair>);

enum Pair {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
}

impl fmt::Debug for AssertionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AssertionKey(…)")
    }
}

impl AssertionKey {
    /// A P-256 key in PKCS #8 form.
    pub fn es256(pkcs8: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?;
        Some(Self(Arc::new(Pair::Es256(pair))))
    }

    /// The P-256 key in a text in PEM.
    pub fn es256_pem(text: &str) -> Option<Self> {
        match PrivateKeyDer::from_pem_slice(text.as_bytes()).ok()? {
            PrivateKeyDer::Pkcs8(key) => Self::es256(key.secret_pkcs8_der()),
            _ => None,
        }
    }

    /// The RSA key, of 2048 bits at least, in a text in PEM.
    pub fn rs256_pem(text: &str) -> Option<Self> {
        let pair = match PrivateKeyDer::from_pem_slice(text.as_bytes()).ok()? {
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            _ => return None,
        };
        pair.ok().map(|pair| Self(Arc::new(Pair::Rs256(pair))))
    }

    /// The public half: the uncompressed point of a P-256 key, the DER of an RSA key.
    pub fn public_key(&self) -> &[u8] {
        match &*self.0 {
            Pair::Es256(pair) => pair.public_key().as_ref(),
            Pair::Rs256(pair) => pair.public_key().as_ref(),
        }
    }

    /// A token in compact form (RFC 7515 section 7.1) with these claims, an object; its header names the key, if it has a name.
    pub fn sign(&self, kid: Option<&str>, claims: &Value) -> Result<PlainSecret, Fault> {
        let mut header = json!({ "typ": "JWT", "alg": self.algorithm() });
        if let (Some(kid), Some(header)) = (kid, header.as_object_mut()) {
            header.insert("kid".to_owned(), kid.into());
        }
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let text = format!("{}.{}", part(&header), part(claims));
        let signature = self.signature(text.as_bytes())?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)).into())
    }

    fn algorithm(&self) -> &'static str {
        match &*self.0 {
            Pair::Es256(_) => "ES256",
            Pair::Rs256(_) => "RS256",
        }
    }

    fn signature(&self, text: &[u8]) -> Result<Vec<u8>, Fault> {
        let failed = |_| Fault::new("signing a token for another service failed");
        match &*self.0 {
            Pair::Es256(pair) => Ok(pair.sign(&SystemRandom::new(), text).map_err(failed)?.as_ref().to_vec()),
            Pair::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }
}
