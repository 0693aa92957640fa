//! Owns the shape of stored partners and reverse links. Leaves the rows of everything else to its neighbours.

use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};
use uuid::Uuid;

use super::Doubt;
use crate::model::ids::{ClientId, GrantId};
use crate::model::partner::{Partner, PartnerName, PartnerUrl, Profile};
use crate::model::reverse_link::{
    CodeHash, ReverseLink, ReverseStanding, ReverseState, ReverseSummary, SealedTokens, SeenCodes, TokensId,
    WaitingCode,
};
use crate::model::scope::Scope;
use crate::store::StoreError;

/// A row of `partners`.
#[derive(FromRow)]
pub struct PartnerRow {
    client_id: String,
    name: String,
    token_url: String,
    partner_client_id: String,
    client_secret: Vec<u8>,
    scope: String,
}

impl TryFrom<PartnerRow> for Partner {
    type Error = StoreError;

    fn try_from(row: PartnerRow) -> Result<Self, StoreError> {
        let doubt = Doubt { table: "partners", id: &row.client_id };
        Ok(Partner {
            client_id: doubt.some("client_id", ClientId::parse(&row.client_id).ok())?,
            name: doubt.some("name", PartnerName::parse(&row.name).ok())?,
            token_url: doubt.some("token_url", PartnerUrl::parse(&row.token_url).ok())?,
            partner_client_id: row.partner_client_id,
            sealed_secret: row.client_secret,
            scope: doubt.some("scope", Scope::parse(&row.scope).ok())?,
        })
    }
}

/// A row of `reverse_links`.
#[derive(FromRow)]
pub struct ReverseLinkRow {
    grant_id: Uuid,
    partner: String,
    state: String,
    version: i64,
    seen_codes: Vec<u8>,
    code: Option<Vec<u8>>,
    code_hash: Option<Vec<u8>>,
    code_profile: Option<Vec<u8>>,
    code_expires_at: Option<i64>,
    attempts: i64,
    next_attempt_at: Option<i64>,
    access_token: Option<Vec<u8>>,
    refresh_token: Option<Vec<u8>>,
    token_scope: Option<String>,
    tokens_from: Option<Vec<u8>>,
    tokens_serial: Option<i64>,
    tokens_profile: Option<Vec<u8>>,
    fresh_until: Option<i64>,
    tokens_expire_at: Option<i64>,
    leased_until: Option<i64>,
    last_error: Option<String>,
    created_at: i64,
    changed_at: i64,
}

/// A hash, also that of a profile.
fn hash(bytes: Option<&[u8]>) -> Option<CodeHash> {
    bytes?.try_into().ok()
}

impl ReverseLinkRow {
    fn code(&self, doubt: &Doubt<'_>) -> Result<Option<WaitingCode>, StoreError> {
        let Some(sealed) = &self.code else { return Ok(None) };
        let expires_at = doubt.some("code_expires_at", self.code_expires_at)?;
        let next_attempt_at = doubt.some("next_attempt_at", self.next_attempt_at)?;
        Ok(Some(WaitingCode {
            sealed: sealed.clone(),
            hash: doubt.some("code_hash", hash(self.code_hash.as_deref()))?,
            profile: doubt.some("code_profile", hash(self.code_profile.as_deref()))?,
            expires_at: doubt.moment("code_expires_at", expires_at)?,
            attempts: doubt.some("attempts", u32::try_from(self.attempts).ok())?,
            next_attempt_at: doubt.moment("next_attempt_at", next_attempt_at)?,
        }))
    }

    fn tokens_id(&self, doubt: &Doubt<'_>) -> Result<TokensId, StoreError> {
        let serial = self.tokens_serial.and_then(|serial| u32::try_from(serial).ok());
        Ok(TokensId {
            from: doubt.some("tokens_from", hash(self.tokens_from.as_deref()))?,
            serial: doubt.some("tokens_serial", serial)?,
        })
    }

