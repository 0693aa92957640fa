//! Owns what people type to say who they are: compared without case and without regard to how accents were composed.
//! Leaves finding the user to `store/`.

use std::fmt;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

/// A user name or an email address, as its owner writes it, with the form in which it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    written: String,
    key: String,
}

/// Why a text is no login.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidLogin {
    /// Empty, or longer than [`Login::MAX_LENGTH`].
    #[error("a login has 1 to 254 bytes")]
    Length,
    /// White space or a control character.
    #[error("a login has no spaces and no control characters")]
    Character,
}

impl Login {
    /// The longest email address (RFC 5321 section 4.5.3.1.3, less the brackets).
    pub const MAX_LENGTH: usize = 254;

    /// Reads what a person typed; white space around it is not part of it.
    pub fn parse(text: &str) -> Result<Self, InvalidLogin> {
        if text.is_ascii() {
            return Self::new(text.trim().to_owned(), str::to_ascii_lowercase);
        }
        Self::new(text.trim().nfc().collect(), |written| {
            let key = written.nfkc().collect::<String>().to_lowercase();
            key.nfkc().collect()
        })
    }

    fn new(written: String, key: impl FnOnce(&str) -> String) -> Result<Self, InvalidLogin> {
        if written.is_empty() || written.len() > Self::MAX_LENGTH {
            return Err(InvalidLogin::Length);
        }
        if written.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(InvalidLogin::Character);
        }
        Ok(Self { key: key(&written), written })
    }

    /// The login as its owner writes it.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The form in which logins are compared and unique.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.written.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidLogin, Login};

    #[test]
    fn spaces_and_control_characters_inside_are_refused() {
        assert_eq!(Login::parse("ada lovelace"), Err(InvalidLogin::Character));
        assert_eq!(Login::parse("ada\0"), Err(InvalidLogin::Character));
        assert_eq!(Login::parse("  "), Err(InvalidLogin::Length));
    }

    #[test]
    fn case_and_composition_do_not_make_another_person() {
        let key = |text| Login::parse(text).unwrap().key().to_owned();
        assert_eq!(key("Ada"), key(" ada "));
        assert_eq!(key("ZOE\u{308}"), key("zo\u{eb}"));
    }
}
