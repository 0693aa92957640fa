//! Owns exchanging the codes that wait, beside the requests: each by one process at a time, again with growing pauses until
//! the partner settles it or the code has ended. Leaves waking up to `jobs/exchange.rs`.

use std::sync::Arc;
use std::time::Duration;

use crate::model::failure::{Failure, StoreError};
use crate::model::grant::GrantState;
use crate::model::ids::GrantId;
use crate::model::partner::{Partner, Profile};
use crate::model::reverse_link::{ReverseLink, WaitingCode};
use crate::model::secret::PlainSecret;
use crate::model::time::Timestamp;
use crate::partners::answer::{CallFault, Issued};
use crate::partners::authorization_server::AuthorizationServer;
use crate::partners::{LEASE, Partners, VaultFailure};

/// The pause after the first try without an answer; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Partners {
    /// Returns when a code may have arrived in this process.
    pub async fn code_arrived(&self) {
        self.code_arrived.notified().await;
    }

    /// The accounts at partners for which codes are due.
    pub async fn due_profiles(&self) -> Result<Vec<Profile>, StoreError> {
        self.store.due_profiles(self.clock.now()).await
    }

    /// At most `limit` grants with a code for that account that is due.
    pub async fn due(&self, profile: &Profile, limit: u32) -> Result<Vec<GrantId>, StoreError> {
        self.store.due_reverse_links(profile, self.clock.now(), limit).await
    }

    /// Exchanges the code that waits for this grant, if it is due and nobody else does so.
    pub async fn exchange(self: Arc<Self>, grant_id: GrantId) {
        match self.exchange_once(grant_id).await {
            Ok(()) => {}
            Err(Failure::Store(error)) => {
                tracing::error!(grant = %grant_id, %error, "a reciprocal code is not exchanged yet")
            }
            Err(Failure::Internal(fault)) => {
                tracing::error!(grant = %grant_id, %fault, "a reciprocal code can't be exchanged")
            }
            Err(Failure::Refused(never)) => match never {},
        }
    }

    /// Whatever may be slow or fail on our side comes before the code is taken on, so that the time it is ours is the partner's.
    async fn exchange_once(&self, grant_id: GrantId) -> Result<(), VaultFailure> {
        let Some(link) = self.store.reverse_link(grant_id).await? else { return Ok(()) };
        let now = self.clock.now();
        let Some(code) = link.code.clone().filter(|code| code.next_attempt_at <= now) else { return Ok(()) };
        if code.expires_at <= now {
            return self.give_up(grant_id, &code, "the code ended before it could be exchanged").await;
        }
        let Some(partner) = self.partner_of(&link, &code).await? else {
            return self
                .give_up(grant_id, &code, "the client's partner is another one by now, or the link has ended")
                .await;
        };
        let (secret, plain) = match self.open_both(grant_id, &partner, &code).await {
            Err(Failure::Internal(fault)) => {
                let why = format!("our own fault: {fault}");
                return self.postpone(grant_id, &code, &why, LONGEST_PAUSE).await;
            }
            opened => opened?,
        };
        let server = AuthorizationServer::new(&self.http, &partner, &secret)?;
        let asked_at = self.clock.now();
        let Some(begun) = link.exchange_begun(asked_at, LEASE) else { return Ok(()) };
        if !self.store.change_reverse_link(&begun).await? {
            return Ok(());
        }
        let Some(begun) = begun.code else { return Ok(()) };
        let answer = server.exchange_code(&plain).await;
        self.tally.exchange(&answer);
        self.note_exchange(grant_id, &begun, answer, asked_at).await
    }

    async fn open_both(
        &self,
        grant_id: GrantId,
        partner: &Partner,
        code: &WaitingCode,
    ) -> Result<(PlainSecret, PlainSecret), VaultFailure> {
        Ok((self.vault.open_secret(partner).await?, self.vault.open_code(grant_id, code).await?))
    }

    /// The partner that takes a code, while its grant is alive.
    async fn partner_of(&self, link: &ReverseLink, code: &WaitingCode) -> Result<Option<Partner>, StoreError> {
        let Some(owned) = self.store.grant(link.grant_id).await? else { return Ok(None) };
        if !matches!(owned.grant.state, GrantState::Active(_)) {
            return Ok(None);
        }
        let partner = self.store.partner(&owned.grant.client_id).await?;
        Ok(partner.filter(|partner| partner.profile() == code.profile))
    }

    async fn note_exchange(
        &self,
        grant_id: GrantId,
        code: &WaitingCode,
        answer: Result<Issued, CallFault>,
        asked_at: Timestamp,
    ) -> Result<(), VaultFailure> {
        match answer {
            Ok(issued) => {
                let tokens = self.vault.seal_tokens(grant_id, &issued, (code.hash, code.profile), false, asked_at)?;
                let exchanged = |link: ReverseLink| link.exchanged(tokens.clone(), self.clock.now());
                if self.store_patiently(grant_id, &exchanged).await? {
                    tracing::info!(grant = %grant_id, "the reciprocal code is exchanged");
                }
                Ok(())
            }
            Err(fault @ CallFault::Refused(_)) => self.give_up(grant_id, code, &fault.in_words()).await,
            Err(CallFault::Unsettled(why)) => {
                let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(code.attempts)).min(LONGEST_PAUSE);
                self.postpone(grant_id, code, &why, pause).await
            }
        }
    }

    async fn postpone(
        &self,
        grant_id: GrantId,
        code: &WaitingCode,
        why: &str,
        pause: Duration,
    ) -> Result<(), VaultFailure> {
        tracing::warn!(grant = %grant_id, why, "a reciprocal code is not exchanged yet");
        let postponed = |link: ReverseLink| link.exchange_postponed(code, why, pause, self.clock.now());
        self.store_patiently(grant_id, &postponed).await?;
        Ok(())
    }

    async fn give_up(&self, grant_id: GrantId, code: &WaitingCode, why: &str) -> Result<(), VaultFailure> {
        let failed = |link: ReverseLink| link.exchange_failed(&code.hash, why, self.clock.now());
        if self.store_patiently(grant_id, &failed).await? {
            tracing::warn!(grant = %grant_id, why, "a reciprocal code is given up");
        }
        Ok(())
    }
}
