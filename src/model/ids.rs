//! Owns the identifiers, one type per entity, so that one can't be taken for another. Leaves what they name to the other files.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::model::random::{Randomness, uuid};

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh, unpredictable id.
            pub fn random(randomness: &dyn Randomness) -> Self {
                Self(uuid(randomness))
            }

            /// Reads the hyphenated form; nothing else is an id.
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::try_parse(text).ok().filter(|_| text.len() == 36).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_id! {
    /// Names a user; the `sub` of every token.
    UserId
}
uuid_id! {
    /// Names a grant: one link of one user to one client.
    GrantId
}
uuid_id! {
    /// Names one signed-in browser.
    SignInId
}

uuid_id! {
    /// Names one sign-in that waits for its approval.
    ApprovalId
}

/// Names an OAuth client (RFC 6749 section 2.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(String);

/// Why a text can't be a client id.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidClientId {
    /// Empty, or longer than [`ClientId::MAX_LENGTH`].
    #[error("a client id has 1 to 100 characters")]
    Length,
    /// A character that some encoding step on the way could damage.
    #[error("a client id consists of letters, digits and - . _ ~")]
    Character,
}

impl ClientId {
    /// The longest client id we issue or accept; the limit that Login with Amazon has for its own.
    pub const MAX_LENGTH: usize = 100;

    /// Takes only characters that no URL, form or Basic encoding changes.
    pub fn parse(text: &str) -> Result<Self, InvalidClientId> {
        if text.is_empty() || text.len() > Self::MAX_LENGTH {
            return Err(InvalidClientId::Length);
        }
        let safe = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        if !text.bytes().all(safe) {
            return Err(InvalidClientId::Character);
        }
        Ok(Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
