//! Owns the refresh grant (RFC 6749 section 6) and its three policies. Leaves the shared phases to `mod.rs`.

use std::time::Duration;

use crate::model::client::RefreshPolicy;
use crate::model::failure::Failure;
use crate::model::grant::{ActiveGrant, Grant, GrantState, RefreshState};
use crate::model::parameters::Parameters;
use crate::model::scope::Scope;
use crate::model::time::{Timestamp, after};
use crate::oauth::Protocol;
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::error::{ErrorCode, Refusal};
use crate::oauth::grants::{Issue, TRIES, never_settled, no_grant};
use crate::store::grants::{OwnedGrant, RotateRefresh};
use crate::tokens::derived::TokenKeys;
use crate::tokens::opaque::RefreshToken;

/// How precisely the last use of a link is known: a refresh writes at most this often.
const DAY: Duration = Duration::from_secs(86_400);

/// As many rotations as a predecessor in its grace can be behind: far more than any platform manages in a minute.
const MOST_STEPS: u32 = 1000;

/// What a presented refresh token, known to be ours, is to its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the token in force.
    Current,
    /// It was replaced, and its successor's answer may have been lost.
    Predecessor,
    /// It was replaced for good.
    Dead,
    /// It is ours and newer than what the database knows: the database lost its last writes in a crash or was restored.
    Ahead,
}

/// Judges a token against the state of its link.
pub fn standing(
    token: &RefreshToken,
    state: &RefreshState,
    policy: RefreshPolicy,
    now: Timestamp,
    grace: Duration,
) -> Standing {
    match state.generation.checked_sub(token.generation) {
        Some(0) if state.hash.matches(&token.secret) => Standing::Current,
        None => Standing::Ahead,
        Some(0) => Standing::Dead,
        Some(_) if policy == RefreshPolicy::Strict => Standing::Dead,
        Some(1) if !state.used => Standing::Predecessor,
        Some(steps) if state.rotations.in_grace(steps, now, grace) => Standing::Predecessor,
        Some(_) => Standing::Dead,
    }
}

/// The token in force, derived from one that came before it; `None` when it does not lead there.
pub fn current_from(token: &RefreshToken, state: &RefreshState, keys: &TokenKeys) -> Option<RefreshToken> {
    let steps = state.generation.checked_sub(token.generation).filter(|steps| *steps <= MOST_STEPS)?;
    let current = (0..steps).fold(token.clone(), |token, _| token.successor(keys));
    state.hash.matches(&current.secret).then_some(current)
}

impl Protocol {
    pub(super) async fn refresh(
        &self,
        client: &AuthenticatedClient,
        token: RefreshToken,
        mut owned: OwnedGrant,
        parameters: &Parameters,
    ) -> Result<(Issue, Grant), Failure<Refusal>> {
        if owned.grant.client_id != client.id {
            return Err(no_grant("the refresh token was issued to another client").into());
        }
        let scope = narrowed(&owned.grant.scope, parameters.one("scope")?)?;
        for _ in 0..TRIES {
            let active = self.live(&owned)?;
            let (state, policy) = (&active.refresh, client.settings.refresh);
            let grace = self.policy.refresh_grace;
            let refresh = match standing(&token, state, policy, self.clock.now(), grace) {
                Standing::Current if policy == RefreshPolicy::Stable => {
                    self.note_use(&owned.grant, active).await;
                    Some(token.clone())
                }
                Standing::Current | Standing::Ahead => self.rotate(&token, &owned.grant, state).await?,
                Standing::Predecessor => current_from(&token, state, self.keys.tokens()),
                Standing::Dead if policy == RefreshPolicy::Stable => None,
                Standing::Dead if token.generation == state.generation => None,
                Standing::Dead => return Err(self.punish(&owned.grant, "a replaced refresh token came again").await?),
            };
            match refresh {
                Some(refresh) => return Ok((Issue { refresh, scope }, owned.grant)),
                None => {
                    let seen = active.refresh.clone();
                    owned = self.look_again(&owned).await?;
                    self.settle(&owned, &seen)?;
                }
            }
        }
        Err(never_settled())
    }

    /// The link behind a token, when it may be used.
    fn live<'a>(&self, owned: &'a OwnedGrant) -> Result<&'a ActiveGrant, Refusal> {
        let active = match &owned.grant.state {
            GrantState::Active(active) => active,
            GrantState::Issued => return Err(no_grant("the code was never redeemed")),
            GrantState::Revoked { .. } => return Err(no_grant("the link was revoked")),
        };
        if !owned.owner_enabled {
            return Err(no_grant("the user is disabled"));
        }
        if self.is_idle(active) {
            return Err(no_grant("the link was idle for too long"));
        }
        Ok(active)
    }

    /// After a decision that found nothing to answer: only a state that changed meanwhile is worth another look.
    fn settle(&self, owned: &OwnedGrant, seen: &RefreshState) -> Result<(), Refusal> {
        match self.live(owned)? {
            active if active.refresh != *seen => Ok(()),
            _ => Err(no_grant("the refresh token is not in force")),
        }
    }

    /// Replaces the token in force; `None` when another request was faster.
    async fn rotate(
        &self,
        token: &RefreshToken,
        grant: &Grant,
        state: &RefreshState,
    ) -> Result<Option<RefreshToken>, Failure<Refusal>> {
        let now = self.clock.now();
        let successor = token.successor(self.keys.tokens());
        let next = RefreshState {
            hash: successor.secret.hash(),
            generation: successor.generation,
            used: false,
            rotations: state.rotations.with(now, self.policy.refresh_grace),
        };
        match self.store.rotate_refresh(grant.id, state, &next, now).await? {
            RotateRefresh::Rotated => Ok(Some(successor)),
            RotateRefresh::Overtaken => Ok(None),
        }
    }

    /// Notes the use of a link whose refresh writes nothing, at most once a day. A database that can't take the note does
    /// not cost the refresh.
    async fn note_use(&self, grant: &Grant, active: &ActiveGrant) {
        let precision = self.policy.refresh_idle.map_or(DAY, |idle| DAY.min(idle / 16));
        let now = self.clock.now();
        if now >= after(active.last_used_at, precision)
            && let Err(error) = self.store.note_use(grant.id, now).await
        {
            tracing::warn!(grant = %grant.id, %error, "the use of a link was not noted");
        }
    }
}

/// RFC 6749 section 6: the same scope or less.
fn narrowed(granted: &Scope, requested: Option<&str>) -> Result<Scope, Refusal> {
    let Some(requested) = requested else { return Ok(granted.clone()) };
    let wider = || Refusal::new(ErrorCode::InvalidScope, "the scope is malformed or wider than what the user allowed");
    let scope = Scope::parse(requested).map_err(|_| wider())?;
    if granted.covers(&scope) { Ok(scope) } else { Err(wider()) }
}
