//! Owns sealing and opening what a partner and a reverse link hold: each value is bound to its table, column and row. Leaves
//! the cipher to `tokens/seal.rs`.

use std::sync::Arc;
use std::time::Duration;

use crate::model::failure::Fault;
use crate::model::ids::{ClientId, GrantId};
use crate::model::partner::{Partner, Profile};
use crate::model::reverse_link::{CodeHash, SealedTokens, TokensId, WaitingCode};
use crate::model::secret::PlainSecret;
use crate::model::time::{Timestamp, after};
use crate::partners::VaultFailure;
use crate::partners::answer::Issued;
use crate::tokens::keys::Keys;
use crate::tokens::seal::Place;

/// How long before its end an access token is replaced.
const MARGIN: Duration = Duration::from_secs(300);

/// An access token that can't be replaced is given out until this long before its end.
pub(super) const LAST_USE: Duration = Duration::from_secs(10);

/// The life of an access token whose partner does not tell it (RFC 6749 section 5.1); what Login with Amazon documents.
const USUAL_LIFE: Duration = Duration::from_secs(3600);

/// No partner's access token is believed to live longer.
const LONGEST_LIFE: Duration = Duration::from_secs(365 * 86_400);

/// Seals and opens.
pub(super) struct Vault {
    pub(super) keys: Arc<Keys>,
}

impl Vault {
    /// Seals our secret at a partner.
    pub(super) fn seal_secret(&self, client_id: &ClientId, secret: &PlainSecret) -> Result<Vec<u8>, Fault> {
        let place = Place { table: "partners", column: "client_secret", row: client_id.as_str() };
        self.keys.seal(place, secret.expose().as_bytes())
    }

    /// Our secret at a partner.
    pub(super) async fn open_secret(&self, partner: &Partner) -> Result<PlainSecret, VaultFailure> {
        let place = Place { table: "partners", column: "client_secret", row: partner.client_id.as_str() };
        self.open(place, &partner.sealed_secret).await
    }

    /// Seals a reciprocal code.
    pub(super) fn seal_code(&self, grant_id: GrantId, code: &PlainSecret) -> Result<Vec<u8>, Fault> {
        self.seal_for(grant_id, "code", code)
    }

    /// A reciprocal code.
    pub(super) async fn open_code(&self, grant_id: GrantId, code: &WaitingCode) -> Result<PlainSecret, VaultFailure> {
        self.open_for(grant_id, "code", &code.sealed).await
    }

    /// Seals what the partner issued for the code of `from` when it was asked at `asked_at`; `refreshable` when there is a
    /// refresh token already.
    pub(super) fn seal_tokens(
        &self,
        grant_id: GrantId,
        issued: &Issued,
        (from, profile): (CodeHash, Profile),
        refreshable: bool,
        asked_at: Timestamp,
    ) -> Result<SealedTokens, Fault> {
        let refresh = issued.refresh.as_ref().map(|token| self.seal_for(grant_id, "refresh_token", token));
        let life = issued.expires_in.unwrap_or(USUAL_LIFE).min(LONGEST_LIFE);
        let fresh = match refreshable || issued.refresh.is_some() {
            // Of a short life at least the first half is used.
            true => life.saturating_sub(MARGIN).max(life / 2),
            false => life.saturating_sub(LAST_USE),
        };
        Ok(SealedTokens {
            access: self.seal_for(grant_id, "access_token", &issued.access)?,
            refresh: refresh.transpose()?,
            scope: issued.scope.clone(),
            id: TokensId { from, serial: 0 },
            profile,
            fresh_until: after(asked_at, fresh),
            expires_at: after(asked_at, life),
            leased_until: None,
        })
    }

    /// The access token.
    pub(super) async fn open_access(
        &self,
        grant_id: GrantId,
        tokens: &SealedTokens,
    ) -> Result<PlainSecret, VaultFailure> {
        self.open_for(grant_id, "access_token", &tokens.access).await
    }

    /// The refresh token.
    pub(super) async fn open_refresh(&self, grant_id: GrantId, sealed: &[u8]) -> Result<PlainSecret, VaultFailure> {
        self.open_for(grant_id, "refresh_token", sealed).await
    }

    fn seal_for(&self, grant_id: GrantId, column: &str, secret: &PlainSecret) -> Result<Vec<u8>, Fault> {
        let row = grant_id.to_string();
        self.keys.seal(Place { table: "reverse_links", column, row: &row }, secret.expose().as_bytes())
    }

    async fn open_for(&self, grant_id: GrantId, column: &str, sealed: &[u8]) -> Result<PlainSecret, VaultFailure> {
        let row = grant_id.to_string();
        self.open(Place { table: "reverse_links", column, row: &row }, sealed).await
    }

    async fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<PlainSecret, VaultFailure> {
        let plain = self.keys.unseal(place, sealed).await?;
        let text = String::from_utf8(plain).map_err(|_| Fault::new(format!("{} is no text", place.column)))?;
        Ok(text.into())
    }
}