    fn tokens(&self, doubt: &Doubt<'_>) -> Result<SealedTokens, StoreError> {
        let fresh_until = doubt.some("fresh_until", self.fresh_until)?;
        let expires_at = doubt.some("tokens_expire_at", self.tokens_expire_at)?;
        let scope = self.token_scope.as_deref().map(Scope::parse).transpose();
        Ok(SealedTokens {
            access: doubt.some("access_token", self.access_token.clone())?,
            refresh: self.refresh_token.clone(),
            scope: doubt.some("token_scope", scope.ok())?,
            id: self.tokens_id(doubt)?,
            profile: doubt.some("tokens_profile", hash(self.tokens_profile.as_deref()))?,
            fresh_until: doubt.moment("fresh_until", fresh_until)?,
            expires_at: doubt.moment("tokens_expire_at", expires_at)?,
            leased_until: self.leased_until.map(|until| doubt.moment("leased_until", until)).transpose()?,
        })
    }

    fn state(&self, doubt: &Doubt<'_>) -> Result<ReverseState, StoreError> {
        Ok(match doubt.some("state", ReverseStanding::parse(&self.state))? {
            ReverseStanding::Pending => ReverseState::Pending,
            ReverseStanding::Active => ReverseState::Active(self.tokens(doubt)?),
            ReverseStanding::Failed => ReverseState::Failed,
            ReverseStanding::Revoked => ReverseState::Revoked(self.tokens_id(doubt)?),
        })
    }
}

impl TryFrom<ReverseLinkRow> for ReverseLink {
    type Error = StoreError;

    fn try_from(row: ReverseLinkRow) -> Result<Self, StoreError> {
        let doubt = Doubt { table: "reverse_links", id: &row.grant_id };
        Ok(ReverseLink {
            grant_id: GrantId(row.grant_id),
            partner: doubt.some("partner", PartnerName::parse(&row.partner).ok())?,
            version: doubt.some("version", u32::try_from(row.version).ok())?,
            seen: doubt.some("seen_codes", SeenCodes::from_bytes(&row.seen_codes))?,
            code: row.code(&doubt)?,
            state: row.state(&doubt)?,
            created_at: doubt.moment("created_at", row.created_at)?,
            changed_at: doubt.moment("changed_at", row.changed_at)?,
            last_error: row.last_error,
        })
    }
}

/// A row that names a grant.
#[derive(FromRow)]
pub struct GrantIdRow {
    grant_id: Uuid,
}

impl TryFrom<GrantIdRow> for GrantId {
    type Error = StoreError;

    fn try_from(row: GrantIdRow) -> Result<Self, StoreError> {
        Ok(GrantId(row.grant_id))
    }
}

/// A row that names an account at a partner.
#[derive(FromRow)]
pub struct ProfileRow {
    code_profile: Option<Vec<u8>>,
}

impl ProfileRow {
    /// The account; a damaged row must not hide the others, and is named when it is read itself.
    pub fn profile(self) -> Option<Profile> {
        hash(self.code_profile.as_deref())
    }
}

/// What a list tells of a reverse link, when the statement found one.
pub struct ReverseSummaryRow(Option<Found>);

#[derive(FromRow)]
struct Found {
    reverse_grant_id: Uuid,
    reverse_partner: String,
    reverse_state: String,
    reverse_error: Option<String>,
}

impl<'r, R: Row> FromRow<'r, R> for ReverseSummaryRow
where
    Found: FromRow<'r, R>,
    Option<Uuid>: Decode<'r, R::Database> + Type<R::Database>,
    &'static str: ColumnIndex<R>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        let found: Option<Uuid> = row.try_get("reverse_grant_id")?;
        Ok(Self(found.map(|_| Found::from_row(row)).transpose()?))
    }
}

impl TryFrom<ReverseSummaryRow> for Option<ReverseSummary> {
    type Error = StoreError;

    fn try_from(row: ReverseSummaryRow) -> Result<Self, StoreError> {
        let Some(found) = row.0 else { return Ok(None) };
        let doubt = Doubt { table: "reverse_links", id: &found.reverse_grant_id };
        Ok(Some(ReverseSummary {
            partner: doubt.some("partner", PartnerName::parse(&found.reverse_partner).ok())?,
            standing: doubt.some("state", ReverseStanding::parse(&found.reverse_state))?,
            last_error: found.reverse_error,
        }))
    }
}
