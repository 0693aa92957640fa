//! Owns what is kept of a code that was sent by text message. Leaves making and checking codes to `identity/`.

use crate::model::time::Timestamp;

/// Names the row of a browser's code for one use: a keyed hash of both.
pub type CodeKey = [u8; 32];

/// A code as it is stored. All hashes are keyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextCode {
    /// Whose code it is, and for what.
    pub key: CodeKey,
    /// To which number it was sent.
    pub phone_hash: [u8; 32],
    /// The code.
    pub code_hash: [u8; 32],
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A code that somebody typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriedCode {
    /// Whose code it should be, and for what.
    pub key: CodeKey,
    /// For which number.
    pub phone_hash: [u8; 32],
    /// The code.
    pub code_hash: [u8; 32],
}

/// What became of a try, in the order in which it is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeTry {
    /// No code was sent to this browser for this use, or it was used before.
    NotFound,
    /// It was sent to another number.
    OtherPhone,
    /// Its time is over.
    Expired,
    /// Too many wrong codes came before.
    NoTriesLeft,
    /// It is another one; counted.
    Wrong,
    /// It is the code, and used by this.
    Right,
}
