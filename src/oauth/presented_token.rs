//! Owns reading a token of any kind that someone presents, and whether an access token is in force. Leaves what follows to who
//! asked.

use crate::model::client::Client;
use crate::model::failure::{Failure, StoreError};
use crate::model::grant::GrantState;
use crate::model::ids::GrantId;
use crate::model::scope::Scope;
use crate::model::time::Timestamp;
use crate::oauth::error::Refusal;
use crate::oauth::{Protocol, never_refused};
use crate::store::grants::{Link, OwnedGrant};
use crate::tokens::jwt::kid_of;
use crate::tokens::opaque::{AccessTokenId, OpaqueAccessToken, RefreshToken};

/// A token that we made, whether it is in force or not.
#[derive(Debug)]
pub enum PresentedToken {
    /// A refresh token.
    Refresh(RefreshToken),
    /// An access token of either format.
    Access(AccessToken),
}

/// What an access token says.
#[derive(Debug)]
pub struct AccessToken {
    /// Its id.
    pub id: AccessTokenId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    scope: ScopeClaim,
}

#[derive(Debug)]
enum ScopeClaim {
    Mask(u64),
    Words(Scope),
}

impl AccessToken {
    /// Its scope: never more than what the user allowed.
    pub fn scope(&self, granted: &Scope) -> Scope {
        match &self.scope {
            ScopeClaim::Mask(mask) => granted.masked(*mask),
            ScopeClaim::Words(words) => granted.masked(granted.mask_of(words)),
        }
    }
}

impl PresentedToken {
    /// The grant it belongs to.
    pub fn grant_id(&self) -> GrantId {
        match self {
            PresentedToken::Refresh(token) => token.grant_id,
            PresentedToken::Access(token) => token.id.grant_id,
        }
    }
}

impl Protocol {
    /// Whether an access token is in force now. If so, it was seen in use: the refresh answer it came with arrived, and its
    /// predecessor may die.
    pub(super) async fn is_in_force(&self, token: &AccessToken, owned: &OwnedGrant) -> Result<bool, StoreError> {
        let GrantState::Active(active) = &owned.grant.state else { return Ok(false) };
        if !owned.owner_enabled || self.clock.now() >= token.expires_at {
            return Ok(false);
        }
        let state = &active.refresh;
        if state.generation > 0 && !state.used && token.id.generation == state.generation {
            self.store.note_refresh_used(owned.grant.id, state.generation).await?;
        }
        Ok(true)
    }

    /// Reads a token; `None` when it is none of ours.
    pub async fn read_token(&self, text: &str) -> Result<Option<PresentedToken>, Failure<Refusal>> {
        if let Some(token) = RefreshToken::parse(text, self.keys.tokens()) {
            return Ok(Some(PresentedToken::Refresh(token)));
        }
        if let Some(OpaqueAccessToken { id, scope_mask, issued_at, expires_at }) =
            OpaqueAccessToken::parse(text, self.keys.tokens())
        {
            let scope = ScopeClaim::Mask(scope_mask);
            return Ok(Some(PresentedToken::Access(AccessToken { id, issued_at, expires_at, scope })));
        }
        Ok(self.read_jwt(text).await?.map(PresentedToken::Access))
    }

    async fn read_jwt(&self, text: &str) -> Result<Option<AccessToken>, Failure<Refusal>> {
        let Some(kid) = kid_of(text) else { return Ok(None) };
        let key = self.keys.verifier(&kid).await.map_err(never_refused)?;
        let Some(claims) = key.and_then(|key| key.read(text, &self.policy.issuer)) else { return Ok(None) };
        let token = (|| {
            Some(AccessToken {
                id: AccessTokenId::from_jti(&claims.jti)?,
                issued_at: Timestamp::from_timestamp(claims.iat, 0)?,
                expires_at: Timestamp::from_timestamp(claims.exp, 0)?,
                scope: ScopeClaim::Words(Scope::parse(&claims.scope).ok()?),
            })
        })();
        Ok(token)
    }
}

/// Whether a client serves this link, whose own client is enabled.
pub(super) fn may_serve(client: &Client, link: &Link) -> bool {
    client.id == link.client.id || (client.serves(&link.client.id) && link.client.enabled)
}
