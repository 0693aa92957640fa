//! Owns walking over everything that is stored sealed, for a rotation of the master key. Leaves what a value says to whoever
//! stored it.

use async_trait::async_trait;

use crate::store::StoreError;

/// A column of sealed values. Every such column is here, or a rotation of the master key would lose what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedColumn {
    /// Signing keys and the token root. Not the master keys that a rotation hands over: each stays under the key it was
    /// sealed under.
    Key,
    /// Our secrets at partners.
    PartnerSecret,
    /// Codes of partners that wait for their exchange.
    ReverseCode,
    /// Access tokens of partners.
    ReverseAccessToken,
    /// Refresh tokens of partners.
    ReverseRefreshToken,
    /// Auth tokens of back ends.
    PushAuthToken,
}

impl SealedColumn {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Key,
        Self::PartnerSecret,
        Self::ReverseCode,
        Self::ReverseAccessToken,
        Self::ReverseRefreshToken,
        Self::PushAuthToken,
    ];

    /// Its table.
    pub fn table(self) -> &'static str {
        match self {
            Self::Key => "keys",
            Self::PartnerSecret => "partners",
            Self::ReverseCode | Self::ReverseAccessToken | Self::ReverseRefreshToken => "reverse_links",
            Self::PushAuthToken => "push_accounts",
        }
    }

    /// Its name in the table.
    pub fn column(self) -> &'static str {
        match self {
            Self::Key => "sealed",
            Self::PartnerSecret => "client_secret",
            Self::ReverseCode => "code",
            Self::ReverseAccessToken => "access_token",
            Self::ReverseRefreshToken => "refresh_token",
            Self::PushAuthToken => "auth_token",
        }
    }
}

/// A sealed value and the row to which it is bound.
#[derive(Clone, Debug)]
pub struct SealedValue {
    /// The primary key as text: `purpose/serial`, a client id, or a hyphenated id.
    pub row: String,
    /// The value.
    pub sealed: Vec<u8>,
}

/// Walks over sealed values and puts others in their place.
#[async_trait]
pub trait SealedStore: Send + Sync {
    /// At most `limit` values of a column, in the order of their rows, beginning behind the row `after`. Rows without a
    /// value are passed over.
    async fn sealed_values(
        &self,
        column: SealedColumn,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<SealedValue>, StoreError>;

    /// Puts `to` in the place of `from`; tells whether `from` was still there. Whoever writes a reverse link from what they
    /// read before notices, for its version changes too.
    async fn reseal(&self, column: SealedColumn, row: &str, from: &[u8], to: &[u8]) -> Result<bool, StoreError>;
}
