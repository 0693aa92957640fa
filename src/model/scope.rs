//! Owns what a scope is (RFC 6749 section 3.3): an ordered set of tokens. Leaves which client may ask for which to `oauth/`.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An ordered set of scope tokens, without repetition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(Vec<String>);

/// Why a text is no scope.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidScope {
    /// A character outside `%x21 / %x23-5B / %x5D-7E` and the space between tokens.
    #[error(
        "a scope consists of printable ASCII characters without quotes and backslashes, separated by single spaces"
    )]
    Character,
    /// More tokens than [`Scope::MAX_TOKENS`].
    #[error("a scope has at most 64 tokens")]
    TooMany,
}

impl Scope {
    /// As many as an access token can name in one 64-bit mask; platforms send at most 15.
    pub const MAX_TOKENS: usize = 64;

    /// Reads space-separated tokens; a repeated token counts once.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        let mut tokens: Vec<String> = Vec::new();
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            let allowed = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            if !token.bytes().all(allowed) {
                return Err(InvalidScope::Character);
            }
            if !tokens.iter().any(|known| known == token) {
                tokens.push(token.to_owned());
            }
        }
        if tokens.len() > Self::MAX_TOKENS {
            return Err(InvalidScope::TooMany);
        }
        Ok(Self(tokens))
    }

    /// The tokens, in order.
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether every token of `other` is here too.
    pub fn covers(&self, other: &Scope) -> bool {
        other.0.iter().all(|token| self.0.contains(token))
    }

    /// A bit for each token of `self` that is also in `part`, first token lowest.
    pub fn mask_of(&self, part: &Scope) -> u64 {
        let bits = self.0.iter().enumerate();
        bits.filter(|(_, token)| part.0.contains(token)).fold(0, |mask, (bit, _)| mask | 1 << bit)
    }

    /// The tokens whose bits are set: the inverse of [`Scope::mask_of`].
    pub fn masked(&self, mask: u64) -> Scope {
        let bits = self.0.iter().enumerate();
        Scope(bits.filter(|(bit, _)| mask & (1 << bit) != 0).map(|(_, token)| token.clone()).collect())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl TryFrom<String> for Scope {
    type Error = InvalidScope;

    fn try_from(text: String) -> Result<Self, InvalidScope> {
        Self::parse(&text)
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> String {
        scope.to_string()
    }
}
