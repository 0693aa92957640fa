//! Owns the written form of codes and opaque tokens: a prefix, then base64url of the grant's id and the rest. Leaves their
//! validity to `oauth/`.
//!
//! The id finds the row by its primary key; nothing is searched by a secret.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::model::ids::GrantId;
use crate::model::random::{Randomness, bytes};
use crate::model::secret::{PlainSecret, TokenSecret};
use crate::model::time::Timestamp;
use crate::tokens::derived::TokenKeys;

const CODE: &str = "cplc_";
const REFRESH: &str = "cplr_";
const ACCESS: &str = "cpla_";

/// An authorization code: 69 characters of `A-Z a-z 0-9 - _`.
#[derive(Clone, Debug)]
pub struct AuthorizationCode {
    /// The grant it was issued for.
    pub grant_id: GrantId,
    /// Its secret part.
    pub secret: TokenSecret,
}

impl AuthorizationCode {
    /// A fresh code for a fresh grant.
    pub fn random(randomness: &dyn Randomness) -> Self {
        Self { grant_id: GrantId::random(randomness), secret: TokenSecret::random(randomness) }
    }

    /// The text that the platform gets.
    pub fn encode(&self) -> PlainSecret {
        text(CODE, &[self.grant_id.0.as_bytes(), self.secret.expose()])
    }

    /// Reads a presented code; `None` when it can't be one of ours.
    pub fn parse(presented: &str) -> Option<Self> {
        let mut reader = Reader::new(CODE, presented)?;
        let code = Self { grant_id: reader.grant_id()?, secret: TokenSecret::from_bytes(reader.take()?) };
        reader.at_end().then_some(code)
    }

    /// The first refresh token of the link. The same code always gives the same one.
    pub fn first_refresh(&self, keys: &TokenKeys) -> RefreshToken {
        RefreshToken::derived(keys, self.grant_id, 0, &self.secret)
    }
}

/// A refresh token: 96 characters.
#[derive(Clone, Debug)]
pub struct RefreshToken {
    /// The grant it belongs to.
    pub grant_id: GrantId,
    /// How many refresh tokens of the link came before it.
    pub generation: u32,
    /// Its secret part.
    pub secret: TokenSecret,
}

impl RefreshToken {
    fn derived(keys: &TokenKeys, grant_id: GrantId, generation: u32, from: &TokenSecret) -> Self {
        let number = generation.to_be_bytes();
        let secret = keys.successor.tag(&[grant_id.0.as_bytes(), &number, from.expose()]);
        Self { grant_id, generation, secret: TokenSecret::from_bytes(secret) }
    }

    /// The next token of the link. The same token always has the same successor.
    pub fn successor(&self, keys: &TokenKeys) -> Self {
        Self::derived(keys, self.grant_id, self.generation.saturating_add(1), &self.secret)
    }

    fn tag(&self, keys: &TokenKeys) -> [u8; 16] {
        let number = self.generation.to_be_bytes();
        keys.refresh.short_tag(&[self.grant_id.0.as_bytes(), &number, self.secret.expose()])
    }

    /// The text that the platform gets.
    pub fn encode(&self, keys: &TokenKeys) -> PlainSecret {
        let number = self.generation.to_be_bytes();
        text(REFRESH, &[self.grant_id.0.as_bytes(), &number, self.secret.expose(), &self.tag(keys)])
    }

    /// Reads a presented token; `None` unless we made it, whether it still is in force or not.
    pub fn parse(presented: &str, keys: &TokenKeys) -> Option<Self> {
        let mut reader = Reader::new(REFRESH, presented)?;
        let token = Self {
            grant_id: reader.grant_id()?,
            generation: u32::from_be_bytes(reader.take()?),
            secret: TokenSecret::from_bytes(reader.take()?),
        };
        let tag: [u8; 16] = reader.take()?;
        (reader.at_end() && bool::from(tag.ct_eq(&token.tag(keys)))).then_some(token)
    }
}

/// What an access token of either format says about the refresh token it was issued with, and its own number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessTokenId {
    /// The grant it belongs to.
    pub grant_id: GrantId,
    /// The refresh token in force when it was issued.
    pub generation: u32,
    /// Tells apart tokens issued at the same moment.
    pub serial: [u8; 8],
}

impl AccessTokenId {
    /// A fresh id.
    pub fn random(grant_id: GrantId, generation: u32, randomness: &dyn Randomness) -> Self {
        Self { grant_id, generation, serial: bytes(randomness) }
    }

    fn to_bytes(self) -> Vec<u8> {
        [self.grant_id.0.as_bytes().as_slice(), &self.generation.to_be_bytes(), &self.serial].concat()
    }

    fn read(reader: &mut Reader) -> Option<Self> {
        Some(Self {
            grant_id: reader.grant_id()?,
            generation: u32::from_be_bytes(reader.take()?),
            serial: reader.take()?,
        })
    }

    /// The `jti` of a JWT (RFC 7519 section 4.1.7).
    pub fn to_jti(self) -> String {
        URL_SAFE_NO_PAD.encode(self.to_bytes())
    }

    /// Reads a `jti` that we wrote.
    pub fn from_jti(jti: &str) -> Option<Self> {
        let mut reader = Reader::new("", jti)?;
        let id = Self::read(&mut reader)?;
        reader.at_end().then_some(id)
    }
}

/// An opaque access token: 91 characters that say everything, so that nothing is stored for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpaqueAccessToken {
    /// Its id.
    pub id: AccessTokenId,
    /// Which tokens of the grant's scope it has, as [`crate::model::scope::Scope::mask_of`] writes them.
    pub scope_mask: u64,
    /// When it was issued, to the second.
    pub issued_at: Timestamp,
    /// When it ends, to the second.
    pub expires_at: Timestamp,
}

