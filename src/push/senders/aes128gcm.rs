//! Owns the encryption of messages to browsers: the keys by RFC 8291 section 3, the one record by RFC 8188. Only the browser can
//! read it; its push service can't.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};

use crate::model::failure::Fault;
use crate::model::push::subscription::Subscription;

/// The size of a record that the header tells, which is the most that a push service has to take (RFC 8030 section 7.2).
const RECORD: u32 = 4096;

/// What stands before the ciphertext: salt, size of a record, length of the key, key.
const HEAD: usize = 16 + 4 + 1 + 65;

/// Delimiter of the last record, and the tag.
const TAIL: usize = 1 + 16;

/// The most that is encrypted, in bytes.
pub const MOST: usize = RECORD as usize - HEAD - TAIL;

/// A key pair for one message.
pub fn fresh_key() -> Result<PrivateKey, Fault> {
    PrivateKey::generate(&ECDH_P256).map_err(|_| Fault::new("making a key for a push message failed"))
}

/// The body of a push message for a browser. Salt and key are used for no other message.
pub fn encrypt(to: &Subscription, plain: &[u8], salt: [u8; 16], key: &PrivateKey) -> Result<Vec<u8>, Fault> {
    if plain.len() > MOST {
        return Err(Fault::new("a push message is too long"));
    }
    let failed = |Unspecified| Fault::new("encrypting a push message failed");
    let ours = key.compute_public_key().map_err(failed)?;
    let theirs = UnparsedPublicKey::new(&ECDH_P256, &to.p256dh);
    let info = [b"WebPush: info\0", to.p256dh.as_slice(), ours.as_ref()].concat();
    let input = agree(key, theirs, Unspecified, |shared| derived::<32>(&to.auth, shared, &info)).map_err(failed)?;
    record(&input, salt, ours.as_ref(), plain).map_err(failed)
}

/// The header and the only record (RFC 8188 section 2).
fn record(input: &[u8], salt: [u8; 16], key_id: &[u8], plain: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let key: [u8; 16] = derived(&salt, input, b"Content-Encoding: aes128gcm\0")?;
    let nonce: [u8; NONCE_LEN] = derived(&salt, input, b"Content-Encoding: nonce\0")?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?);
    let mut sealed = [plain, &[2]].concat();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)?;
    let length = u8::try_from(key_id.len()).map_err(|_| Unspecified)?;
    Ok([salt.as_slice(), &RECORD.to_be_bytes(), &[length], key_id, &sealed].concat())
}

/// So many bytes.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF with SHA-256 (RFC 5869).
fn derived<const LENGTH: usize>(salt: &[u8], secret: &[u8], info: &[u8]) -> Result<[u8; LENGTH], Unspecified> {
    let mut out = [0; LENGTH];
    Salt::new(HKDF_SHA256, salt).extract(secret).expand(&[info], Length(LENGTH))?.fill(&mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{MOST, encrypt, fresh_key, record};
    use crate::model::push::subscription::Subscription;
    use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    fn browser() -> Subscription {
        Subscription::parse(
            r#"{"endpoint":"https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV","keys":{
                "p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
                "auth":"BTBZMqHH6r4Tts7J_aSIgg"}}"#,
        )
        .unwrap()
    }

    #[test]
    fn what_fits_into_no_record_is_refused() {
        let key = fresh_key().unwrap();
        assert!(encrypt(&browser(), &[b'a'; MOST + 1], [0; 16], &key).is_err());
        assert_eq!(encrypt(&browser(), &[b'a'; MOST], [0; 16], &key).unwrap().len(), 4096);
    }

    #[test]
    fn the_example_of_rfc_8188_section_3_1_is_met() {
        let expected = bytes("I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg");
        let salt = expected[..16].try_into().unwrap();
        assert_eq!(record(&bytes("yqdlZ-tYemfogSmv7Ws5PQ"), salt, &[], b"I am the walrus").unwrap(), expected);
    }

    #[test]
    fn the_example_of_rfc_8291_section_5_is_met() {
        let private = bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
        let key = PrivateKey::from_private_key(&ECDH_P256, &private).unwrap();
        let salt = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let body = encrypt(&browser(), b"When I grow up, I want to be a watermelon", salt, &key).unwrap();
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(URL_SAFE_NO_PAD.encode(body), expected);
    }
}
