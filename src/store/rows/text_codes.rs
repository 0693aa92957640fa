//! Owns the rows of codes that were sent by text message.

use sqlx::FromRow;

/// A row of `text_codes`, as far as it tells why a try failed.
#[derive(FromRow)]
pub struct TextCodeRow {
    /// To which number the code was sent.
    pub phone_hash: Vec<u8>,
    /// Whether it was used.
    pub spent: bool,
    /// When it ends, in milliseconds.
    pub expires_at: i64,
}

/// What a try made of a row.
#[derive(FromRow)]
pub struct TriedRow {
    /// Whether it was the code, and is used by this.
    pub spent: bool,
}
