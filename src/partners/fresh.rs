//! Owns handing out access tokens that are still good for a while: a token near its end is refreshed first, once for all who
//! ask, in one process for all. Leaves who may ask to `oauth/grants/token_exchange.rs`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use crate::model::failure::{Failure, StoreError};
use crate::model::ids::GrantId;
use crate::model::partner::Partner;
use crate::model::reverse_link::{ReverseState, SealedTokens};
use crate::model::scope::Scope;
use crate::model::secret::PlainSecret;
use crate::model::time::Timestamp;
use crate::partners::authorization_server::{AuthorizationServer, CallFault, Issued, PATIENCE};
use crate::partners::flights::Landed;
use crate::partners::{Change, Partners, VaultFailure};

/// How long a request waits for a refresh; the platform's own patience is hardly longer.
const WAIT: Duration = Duration::from_millis(2500);

/// For how long nobody else refreshes the same tokens: a call to the partner, and the time to store its answer.
const LEASE: Duration = PATIENCE.saturating_add(Duration::from_secs(5));

/// How often another process's refresh is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// An access token that can't be replaced at the moment is given out until this long before its end.
const LAST_USE: Duration = Duration::from_secs(10);

/// How long storing new tokens is tried while the database is away: until then they exist in memory only.
const HOLD: Duration = Duration::from_secs(60);

/// An access token of the partner.
#[derive(Debug)]
pub struct FreshToken {
    /// The token.
    pub access: PlainSecret,
    /// When it ends.
    pub expires_at: Timestamp,
    /// What it permits.
    pub scope: Scope,
}

/// Why there is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoToken {
    /// No reciprocal code ever came for this link.
    NeverLinked,
    /// The first tokens are on their way.
    Pending,
    /// The code could not be exchanged.
    Failed,
    /// The customer took the permission back.
    Revoked,
    /// The partner can't be reached and the token has ended.
    Unreachable,
}

impl Partners {
    /// An access token for the reverse link of a grant, refreshed first when it is about to end.
    pub async fn fresh_token(
        self: &Arc<Self>,
        grant_id: GrantId,
        partner: &Partner,
    ) -> Result<FreshToken, Failure<NoToken>> {
        let tokens = self.tokens_of(grant_id, partner).await?;
        if self.clock.now() < tokens.fresh_until {
            return self.give(grant_id, partner, &tokens).await;
        }
        let flight = self.flights.join(grant_id, self.clone().refresh(grant_id, partner.clone()));
        let landed = timeout(WAIT, flight).await.unwrap_or(Landed::Unreachable);
        let tokens = self.tokens_of(grant_id, partner).await?;
        let usable = self.clock.now() < tokens.expires_at - LAST_USE;
        match landed {
            Landed::Settled => self.give(grant_id, partner, &tokens).await,
            Landed::Unreachable if usable => self.give(grant_id, partner, &tokens).await,
            Landed::Unreachable => Err(Failure::Refused(NoToken::Unreachable)),
        }
    }

    async fn tokens_of(&self, grant_id: GrantId, partner: &Partner) -> Result<SealedTokens, Failure<NoToken>> {
        let link = self.store.reverse_link(grant_id).await?.filter(|link| link.partner == partner.name);
        match link.map(|link| link.state) {
            Some(ReverseState::Active(tokens)) => Ok(tokens),
            None => Err(Failure::Refused(NoToken::NeverLinked)),
            Some(ReverseState::Pending) => Err(Failure::Refused(NoToken::Pending)),
            Some(ReverseState::Failed) => Err(Failure::Refused(NoToken::Failed)),
            Some(ReverseState::Revoked) => Err(Failure::Refused(NoToken::Revoked)),
        }
    }

    async fn give(
        &self,
        grant_id: GrantId,
        partner: &Partner,
        tokens: &SealedTokens,
    ) -> Result<FreshToken, Failure<NoToken>> {
        let access = self.vault.open_access(grant_id, tokens).await;
        let access = access.map_err(|failure| failure.map(|never| match never {}))?;
        Ok(FreshToken {
            access,
            expires_at: tokens.expires_at,
            scope: tokens.scope.clone().unwrap_or_else(|| partner.scope.clone()),
        })
    }

    async fn refresh(self: Arc<Self>, grant_id: GrantId, partner: Partner) -> Landed {
        match self.refresh_once(grant_id, &partner).await {
            Ok(landed) => landed,
            Err(Failure::Store(error)) => {
                tracing::error!(grant = %grant_id, %error, "the partner's tokens could not be refreshed");
                Landed::Unreachable
            }
            Err(Failure::Internal(fault)) => {
                tracing::error!(grant = %grant_id, %fault, "the partner's tokens could not be refreshed");
                Landed::Unreachable
            }
            Err(Failure::Refused(never)) => match never {},
        }
    }

