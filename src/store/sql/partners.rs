//! Owns the statements about partners and reverse links.

use async_trait::async_trait;
use uuid::Uuid;

use super::{Driver, SqlStore, Statement, Value, statement};
use crate::model::failure::StoreError;
use crate::model::ids::{ClientId, GrantId};
use crate::model::partner::{Partner, Profile};
use crate::model::reverse_link::{ReverseLink, ReverseState};
use crate::model::time::Timestamp;
use crate::store::partners::{AddReverseLink, PartnerStore, SetPartner};
use crate::store::rows::{GrantIdRow, IdRow, PartnerRow, ProfileRow, ReverseLinkRow};

/// Takes [`values`], then when it was made.
const ADD: &str = "INSERT INTO reverse_links (grant_id, partner, state, seen_codes, code, code_hash, code_profile, \
                   code_expires_at, attempts, next_attempt_at, access_token, refresh_token, token_scope, tokens_from, \
                   tokens_serial, tokens_profile, fresh_until, tokens_expire_at, leased_until, last_error, changed_at, \
                   created_at, version) \
                   SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
                   $22, 0 FROM grants WHERE id = $1 AND state = 'active' ON CONFLICT DO NOTHING";

/// Takes [`values`], then the version that was read.
const CHANGE: &str = "UPDATE reverse_links SET partner = $2, state = $3, seen_codes = $4, code = $5, code_hash = $6, \
                      code_profile = $7, code_expires_at = $8, attempts = $9, next_attempt_at = $10, access_token = $11, \
                      refresh_token = $12, token_scope = $13, tokens_from = $14, tokens_serial = $15, tokens_profile = $16, \
                      fresh_until = $17, tokens_expire_at = $18, leased_until = $19, last_error = $20, changed_at = $21, \
                      version = version + 1 WHERE grant_id = $1 AND version = $22";

/// The values of a reverse link in the order of [`ADD`] and [`CHANGE`], up to `changed_at`.
fn values(link: &ReverseLink) -> Vec<Value> {
    let code = link.code.as_ref();
    let (tokens, id) = match &link.state {
        ReverseState::Active(tokens) => (Some(tokens), Some(tokens.id)),
        ReverseState::Revoked(id) => (None, Some(*id)),
        ReverseState::Pending | ReverseState::Failed => (None, None),
    };
    let scope = tokens.and_then(|tokens| tokens.scope.as_ref()).map(ToString::to_string);
    vec![
        link.grant_id.0.into(),
        link.partner.as_str().into(),
        link.state.standing().as_str().into(),
        link.seen.to_bytes().as_slice().into(),
        code.map(|code| code.sealed.as_slice()).into(),
        code.map(|code| code.hash.as_slice()).into(),
        code.map(|code| code.profile.as_slice()).into(),
        code.map(|code| code.expires_at).into(),
        code.map_or(0, |code| code.attempts).into(),
        code.map(|code| code.next_attempt_at).into(),
        tokens.map(|tokens| tokens.access.as_slice()).into(),
        tokens.and_then(|tokens| tokens.refresh.as_deref()).into(),
        scope.as_deref().into(),
        id.as_ref().map(|id| id.from.as_slice()).into(),
        Value::Int(id.map(|id| id.serial.into())),
        tokens.map(|tokens| tokens.profile.as_slice()).into(),
        tokens.map(|tokens| tokens.fresh_until).into(),
        tokens.map(|tokens| tokens.expires_at).into(),
        tokens.and_then(|tokens| tokens.leased_until).into(),
        link.last_error.as_deref().into(),
        link.changed_at.into(),
    ]
}

fn with(mut values: Vec<Value>, last: impl Into<Value>) -> Vec<Value> {
    values.push(last.into());
    values
}

#[async_trait]
impl<D: Driver> PartnerStore for SqlStore<D> {
    async fn set_partner(&self, partner: &Partner, now: Timestamp) -> Result<SetPartner, StoreError> {
        let set = self.changes(statement!(
            "INSERT INTO partners (client_id, name, token_url, partner_client_id, client_secret, scope, created_at) \
             SELECT $1, $2, $3, $4, $5, $6, $7 FROM clients WHERE id = $1 \
             ON CONFLICT (client_id) DO UPDATE SET name = $2, token_url = $3, partner_client_id = $4, client_secret = $5, \
             scope = $6, created_at = $7",
            partner.client_id.as_str(),
            partner.name.as_str(),
            partner.token_url.as_str(),
            partner.partner_client_id.as_str(),
            partner.sealed_secret.as_slice(),
            partner.scope.to_string().as_str(),
            now,
        ));
        Ok(if set.await? { SetPartner::Set } else { SetPartner::UnknownClient })
    }

