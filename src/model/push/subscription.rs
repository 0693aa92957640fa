//! Owns a browser's subscription: where its push service takes messages for it, and with which keys they are encrypted. It is
//! given as the JSON of a `PushSubscription` (W3C Push API). Leaves judging the address to `push/targets.rs`.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use url::Url;

/// Browsers leave the padding away, libraries may write it.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A subscription. Its address is a capability and not for logs, of which [`Subscription::origin`] is the part that is.
#[derive(Clone)]
pub struct Subscription {
    /// Where messages are posted.
    pub endpoint: Url,
    /// The browser's public key: an uncompressed point of P-256.
    pub p256dh: Vec<u8>,
    /// What only it and we know besides (RFC 8291 section 3.2).
    pub auth: [u8; 16],
}

#[derive(Deserialize)]
struct Given {
    endpoint: String,
    keys: GivenKeys,
}

#[derive(Deserialize)]
struct GivenKeys {
    p256dh: String,
    auth: String,
}

impl Subscription {
    /// Reads the JSON; what is wrong in words that continue a name.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let given: Given = serde_json::from_str(text)
            .map_err(|_| "has to be the JSON of a PushSubscription, with endpoint, keys.p256dh and keys.auth")?;
        let endpoint = Url::parse(&given.endpoint).map_err(|_| "has an endpoint that is no absolute URL")?;
        let bytes = |text: &str| BASE64URL.decode(text).ok();
        let p256dh = bytes(&given.keys.p256dh).filter(|point| {
            point.len() == 65 && ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point.as_slice()).is_ok()
        });
        let auth = bytes(&given.keys.auth).and_then(|auth| auth.try_into().ok());
        Ok(Self {
            endpoint,
            p256dh: p256dh.ok_or("has a p256dh that is no uncompressed P-256 key in base64url")?,
            auth: auth.ok_or("has an auth that is not 16 bytes in base64url")?,
        })
    }

    /// The push service: scheme, host and port.
    pub fn origin(&self) -> String {
        self.endpoint.origin().ascii_serialization()
    }
}

#[cfg(test)]
mod tests {
    use super::Subscription;
    use rstest::rstest;

    const P256DH: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";

    fn json(endpoint: &str, p256dh: &str, auth: &str) -> String {
        format!(r#"{{"endpoint":"{endpoint}","expirationTime":null,"keys":{{"p256dh":"{p256dh}","auth":"{auth}"}}}}"#)
    }

    #[rstest]
    #[case("")]
    #[case("a-token-of-another-platform-that-is-long-enough")]
    #[case("{}")]
    #[case(r#"{"endpoint":"https://push.example.com/1"}"#)]
    #[case(&json("push.example.com", P256DH, "BTBZMqHH6r4Tts7J_aSIgg"))]
    #[case(&json("https://push.example.com/1", &P256DH[..86], "BTBZMqHH6r4Tts7J_aSIgg"))]
    #[case(&json("https://push.example.com/1", &P256DH.replace("iw4", "iw8"), "BTBZMqHH6r4Tts7J_aSIgg"))]
    #[case(&json("https://push.example.com/1", P256DH, "BTBZMqHH6r4Tts7J_aSI"))]
    #[case(&json("https://push.example.com/1", P256DH, "+++"))]
    fn what_is_no_subscription_is_refused(#[case] text: &str) {
        assert!(Subscription::parse(text).is_err());
    }

    #[rstest]
    #[case("BTBZMqHH6r4Tts7J_aSIgg")]
    #[case("BTBZMqHH6r4Tts7J_aSIgg==")]
    fn a_subscription_is_read_and_logs_tell_no_more_than_its_service(#[case] auth: &str) {
        let read = Subscription::parse(&json("https://push.example.com:8443/s/abc?d", P256DH, auth)).unwrap();
        assert_eq!((read.p256dh.len(), read.origin().as_str()), (65, "https://push.example.com:8443"));
    }
}
