//! The vault: owns what we hold at partners. It takes reciprocal codes, exchanges them beside the requests, keeps the tokens
//! sealed and hands out fresh ones. Leaves who may bring a code or fetch a token to `oauth/`, and the life of a reverse link to
//! `model/reverse_link.rs`.

pub mod answer;
mod authorization_server;
mod exchange;
mod flights;
mod fresh;
pub mod slots;
mod tally;
mod vault;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::model::failure::{Failure, StoreError};
use crate::model::ids::{ClientId, GrantId};
use crate::model::partner::{Partner, PartnerName, PartnerUrl};
use crate::model::reverse_link::{CodeHash, ReverseLink, WaitingCode};
use crate::model::scope::Scope;
use crate::model::secret::{PlainSecret, sha256};
use crate::model::time::{Clock, after};
use crate::partners::flights::Flights;
use crate::partners::slots::Slots;
use crate::partners::tally::{Calls, Tally};
use crate::partners::vault::Vault;
use crate::store::Store;
use crate::store::partners::{AddReverseLink, SetPartner};
use crate::tokens::keys::Keys;
pub use fresh::{FreshToken, NoToken};

/// How long a reciprocal code lives at the partner (Login with Amazon documents five minutes).
const CODE_LIFE: Duration = Duration::from_secs(300);

/// How often something that others have to end is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// For how long nobody else asks the partner for the same: longer than a call may take, with time to store its answer.
const LEASE: Duration = Duration::from_secs(30);

/// How often a decision is made anew because another writer was faster.
const TRIES: u32 = 20;

/// No caller is refused here: either storage fails or we do.
pub type VaultFailure = Failure<Infallible>;

/// What an event makes of a reverse link; `None` when it changes nothing.
type Change<'a> = dyn Fn(ReverseLink) -> Option<ReverseLink> + Send + Sync + 'a;

/// A partner as the operator gives it.
#[derive(Debug)]
pub struct PartnerConfiguration {
    /// Whose reciprocal codes it takes.
    pub client_id: ClientId,
    /// Its name.
    pub name: PartnerName,
    /// Its token endpoint.
    pub token_url: PartnerUrl,
    /// Our id there.
    pub partner_client_id: String,
    /// Our secret there.
    pub client_secret: PlainSecret,
    /// The scope its tokens have when it does not say so itself.
    pub scope: Scope,
}

/// What became of a reciprocal code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptCode {
    /// It is stored, now or by an earlier request, and is exchanged by itself.
    Stored,
    /// The grant is not active (any more).
    NotLinked,
}

/// A row was written by others more often than races can be lost.
#[derive(Debug, Error)]
#[error("the reverse link of {0} kept changing while it was written")]
struct NeverSettled(GrantId);

impl From<NeverSettled> for StoreError {
    fn from(error: NeverSettled) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Everything that has to do with partners.
pub struct Partners {
    store: Arc<dyn Store>,
    vault: Vault,
    clock: Arc<dyn Clock>,
    http: reqwest::Client,
    flights: Flights,
    refreshes: Slots,
    code_arrived: Notify,
    tally: Tally,
}

impl Partners {
    /// Over a store, with the keys that seal its secrets and a client that follows no redirect. Calls are made on the runtime that
    /// this is called on, which has to outlive the requests that wait for them.
    pub fn new(store: Arc<dyn Store>, keys: Arc<Keys>, clock: Arc<dyn Clock>, http: reqwest::Client) -> Self {
        let vault = Vault { keys };
        let flights = Flights::on(Handle::current());
        let (refreshes, code_arrived, tally) = (Slots::default(), Notify::new(), Tally::default());
        Self { store, vault, clock, http, flights, refreshes, code_arrived, tally }
    }

    /// Puts a partner in force.
    pub async fn configure(&self, configuration: PartnerConfiguration) -> Result<SetPartner, VaultFailure> {
        let PartnerConfiguration { client_id, name, token_url, partner_client_id, client_secret, scope } =
            configuration;
        let sealed_secret = self.vault.seal_secret(&client_id, &client_secret)?;
        let partner = Partner { client_id, name, token_url, partner_client_id, sealed_secret, scope };
        Ok(self.store.set_partner(&partner, self.clock.now()).await?)
    }

