//! Owns the written form of a phone number, E.164. Leaves sending to it to the rooms that do.

use std::fmt;

use thiserror::Error;

/// A phone number in E.164 form: `+`, then 8 to 15 digits, the first not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone(String);

/// Why a text is no phone number.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a phone number is written as + and 8 to 15 digits, for example +14155550100")]
pub struct InvalidPhone;

impl Phone {
    /// Reads the E.164 form and nothing else.
    pub fn parse(text: &str) -> Result<Self, InvalidPhone> {
        let digits = text.strip_prefix('+').ok_or(InvalidPhone)?;
        let plausible =
            (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        if plausible { Ok(Self(text.to_owned())) } else { Err(InvalidPhone) }
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
