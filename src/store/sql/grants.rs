//! Owns the statements about grants. Every change of a link's state is one statement whose condition is the guard.

use async_trait::async_trait;
use uuid::Uuid;

use super::changes::{self, Redeem, Rotate};
use super::{Driver, SqlStore, statement};
use crate::model::failure::StoreError;
use crate::model::grant::RefreshState;
use crate::model::ids::{ClientId, GrantId, UserId};
use crate::model::secret::TokenHash;
use crate::model::time::Timestamp;
use crate::store::grants::{
    BothWays, GrantFilter, GrantStep, GrantStore, Link, NewGrant, OwnedGrant, Presented, RedeemCode, RotateRefresh,
};
use crate::store::rows::{BothWaysRow, GrantRow, LinkRow, WalkedGrantRow};

/// Whether nothing needs a grant any more.
macro_rules! has_ended {
    () => {
        "((state = 'issued' AND code_expires_at < $3) OR (state = 'revoked' AND revoked_at < $4) \
         OR (state = 'active' AND last_used_at < $5))"
    };
}

/// The columns of a grant `g` and its owner `o`, then what is given.
macro_rules! select_grants {
    ($more:expr, $tail:expr) => {
        concat!(
            "SELECT ",
            $more,
            "g.id AS grant_id, g.user_id AS owner_id, g.client_id AS grant_client_id, g.scope, g.state, g.code_hash, \
             g.code_expires_at, g.redirect_uri, g.redirect_uri_given, g.code_challenge, \
             g.created_at AS grant_created_at, g.redeemed_at, g.last_used_at, g.revoked_at, g.refresh_hash, \
             g.generation, g.refresh_used, g.rotations, o.login AS owner_login, o.disabled_at AS owner_disabled_at ",
            $tail
        )
    };
}

/// The columns of a grant together with those of its client `c`, then what is given after the tables.
macro_rules! select_links {
    ($more:expr, $tail:expr) => {
        select_grants!(
            concat!(
                $more,
                "c.id AS client_id, c.settings, c.secret_hash AS client_secret_hash, c.former_secret_hash, \
                 c.former_secret_until, c.enabled AS client_enabled, c.created_at AS client_created_at, "
            ),
            concat!("FROM grants g JOIN users o ON o.id = g.user_id JOIN clients c ON c.id = g.client_id ", $tail)
        )
    };
}

/// What lists tell of the reverse link `r` of a grant; put before the columns of the grant.
macro_rules! with_reverse {
    () => {
        "r.grant_id AS reverse_grant_id, r.partner AS reverse_partner, r.state AS reverse_state, \
         r.last_error AS reverse_error, "
    };
}

pub(super) use {select_grants, select_links};

#[async_trait]
impl<D: Driver> GrantStore for SqlStore<D> {
    async fn issue_code(&self, grant: &NewGrant) -> Result<(), StoreError> {
        let code = &grant.code;
        let statement = statement!(
            "INSERT INTO grants (id, user_id, client_id, scope, state, code_hash, code_expires_at, redirect_uri, \
             redirect_uri_given, code_challenge, created_at, generation, refresh_used, rotations) \
             VALUES ($1, $2, $3, $4, 'issued', $5, $6, $7, $8, $9, $10, 0, FALSE, $11)",
            grant.id.0,
            grant.user_id.0,
            grant.client_id.as_str(),
            grant.scope.to_string().as_str(),
            code.hash.as_bytes().as_slice(),
            code.expires_at,
            code.redirect_uri.as_str(),
            code.redirect_uri_given,
            code.challenge.as_ref().map(|challenge| challenge.as_str()),
            grant.created_at,
            [].as_slice(),
        );
        self.driver.execute(statement).await.map(drop)
    }

    async fn presented(
        &self,
        client_id: &ClientId,
        grant_id: Option<GrantId>,
    ) -> Result<Option<Presented>, StoreError> {
        let link = match grant_id {
            Some(id) => self.find_link(id).await?,
            None => None,
        };
        let client = match &link {
            Some(link) if link.client.id == *client_id => Some(link.client.clone()),
            _ => self.known_client(client_id).await?,
        };
        Ok(client.map(|client| Presented { client, link }))
    }