    async fn partner(&self, client_id: &ClientId) -> Result<Option<Partner>, StoreError> {
        let statement = statement!(
            "SELECT client_id, name, token_url, partner_client_id, client_secret, scope FROM partners WHERE client_id = $1",
            client_id.as_str(),
        );
        self.find::<PartnerRow, _>(statement).await
    }

    async fn delete_partner(&self, client_id: &ClientId) -> Result<bool, StoreError> {
        self.changes(statement!("DELETE FROM partners WHERE client_id = $1", client_id.as_str())).await
    }

    async fn reverse_link(&self, grant_id: GrantId) -> Result<Option<ReverseLink>, StoreError> {
        let statement = statement!(
            "SELECT grant_id, partner, state, version, seen_codes, code, code_hash, code_expires_at, attempts, \
             next_attempt_at, code_profile, access_token, refresh_token, token_scope, tokens_from, tokens_serial, \
             tokens_profile, fresh_until, tokens_expire_at, leased_until, last_error, created_at, changed_at FROM reverse_links WHERE grant_id = $1",
            grant_id.0,
        );
        self.find::<ReverseLinkRow, _>(statement).await
    }

    async fn add_reverse_link(&self, link: &ReverseLink) -> Result<AddReverseLink, StoreError> {
        // Takes hold of the grant's row, so that whoever ends the grant comes wholly before or wholly after.
        let hold = statement!("UPDATE grants SET state = state WHERE id = $1 AND state = 'active'", link.grant_id.0);
        let add = Statement::new(ADD, with(values(link), link.created_at));
        let changed = self.driver.execute_all(vec![hold, add]).await?;
        Ok(match changed.as_slice() {
            [0, ..] => AddReverseLink::NotLinked,
            [_, 0, ..] => AddReverseLink::Exists,
            _ => AddReverseLink::Added,
        })
    }

    async fn change_reverse_link(&self, link: &ReverseLink) -> Result<bool, StoreError> {
        self.changes(Statement::new(CHANGE, with(values(link), link.version))).await
    }

    async fn due_profiles(&self, now: Timestamp) -> Result<Vec<Profile>, StoreError> {
        let statement = statement!("SELECT DISTINCT code_profile FROM reverse_links WHERE next_attempt_at <= $1", now);
        let rows: Vec<ProfileRow> = self.driver.all(statement).await?;
        Ok(rows.into_iter().filter_map(ProfileRow::profile).collect())
    }

    async fn due_reverse_links(
        &self,
        profile: &Profile,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<GrantId>, StoreError> {
        let statement = statement!(
            "SELECT grant_id FROM reverse_links WHERE code_profile = $1 AND next_attempt_at <= $2 \
             ORDER BY next_attempt_at LIMIT $3",
            profile.as_slice(),
            now,
            limit,
        );
        self.list::<GrantIdRow, _>(statement).await
    }

    async fn forget_reverse_links_of(
        &self,
        client_id: &ClientId,
        after: Option<GrantId>,
        limit: u32,
    ) -> Result<Option<GrantId>, StoreError> {
        let after = after.map_or(Uuid::nil(), |id| id.0);
        let looked_at: Option<IdRow> = self
            .driver
            .all(statement!(
                "SELECT id FROM grants WHERE client_id = $1 AND id > $2 ORDER BY id LIMIT $3",
                client_id.as_str(),
                after,
                limit,
            ))
            .await?
            .pop();
        let Some(IdRow { id: last }) = looked_at else { return Ok(None) };
        let statement = statement!(
            "DELETE FROM reverse_links WHERE grant_id > $2 AND grant_id <= $3 \
             AND grant_id IN (SELECT id FROM grants WHERE client_id = $1 AND id > $2 AND id <= $3)",
            client_id.as_str(),
            after,
            last,
        );
        self.driver.execute(statement).await?;
        Ok(Some(GrantId(last)))
    }
}
