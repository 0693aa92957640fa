//! Makers of codes by text message, for the cases about them.

use couplet::model::text_code::{CodeTry, TextCode, TriedCode};

use super::cellar::{Cellar, moment};

/// As many wrong codes as the cases bear.
pub const MOST: u32 = 3;

/// The code of browser `key`, sent to phone 5, alive until `moment(600)`; its hash is of `code`.
pub fn code(key: u8, code: u8) -> TextCode {
    TextCode { key: [key; 32], phone_hash: [5; 32], code_hash: [code; 32], expires_at: moment(600) }
}

/// A try of `code` by browser `key` for phone 5.
pub fn tried(key: u8, code: u8) -> TriedCode {
    TriedCode { key: [key; 32], phone_hash: [5; 32], code_hash: [code; 32] }
}

impl Cellar {
    /// Tries at `moment(1)`.
    pub async fn try_code(&self, tried: &TriedCode) -> CodeTry {
        self.store.try_text_code(tried, MOST, moment(1)).await.unwrap()
    }
}