    async fn refresh_once(&self, grant_id: GrantId, partner: &Partner) -> Result<Landed, VaultFailure> {
        // Whatever may fail on our side fails before the lease is taken and the partner is asked.
        let secret = self.vault.open_secret(partner).await?;
        let server = AuthorizationServer::new(&self.http, partner, &secret)?;
        let used = match self.take_lease(grant_id).await? {
            Lease::Ours(tokens) => tokens,
            Lease::NotNeeded => return Ok(Landed::Settled),
            Lease::Theirs => return Ok(Landed::Unreachable),
        };
        let Some(sealed) = &used.refresh else {
            let why = "the access token has ended, and the partner gave no refresh token";
            self.store_patiently(grant_id, &|link| link.refresh_refused(&used, why, self.clock.now())).await?;
            return Ok(Landed::Settled);
        };
        let token = self.vault.open_refresh(grant_id, sealed).await;
        if token.is_err() {
            // Nobody shall wait for a lease whose holder has given up.
            let why = "the stored refresh token does not open; the server's log says more";
            self.store_patiently(grant_id, &|link| link.refresh_postponed(&used, why, self.clock.now())).await?;
        }
        let answer = server.refresh(&token?).await;
        self.note_refresh(grant_id, &used, answer).await
    }

    async fn note_refresh(
        &self,
        grant_id: GrantId,
        used: &SealedTokens,
        answer: Result<Issued, CallFault>,
    ) -> Result<Landed, VaultFailure> {
        let now = self.clock.now();
        match answer {
            Ok(issued) => {
                let tokens = self.vault.seal_tokens(grant_id, &issued, used.from, now)?;
                self.store_patiently(grant_id, &|link| link.refreshed(used, tokens.clone(), now)).await?;
                Ok(Landed::Settled)
            }
            Err(fault) if fault.is_invalid_grant() => {
                tracing::info!(grant = %grant_id, "the partner refused the refresh token: the reverse link is revoked");
                let why = "invalid_grant: the customer took the permission back, or disabled the skill";
                self.store_patiently(grant_id, &|link| link.refresh_refused(used, why, now)).await?;
                Ok(Landed::Settled)
            }
            Err(fault) => {
                tracing::warn!(grant = %grant_id, %fault, "the partner's tokens were not refreshed");
                let why = fault.to_string();
                self.store_patiently(grant_id, &|link| link.refresh_postponed(used, &why, now)).await?;
                Ok(Landed::Unreachable)
            }
        }
    }

    /// Makes this process the one that refreshes, or waits for the one that does.
    async fn take_lease(&self, grant_id: GrantId) -> Result<Lease, StoreError> {
        let began = Instant::now();
        while began.elapsed() < WAIT {
            let now = self.clock.now();
            let Some(link) = self.store.reverse_link(grant_id).await? else { return Ok(Lease::NotNeeded) };
            match &link.state {
                ReverseState::Active(tokens) if tokens.fresh_until <= now => {}
                _ => return Ok(Lease::NotNeeded),
            }
            match link.refresh_begun(now, LEASE) {
                None => sleep(LOOK).await,
                Some(begun) => {
                    if self.store.change_reverse_link(&begun).await?
                        && let ReverseState::Active(tokens) = begun.state
                    {
                        return Ok(Lease::Ours(tokens));
                    }
                }
            }
        }
        Ok(Lease::Theirs)
    }

    /// Stores what a partner answered. A database that is away is waited for: the answer can't be had again.
    pub(super) async fn store_patiently(&self, grant_id: GrantId, change: &Change<'_>) -> Result<(), StoreError> {
        let began = Instant::now();
        let mut pause = LOOK;
        loop {
            match self.change(grant_id, change).await {
                Err(StoreError::Unavailable(why)) if began.elapsed() < HOLD => {
                    tracing::warn!(grant = %grant_id, why, "a partner's answer is not stored yet");
                    sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
                result => return result.map(drop),
            }
        }
    }
}

/// Whose refresh it is.
enum Lease {
    /// Ours, of these tokens.
    Ours(SealedTokens),
    /// Nobody's: the row changed meanwhile.
    NotNeeded,
    /// Another process's, which did not end in time.
    Theirs,
}
