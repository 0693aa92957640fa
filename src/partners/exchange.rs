//! Owns exchanging the codes that wait, beside the requests: each by one process at a time, again with growing pauses until
//! the partner settles it or the code has ended. Leaves waking up to `jobs/exchange.rs`.

use std::sync::Arc;
use std::time::Duration;

use crate::model::failure::{Failure, StoreError};
use crate::model::grant::GrantState;
use crate::model::ids::GrantId;
use crate::model::partner::Partner;
use crate::model::reverse_link::{ReverseLink, WaitingCode};
use crate::model::secret::PlainSecret;
use crate::partners::authorization_server::{AuthorizationServer, CallFault, Issued, PATIENCE};
use crate::partners::{Partners, VaultFailure};

/// For how long nobody else exchanges the same code: a call to the partner, and the time to store its answer.
const LEASE: Duration = PATIENCE.saturating_add(Duration::from_secs(20));

/// The pause after the first try without an answer; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause: with it, a code has its last try within its last half minute.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Partners {
    /// Returns when a code may have arrived in this process.
    pub async fn code_arrived(&self) {
        self.code_arrived.notified().await;
    }

    /// At most `limit` grants with a code that is due.
    pub async fn due(&self, limit: u32) -> Result<Vec<GrantId>, StoreError> {
        self.store.due_reverse_links(self.clock.now(), limit).await
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

    async fn exchange_once(&self, grant_id: GrantId) -> Result<(), VaultFailure> {
        let Some(link) = self.store.reverse_link(grant_id).await? else { return Ok(()) };
        let Some(begun) = link.exchange_begun(self.clock.now(), LEASE) else { return Ok(()) };
        if !self.store.change_reverse_link(&begun).await? {
            return Ok(());
        }
        let Some(code) = &begun.code else { return Ok(()) };
        if code.expires_at <= self.clock.now() {
            let why = "the code ended before it could be exchanged";
            return self.give_up(grant_id, code, why).await;
        }
        let Some(partner) = self.partner_of(&begun).await? else {
            return self.give_up(grant_id, code, "the client has no such partner any more").await;
        };
        let answer = self.call(grant_id, &partner, code).await?;
        self.note_exchange(&begun, code, answer).await
    }

    async fn call(
        &self,
        grant_id: GrantId,
        partner: &Partner,
        code: &WaitingCode,
    ) -> Result<Result<Issued, CallFault>, VaultFailure> {
        let secret: PlainSecret = self.vault.open_secret(partner).await?;
        let plain = self.vault.open_code(grant_id, code).await?;
        Ok(AuthorizationServer::new(&self.http, partner, &secret)?.exchange_code(&plain).await)
    }

    /// The partner that takes the code of a reverse link, while its grant is alive.
    async fn partner_of(&self, link: &ReverseLink) -> Result<Option<Partner>, StoreError> {
        let Some(owned) = self.store.grant(link.grant_id).await? else { return Ok(None) };
        if !matches!(owned.grant.state, GrantState::Active(_)) {
            return Ok(None);
        }
        let partner = self.store.partner(&owned.grant.client_id).await?;
        Ok(partner.filter(|partner| partner.name == link.partner))
    }

    async fn note_exchange(
        &self,
        begun: &ReverseLink,
        code: &WaitingCode,
        answer: Result<Issued, CallFault>,
    ) -> Result<(), VaultFailure> {
        let (grant_id, now) = (begun.grant_id, self.clock.now());
        match answer {
            Ok(issued) => {
                let tokens = self.vault.seal_tokens(grant_id, &issued, code.hash, now)?;
                self.store_patiently(grant_id, &|link| link.exchanged(&begun.partner, tokens.clone(), now)).await?;
                tracing::info!(grant = %grant_id, "the reciprocal code is exchanged");
                Ok(())
            }
            Err(CallFault::Refused(error)) => self.give_up(grant_id, code, &in_words(&error)).await,
            Err(CallFault::Unsettled(why)) => {
                tracing::warn!(grant = %grant_id, why, "a reciprocal code is not exchanged yet");
                let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(code.attempts));
                let pause = doubled.min(LONGEST_PAUSE);
                self.store_patiently(grant_id, &|link| link.exchange_postponed(&code.hash, &why, pause, now)).await?;
                Ok(())
            }
        }
    }

    async fn give_up(&self, grant_id: GrantId, code: &WaitingCode, why: &str) -> Result<(), VaultFailure> {
        tracing::warn!(grant = %grant_id, why, "a reciprocal code is given up");
        let now = self.clock.now();
        self.store_patiently(grant_id, &|link| link.exchange_failed(&code.hash, why, now)).await?;
        Ok(())
    }
}

/// What an error of the partner means for the operator.
fn in_words(error: &str) -> String {
    let meaning = match error {
        "invalid_grant" => "the code was used, is too old, or was issued to another client id than --partner-client-id",
        "invalid_client" => {
            "the partner does not know our client id and secret; `couplet client set-partner` sets them"
        }
        "unauthorized_client" => "the partner does not let this client id exchange codes",
        _ => "see the partner's documentation",
    };
    format!("{error}: {meaning}")
}