    /// Takes a reciprocal code: it is stored, sealed, when this returns, and exchanged later. The same code again changes
    /// nothing.
    pub async fn accept_code(
        &self,
        grant_id: GrantId,
        partner: &Partner,
        code: &PlainSecret,
    ) -> Result<AcceptCode, VaultFailure> {
        let hash = sha256(&[code.expose().as_bytes()]);
        for lost in 0..TRIES {
            stand_back(lost).await;
            let stored = match self.store.reverse_link(grant_id).await? {
                Some(link) if link.has_seen(&hash) => return Ok(AcceptCode::Stored),
                Some(link) => self.replace_code(link, partner, code, hash).await?,
                None => match self.add_code(grant_id, partner, code, hash).await? {
                    AddReverseLink::NotLinked => return Ok(AcceptCode::NotLinked),
                    added => added == AddReverseLink::Added,
                },
            };
            if stored {
                self.code_arrived.notify_one();
                return Ok(AcceptCode::Stored);
            }
        }
        Err(StoreError::from(NeverSettled(grant_id)).into())
    }

    async fn add_code(
        &self,
        grant_id: GrantId,
        partner: &Partner,
        code: &PlainSecret,
        hash: CodeHash,
    ) -> Result<AddReverseLink, VaultFailure> {
        let waiting = self.waiting(grant_id, partner, code, hash)?;
        let link = ReverseLink::begun(grant_id, partner.name.clone(), waiting, self.clock.now());
        Ok(self.store.add_reverse_link(&link).await?)
    }

    async fn replace_code(
        &self,
        link: ReverseLink,
        partner: &Partner,
        code: &PlainSecret,
        hash: CodeHash,
    ) -> Result<bool, VaultFailure> {
        let waiting = self.waiting(link.grant_id, partner, code, hash)?;
        let link = link.with_code(partner.name.clone(), waiting, self.clock.now());
        Ok(self.store.change_reverse_link(&link).await?)
    }

    fn waiting(
        &self,
        grant_id: GrantId,
        partner: &Partner,
        code: &PlainSecret,
        hash: CodeHash,
    ) -> Result<WaitingCode, VaultFailure> {
        let now = self.clock.now();
        Ok(WaitingCode {
            sealed: self.vault.seal_code(grant_id, code)?,
            hash,
            profile: partner.profile(),
            expires_at: after(now, CODE_LIFE),
            attempts: 0,
            next_attempt_at: now,
        })
    }

    /// Reads a reverse link, lets `change` say what it becomes, and stores that; again when another writer was faster. `None`
    /// when the row is gone or there is nothing to change.
    async fn change(&self, grant_id: GrantId, change: &Change<'_>) -> Result<Option<ReverseLink>, StoreError> {
        for lost in 0..TRIES {
            stand_back(lost).await;
            let Some(changed) = self.store.reverse_link(grant_id).await?.and_then(change) else { return Ok(None) };
            if self.store.change_reverse_link(&changed).await? {
                return Ok(Some(changed));
            }
        }
        Err(NeverSettled(grant_id).into())
    }

    /// Stores what a partner answered, however long the database is away: the answer can't be had again. Tells whether it
    /// changed anything.
    async fn store_patiently(&self, grant_id: GrantId, change: &Change<'_>) -> Result<bool, StoreError> {
        let mut told = false;
        loop {
            match self.change(grant_id, change).await {
                Err(StoreError::Unavailable(why)) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::error!(grant = %grant_id, why, "a partner's answer can't be stored yet; it is tried on");
                    }
                    sleep(LOOK).await;
                }
                result => return Ok(result?.is_some()),
            }
        }
    }

    /// What calls to partners came to since the process began.
    pub fn calls(&self) -> Calls {
        self.tally.read()
    }

    /// Returns when no refresh is under way in this process.
    pub async fn refreshes_ended(&self) {
        while self.flights.are_under_way() {
            sleep(LOOK).await;
        }
    }
}

/// Waits the longer the more races were lost, so that as many writers as there may be come to their turn; at first not at all.
async fn stand_back(lost: u32) {
    if lost > 0 {
        sleep(Duration::from_millis(u64::from(lost) * u64::from(lost))).await;
    }
}
