//! Owns handing out access tokens that are still good for a while: a token near its end is refreshed first, once for all who
//! ask, in one process for all. Leaves who may ask to `oauth/grants/token_exchange.rs`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use crate::model::failure::Failure;
use crate::model::ids::GrantId;
use crate::model::partner::Partner;
use crate::model::reverse_link::{ReverseLink, ReverseState, SealedTokens};
use crate::model::scope::Scope;
use crate::model::secret::PlainSecret;
use crate::model::time::{Timestamp, before};
use crate::partners::answer::{CallFault, Issued};
use crate::partners::authorization_server::AuthorizationServer;
use crate::partners::flights::{Flight, Landed};
use crate::partners::vault::LAST_USE;
use crate::partners::{LEASE, LOOK, Partners, VaultFailure};

/// How long a request waits for a refresh; the platform's own patience is hardly longer.
const WAIT: Duration = Duration::from_millis(2500);

/// How long another process's refresh is waited for: less than that, so that who joins meanwhile is not sent away at once.
const LEASE_WAIT: Duration = Duration::from_millis(2000);

/// How long tokens are left alone after a refresh that failed.
const PAUSE: Duration = Duration::from_secs(5);

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
    /// The code could not be exchanged, or what came of it has ended.
    Failed,
    /// The customer took the permission back.
    Revoked,
    /// The tokens belong to another account at the partner than the client has now.
    OtherAccount,
    /// The partner can't be reached and the token has ended.
    Unreachable,
    /// The partner refuses our own credentials and the token has ended.
    Misconfigured,
}

impl Partners {
    /// An access token for the reverse link of a grant, refreshed first when it is about to end.
    pub async fn fresh_token(
        self: &Arc<Self>,
        grant_id: GrantId,
        partner: &Partner,
    ) -> Result<FreshToken, Failure<NoToken>> {
        let tokens = self.tokens_of(grant_id, partner).await?;
        let now = self.clock.now();
        if now < tokens.fresh_until {
            return self.give(grant_id, partner, &tokens).await;
        }
        let leased = tokens.leased_until.is_some_and(|until| now < until);
        let flight = match self.flights.of(grant_id) {
            Some(flight) => flight,
            // Another process refreshes, or the last try failed a moment ago: what still works is not kept waiting.
            None if leased && self.is_usable(&tokens) => return self.give(grant_id, partner, &tokens).await,
            None => self.flights.join(grant_id, self.clone().refresh(grant_id, partner.clone())),
        };
        self.after(flight, grant_id, partner).await
    }

    /// The token as it is when a refresh has landed, or could be waited for no longer.
    async fn after(
        &self,
        flight: Flight,
        grant_id: GrantId,
        partner: &Partner,
    ) -> Result<FreshToken, Failure<NoToken>> {
        let landed = timeout(WAIT, flight).await.unwrap_or(Landed::Unreachable);
        let tokens = self.tokens_of(grant_id, partner).await?;
        match landed {
            Landed::Unreachable if !self.is_usable(&tokens) => Err(Failure::Refused(NoToken::Unreachable)),
            Landed::Refused if !self.is_usable(&tokens) => Err(Failure::Refused(NoToken::Misconfigured)),
            Landed::Settled | Landed::Unreachable | Landed::Refused => self.give(grant_id, partner, &tokens).await,
        }
    }

    fn is_usable(&self, tokens: &SealedTokens) -> bool {
        self.clock.now() < before(tokens.expires_at, LAST_USE)
    }

    async fn tokens_of(&self, grant_id: GrantId, partner: &Partner) -> Result<SealedTokens, Failure<NoToken>> {
        let refused = |why| Err(Failure::Refused(why));
        match self.store.reverse_link(grant_id).await?.map(|link| link.state) {
            Some(ReverseState::Active(tokens)) if tokens.profile == partner.profile() => Ok(tokens),
            Some(ReverseState::Active(_)) => refused(NoToken::OtherAccount),
            Some(ReverseState::Pending) => refused(NoToken::Pending),
            Some(ReverseState::Failed) => refused(NoToken::Failed),
            Some(ReverseState::Revoked(_)) => refused(NoToken::Revoked),
            None => refused(NoToken::NeverLinked),
        }
    }