impl OpaqueAccessToken {
    fn to_bytes(self) -> Vec<u8> {
        let issued = self.issued_at.timestamp();
        let lifetime = u32::try_from(self.expires_at.timestamp().saturating_sub(issued)).unwrap_or(u32::MAX);
        [self.id.to_bytes().as_slice(), &self.scope_mask.to_be_bytes(), &issued.to_be_bytes(), &lifetime.to_be_bytes()]
            .concat()
    }

    /// The text that the platform gets.
    pub fn encode(self, keys: &TokenKeys) -> PlainSecret {
        let body = self.to_bytes();
        text(ACCESS, &[&body, &keys.access.short_tag(&[&body])])
    }

    /// Reads a presented token; `None` unless we made it, whether it has ended or not.
    pub fn parse(presented: &str, keys: &TokenKeys) -> Option<Self> {
        let mut reader = Reader::new(ACCESS, presented)?;
        let id = AccessTokenId::read(&mut reader)?;
        let scope_mask = u64::from_be_bytes(reader.take()?);
        let issued = i64::from_be_bytes(reader.take()?);
        let lifetime = u32::from_be_bytes(reader.take()?);
        let tag: [u8; 16] = reader.take()?;
        let token = Self {
            id,
            scope_mask,
            issued_at: Timestamp::from_timestamp(issued, 0)?,
            expires_at: Timestamp::from_timestamp(issued.checked_add(lifetime.into())?, 0)?,
        };
        let ours = tag.ct_eq(&keys.access.short_tag(&[&token.to_bytes()]));
        (reader.at_end() && bool::from(ours)).then_some(token)
    }
}

fn text(prefix: &str, parts: &[&[u8]]) -> PlainSecret {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(parts.concat())).into()
}

/// Takes a decoded token apart, from the front.
struct Reader {
    rest: std::vec::IntoIter<u8>,
}

impl Reader {
    fn new(prefix: &str, presented: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(presented.strip_prefix(prefix)?).ok()?;
        Some(Self { rest: bytes.into_iter() })
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut taken = [0; N];
        for byte in &mut taken {
            *byte = self.rest.next()?;
        }
        Some(taken)
    }

    fn grant_id(&mut self) -> Option<GrantId> {
        Some(GrantId(Uuid::from_bytes(self.take()?)))
    }

    fn at_end(&self) -> bool {
        self.rest.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::{AccessTokenId, AuthorizationCode, OpaqueAccessToken, RefreshToken};
    use crate::model::ids::GrantId;
    use crate::model::random::Randomness;
    use crate::model::time::Timestamp;
    use crate::tokens::derived::TokenKeys;
    use uuid::Uuid;

    struct Counting;

    impl Randomness for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.iter_mut().zip(1..).for_each(|(byte, number)| *byte = number);
        }
    }

    fn keys() -> TokenKeys {
        TokenKeys::from_root(&[7; 32]).unwrap()
    }

    fn access() -> OpaqueAccessToken {
        OpaqueAccessToken {
            id: AccessTokenId { grant_id: GrantId(Uuid::from_u128(5)), generation: 3, serial: [9; 8] },
            scope_mask: 0b101,
            issued_at: Timestamp::from_timestamp(1_700_000_000, 0).unwrap(),
            expires_at: Timestamp::from_timestamp(1_700_003_600, 0).unwrap(),
        }
    }

    #[test]
    fn a_refresh_token_with_any_character_changed_is_not_ours() {
        let token = AuthorizationCode::random(&Counting).first_refresh(&keys()).encode(&keys());
        for index in 0..token.expose().len() {
            let mut changed = token.expose().as_bytes().to_vec();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            assert!(RefreshToken::parse(std::str::from_utf8(&changed).unwrap(), &keys()).is_none(), "at {index}");
        }
    }

    #[test]
    fn an_access_token_with_any_character_changed_is_not_ours() {
        let token = access().encode(&keys());
        for index in 0..token.expose().len() {
            let mut changed = token.expose().as_bytes().to_vec();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            assert!(OpaqueAccessToken::parse(std::str::from_utf8(&changed).unwrap(), &keys()).is_none(), "at {index}");
        }
    }

    #[test]
    fn a_token_of_one_kind_is_never_read_as_another() {
        let code = AuthorizationCode::random(&Counting);
        let refresh = code.first_refresh(&keys()).encode(&keys());
        assert!(AuthorizationCode::parse(refresh.expose()).is_none());
        assert!(RefreshToken::parse(code.encode().expose(), &keys()).is_none());
        assert!(OpaqueAccessToken::parse(refresh.expose(), &keys()).is_none());
    }

    #[test]
    fn the_same_code_and_the_same_token_always_have_the_same_successor() {
        let code = AuthorizationCode::random(&Counting);
        let again = AuthorizationCode::parse(code.encode().expose()).unwrap();
        let (first, second) = (code.first_refresh(&keys()), again.first_refresh(&keys()));
        assert_eq!(first.encode(&keys()).expose(), second.encode(&keys()).expose());
        let (first, second) = (first.successor(&keys()), second.successor(&keys()));
        assert_eq!(first.encode(&keys()).expose(), second.encode(&keys()).expose());
        assert_eq!(first.generation, 1);
    }

    #[test]
    fn tokens_read_back_as_they_were_made_and_keep_to_the_promised_form() {
        let token = access();
        let text = token.encode(&keys());
        assert_eq!(OpaqueAccessToken::parse(text.expose(), &keys()), Some(token));
        assert!(text.expose().len() <= 128);
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        assert!(text.expose().chars().all(allowed));
        assert_eq!(AccessTokenId::from_jti(&token.id.to_jti()), Some(token.id));
    }
}
