//! Owns the shape of a stored grant, alone and together with a client. Leaves the rows of everything else to `mod.rs`.

use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::reverse_links::ReverseSummaryRow;
use super::{ClientRow, Doubt, KnownClients};
use crate::model::grant::{ActiveGrant, CodeBinding, Grant, GrantState, RefreshState, Rotations};
use crate::model::ids::{ClientId, GrantId, UserId};
use crate::model::login::Login;
use crate::model::pkce::CodeChallenge;
use crate::model::redirect_uri::RedirectUri;
use crate::model::reverse_link::ReverseStanding;
use crate::model::scope::Scope;
use crate::model::secret::TokenHash;
use crate::store::StoreError;
use crate::store::grants::{BothWays, GrantStep, Link, OwnedGrant};

/// A row of `grants` with what matters of its owner.
#[derive(FromRow)]
pub struct GrantRow {
    grant_id: Uuid,
    owner_id: Uuid,
    grant_client_id: String,
    scope: String,
    state: String,
    code_hash: Vec<u8>,
    code_expires_at: i64,
    redirect_uri: String,
    redirect_uri_given: bool,
    code_challenge: Option<String>,
    grant_created_at: i64,
    redeemed_at: Option<i64>,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
    refresh_hash: Option<Vec<u8>>,
    generation: i64,
    refresh_used: bool,
    rotations: Vec<u8>,
    owner_login: String,
    owner_disabled_at: Option<i64>,
}

impl GrantRow {
    fn state(&self, doubt: &Doubt<'_>) -> Result<GrantState, StoreError> {
        match self.state.as_str() {
            "issued" => Ok(GrantState::Issued),
            "active" => Ok(GrantState::Active(self.active(doubt)?)),
            "revoked" => {
                let at = doubt.some("revoked_at", self.revoked_at)?;
                Ok(GrantState::Revoked { at: doubt.moment("revoked_at", at)? })
            }
            _ => Err(doubt.broken("state")),
        }
    }

    fn active(&self, doubt: &Doubt<'_>) -> Result<ActiveGrant, StoreError> {
        let redeemed_at = doubt.some("redeemed_at", self.redeemed_at)?;
        let last_used_at = doubt.some("last_used_at", self.last_used_at)?;
        let hash = self.refresh_hash.as_deref().and_then(TokenHash::from_slice);
        Ok(ActiveGrant {
            redeemed_at: doubt.moment("redeemed_at", redeemed_at)?,
            last_used_at: doubt.moment("last_used_at", last_used_at)?,
            refresh: RefreshState {
                hash: doubt.some("refresh_hash", hash)?,
                generation: doubt.some("generation", u32::try_from(self.generation).ok())?,
                used: self.refresh_used,
                rotations: doubt.some("rotations", Rotations::from_bytes(&self.rotations))?,
            },
        })
    }

    fn code(&self, doubt: &Doubt<'_>) -> Result<CodeBinding, StoreError> {
        let challenge = self.code_challenge.as_deref().map(CodeChallenge::parse).transpose();
        Ok(CodeBinding {
            hash: doubt.some("code_hash", TokenHash::from_slice(&self.code_hash))?,
            expires_at: doubt.moment("code_expires_at", self.code_expires_at)?,
            redirect_uri: RedirectUri::as_received(&self.redirect_uri),
            redirect_uri_given: self.redirect_uri_given,
            challenge: doubt.some("code_challenge", challenge.ok())?,
        })
    }
}

impl TryFrom<GrantRow> for OwnedGrant {
    type Error = StoreError;

    fn try_from(row: GrantRow) -> Result<Self, StoreError> {
        let doubt = Doubt { table: "grants", id: &row.grant_id };
        let grant = Grant {
            id: GrantId(row.grant_id),
            user_id: UserId(row.owner_id),
            client_id: doubt.some("client_id", ClientId::parse(&row.grant_client_id).ok())?,
            scope: doubt.some("scope", Scope::parse(&row.scope).ok())?,
            code: row.code(&doubt)?,
            created_at: doubt.moment("created_at", row.grant_created_at)?,
            state: row.state(&doubt)?,
        };
        Ok(OwnedGrant {
            grant,
            login: Doubt { table: "users", id: &row.owner_id }.some("login", Login::parse(&row.owner_login).ok())?,
            owner_enabled: row.owner_disabled_at.is_none(),
        })
    }
}

/// A grant with its owner and its client.
#[derive(FromRow)]
pub struct LinkRow {
    #[sqlx(flatten)]
    grant: GrantRow,
    #[sqlx(flatten)]
    client: ClientRow,
}

impl LinkRow {
    /// Which grant it is.
    pub fn grant_id(&self) -> GrantId {
        GrantId(self.grant.grant_id)
    }

    /// What the row stands for.
    pub fn read(self, clients: &KnownClients) -> Result<Link, StoreError> {
        Ok(Link { client: clients.read(self.client)?, owned: self.grant.try_into()? })
    }
}

/// A link with what is told of its reverse link.
pub struct BothWaysRow<L> {
    link: L,
    reverse: ReverseSummaryRow,
}

impl<'r, R: Row, L: FromRow<'r, R>> FromRow<'r, R> for BothWaysRow<L>
where
    ReverseSummaryRow: FromRow<'r, R>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self { link: L::from_row(row)?, reverse: ReverseSummaryRow::from_row(row)? })
    }
}

impl<L> BothWaysRow<L> {
    /// What the row stands for, the link as `read` reads it.
    pub fn read<T>(self, read: impl FnOnce(L) -> Result<T, StoreError>) -> Result<BothWays<T>, StoreError> {
        Ok(BothWays { link: read(self.link)?, reverse: self.reverse.try_into()? })
    }
}

/// What a walk looks at of a grant.
#[derive(FromRow)]
pub struct WalkedGrantRow {
    /// The primary key.
    pub id: Uuid,
    /// Whether nothing needs it any more; unknown is no.
    pub ended: Option<bool>,
    state: String,
    reverse_state: Option<String>,
}

impl WalkedGrantRow {
    /// Adds what is seen, unless the row has ended, to the counts of a step.
    pub fn count(&self, step: &mut GrantStep) {
        match self.state.as_str() {
            _ if self.ended == Some(true) => return,
            "active" => step.links += 1,
            "issued" => step.codes += 1,
            _ => {}
        }
        let standing = self.reverse_state.as_deref().and_then(ReverseStanding::parse);
        for (count, counted) in step.reverse_links.iter_mut().zip(ReverseStanding::ALL) {
            *count += u64::from(standing == Some(counted));
        }
    }
}