    async fn link(&self, id: GrantId) -> Result<Option<Link>, StoreError> {
        self.find_link(id).await
    }

    async fn grant(&self, id: GrantId) -> Result<Option<OwnedGrant>, StoreError> {
        Ok(self.find_link(id).await?.map(|link| link.owned))
    }

    async fn redeem_code(
        &self,
        id: GrantId,
        code: &TokenHash,
        refresh: &TokenHash,
        now: Timestamp,
    ) -> Result<RedeemCode, StoreError> {
        let driver = self.driver.clone();
        let redeem = Redeem { id, code: code.clone(), refresh: refresh.clone(), now };
        let redeemed = self.redemptions.here().ask(redeem, move |all| changes::make(driver.clone(), all)).await?;
        Ok(if redeemed { RedeemCode::Redeemed } else { RedeemCode::Spent })
    }

    async fn end_issued(&self, id: GrantId, now: Timestamp) -> Result<bool, StoreError> {
        let end = "UPDATE grants SET state = 'revoked', revoked_at = $2 WHERE id = $1 AND state = 'issued'";
        self.changes(statement!(end, id.0, now)).await
    }

    async fn rotate_refresh(
        &self,
        id: GrantId,
        from: &RefreshState,
        to: &RefreshState,
        now: Timestamp,
    ) -> Result<RotateRefresh, StoreError> {
        let driver = self.driver.clone();
        let rotate = Rotate { id, from: from.clone(), to: to.clone(), now };
        let rotated = self.rotations.here().ask(rotate, move |all| changes::make(driver.clone(), all)).await?;
        Ok(if rotated { RotateRefresh::Rotated } else { RotateRefresh::Overtaken })
    }

    async fn note_refresh_used(&self, id: GrantId, generation: u32) -> Result<(), StoreError> {
        let statement = statement!(
            "UPDATE grants SET refresh_used = TRUE \
             WHERE id = $1 AND generation = $2 AND state = 'active' AND NOT refresh_used",
            id.0,
            generation,
        );
        self.driver.execute(statement).await.map(drop)
    }

    async fn note_use(&self, id: GrantId, now: Timestamp) -> Result<(), StoreError> {
        let statement = statement!(
            "UPDATE grants SET last_used_at = $2 WHERE id = $1 AND state = 'active' AND last_used_at < $2",
            id.0,
            now,
        );
        self.driver.execute(statement).await.map(drop)
    }

    async fn revoke_grant(&self, id: GrantId, now: Timestamp) -> Result<bool, StoreError> {
        let revoke = statement!(
            "UPDATE grants SET state = 'revoked', revoked_at = $2 WHERE id = $1 AND state <> 'revoked'",
            id.0,
            now,
        );
        let forget = statement!("DELETE FROM reverse_links WHERE grant_id = $1", id.0);
        let changed = self.driver.execute_all(vec![revoke, forget]).await?;
        Ok(changed.first().is_some_and(|rows| *rows > 0))
    }

    async fn unlink(&self, id: GrantId, owner: UserId, now: Timestamp) -> Result<bool, StoreError> {
        let revoke = statement!(
            "UPDATE grants SET state = 'revoked', revoked_at = $3 WHERE user_id = $2 AND state <> 'revoked' \
             AND client_id = (SELECT client_id FROM grants WHERE id = $1 AND user_id = $2)",
            id.0,
            owner.0,
            now,
        );
        let forget = statement!(
            "DELETE FROM reverse_links WHERE grant_id IN (SELECT id FROM grants WHERE user_id = $2 AND state = 'revoked' \
             AND client_id = (SELECT client_id FROM grants WHERE id = $1 AND user_id = $2))",
            id.0,
            owner.0,
        );
        let changed = self.driver.execute_all(vec![revoke, forget]).await?;
        Ok(changed.first().is_some_and(|rows| *rows > 0))
    }