    async fn give(
        &self,
        grant_id: GrantId,
        partner: &Partner,
        tokens: &SealedTokens,
    ) -> Result<FreshToken, Failure<NoToken>> {
        let access = self.vault.open_access(grant_id, tokens).await;
        Ok(FreshToken {
            access: access.map_err(|failure| failure.map(|never| match never {}))?,
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
        let slots = self.refreshes.of(&partner.profile());
        let Ok(Ok(_slot)) = timeout(WAIT, slots.acquire()).await else { return Ok(Landed::Unreachable) };
        // Whatever may be slow or fail on our side comes before the lease, so that its time is the partner's.
        let secret = self.vault.open_secret(partner).await?;
        let server = AuthorizationServer::new(&self.http, partner, &secret)?;
        match self.take_lease(grant_id, partner).await? {
            Lease::Ours { used, refresh_token, asked_at } => {
                let answer = server.refresh(&refresh_token).await;
                self.tally.refresh(&answer);
                self.note_refresh(grant_id, &used, answer, asked_at).await
            }
            Lease::NotNeeded => Ok(Landed::Settled),
            Lease::Theirs => Ok(Landed::Unreachable),
        }
    }

    async fn note_refresh(
        &self,
        grant_id: GrantId,
        used: &SealedTokens,
        answer: Result<Issued, CallFault>,
        asked_at: Timestamp,
    ) -> Result<Landed, VaultFailure> {
        let fault = match answer {
            Ok(issued) => {
                let (of, refreshable) = ((used.id.from, used.profile), used.refresh.is_some());
                let tokens = self.vault.seal_tokens(grant_id, &issued, of, refreshable, asked_at)?;
                let refreshed = |link: ReverseLink| link.refreshed(used, tokens.clone(), self.clock.now());
                self.store_patiently(grant_id, &refreshed).await?;
                return Ok(Landed::Settled);
            }
            Err(fault) => fault,
        };
        if fault.is_invalid_grant() {
            tracing::info!(grant = %grant_id, "the partner refused the refresh token: the reverse link is revoked");
            let why = "invalid_grant: the customer took the permission back, or disabled the skill";
            let refused = |link: ReverseLink| link.refresh_refused(used, why, self.clock.now());
            self.store_patiently(grant_id, &refused).await?;
            return Ok(Landed::Settled);
        }
        tracing::warn!(grant = %grant_id, %fault, "the partner's tokens were not refreshed");
        let why = fault.in_words();
        let postponed = |link: ReverseLink| link.refresh_postponed(used, &why, PAUSE, self.clock.now());
        self.store_patiently(grant_id, &postponed).await?;
        Ok(if matches!(fault, CallFault::Refused(_)) { Landed::Refused } else { Landed::Unreachable })
    }

    /// Makes this process the one that refreshes, or waits for the one that does.
    async fn take_lease(&self, grant_id: GrantId, partner: &Partner) -> Result<Lease, VaultFailure> {
        let began = Instant::now();
        while began.elapsed() < LEASE_WAIT {
            let Some(link) = self.store.reverse_link(grant_id).await? else { return Ok(Lease::NotNeeded) };
            let now = self.clock.now();
            let ReverseState::Active(tokens) = &link.state else { return Ok(Lease::NotNeeded) };
            if now < tokens.fresh_until || tokens.profile != partner.profile() {
                return Ok(Lease::NotNeeded);
            }
            if tokens.leased_until.is_some_and(|until| now < until) {
                sleep(LOOK).await;
                continue;
            }
            let Some(sealed) = &tokens.refresh else {
                let why = "the access token has ended, and the partner gave no refresh token";
                self.store_patiently(grant_id, &|link| link.ended(tokens, why, now)).await?;
                return Ok(Lease::NotNeeded);
            };
            let refresh_token = self.vault.open_refresh(grant_id, sealed).await?;
            let asked_at = self.clock.now();
            let Some(begun) = link.refresh_begun(asked_at, LEASE) else { continue };
            if self.store.change_reverse_link(&begun).await?
                && let ReverseState::Active(used) = begun.state
            {
                return Ok(Lease::Ours { used: Box::new(used), refresh_token, asked_at });
            }
        }
        Ok(Lease::Theirs)
    }
}

/// Whose refresh it is.
enum Lease {
    /// Ours, of these tokens.
    Ours { used: Box<SealedTokens>, refresh_token: PlainSecret, asked_at: Timestamp },
    /// Nobody's: the row changed meanwhile.
    NotNeeded,
    /// Another process's, which did not end in time.
    Theirs,
}