    async fn links_between(
        &self,
        user_id: UserId,
        client_id: &ClientId,
        limit: u32,
    ) -> Result<Vec<OwnedGrant>, StoreError> {
        let statement = statement!(
            select_grants!(
                "",
                "FROM grants g JOIN users o ON o.id = g.user_id \
                 WHERE g.user_id = $1 AND g.client_id = $2 AND g.state = 'active' LIMIT $3"
            ),
            user_id.0,
            client_id.as_str(),
            limit,
        );
        self.list::<GrantRow, _>(statement).await
    }

    async fn links_of(&self, user_id: UserId, limit: u32) -> Result<Vec<BothWays<Link>>, StoreError> {
        let statement = statement!(
            select_links!(
                with_reverse!(),
                "LEFT JOIN reverse_links r ON r.grant_id = g.id WHERE g.user_id = $1 AND g.state = 'active' \
                 ORDER BY g.created_at DESC LIMIT $2"
            ),
            user_id.0,
            limit,
        );
        let rows: Vec<BothWaysRow<LinkRow>> = self.driver.all(statement).await?;
        rows.into_iter().map(|row| row.read(|link| link.read(&self.clients))).collect()
    }

    async fn grants(
        &self,
        filter: &GrantFilter,
        after: Option<GrantId>,
        limit: u32,
    ) -> Result<Vec<BothWays<OwnedGrant>>, StoreError> {
        let statement = statement!(
            select_grants!(
                with_reverse!(),
                "FROM grants g JOIN users o ON o.id = g.user_id LEFT JOIN reverse_links r ON r.grant_id = g.id \
                 WHERE ($1 IS NULL OR g.user_id = $1) AND ($2 IS NULL OR g.client_id = $2) AND g.id > $3 \
                 AND g.redeemed_at IS NOT NULL ORDER BY g.id LIMIT $4"
            ),
            filter.user_id.map(|id| id.0),
            filter.client_id.as_ref().map(|id| id.as_str()),
            after.map_or(Uuid::nil(), |id| id.0),
            limit,
        );
        let rows: Vec<BothWaysRow<GrantRow>> = self.driver.all(statement).await?;
        rows.into_iter().map(|row| row.read(OwnedGrant::try_from)).collect()
    }

    async fn forget_grants_of(&self, client_id: &ClientId, limit: u32) -> Result<u64, StoreError> {
        let statement = statement!(
            "DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE client_id = $1 LIMIT $2)",
            client_id.as_str(),
            limit,
        );
        self.driver.execute(statement).await
    }

    async fn purge_grants(
        &self,
        after: Option<GrantId>,
        limit: u32,
        now: Timestamp,
        revoked_before: Timestamp,
        idle_before: Option<Timestamp>,
    ) -> Result<GrantStep, StoreError> {
        let after = after.map_or(Uuid::nil(), |id| id.0);
        let look = statement!(
            concat!(
                "SELECT id, state, (SELECT r.state FROM reverse_links r WHERE r.grant_id = g.id) AS reverse_state, ",
                has_ended!(),
                " AS ended FROM grants g WHERE id > $1 ORDER BY id LIMIT $2"
            ),
            after,
            limit,
            now,
            revoked_before,
            idle_before,
        );
        let seen: Vec<WalkedGrantRow> = self.driver.all(look).await?;
        let last = seen.last().map(|row| row.id);
        let mut step = GrantStep { next: last.map(GrantId), ..GrantStep::default() };
        seen.iter().for_each(|row| row.count(&mut step));
        // A step that finds nothing to forget takes no writer's turn.
        if let Some(last) = last.filter(|_| seen.iter().any(|row| row.ended == Some(true))) {
            let forget = statement!(
                concat!("DELETE FROM grants WHERE id > $1 AND id <= $2 AND ", has_ended!()),
                after,
                last,
                now,
                revoked_before,
                idle_before,
            );
            step.forgotten = self.driver.execute(forget).await?;
        }
        Ok(step)
    }
}
