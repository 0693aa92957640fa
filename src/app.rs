//! The composition root: turns a configuration into an [`App`]. The only file that names concrete parts.

mod approval;
mod brakes;
mod push;
mod readings;
pub mod texts;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{SubsecRound, Utc};
use ipnet::IpNet;
use rand::TryRng;
use rand::rngs::SysRng;
use thiserror::Error;

use crate::app::approval::ByPush;
use crate::app::brakes::doors;
use crate::config::{Config, Limits};
use crate::identity::Identity;
use crate::identity::password::PasswordHasher;
use crate::model::brake::BrakeKind;
use crate::model::failure::{Failure, Fault, StoreError};
use crate::model::random::Randomness;
use crate::model::time::{Clock, Timestamp};
use crate::oauth::{Policy, Protocol};
use crate::partners::Partners;
use crate::push::Push;
use crate::rehearse::dev::Rehearsal;
use crate::steady_clock::SteadyClock;
use crate::store::Store;
use crate::telemetry::metrics::Metrics;
use crate::throttle::{Limit, Throttle};
use crate::tls::served::Served;
use crate::tokens::keys::{KeyFailure, KeyParts, Keys};
use crate::tokens::master_key::MasterKey;
use crate::tokens::seal::Sealer;
use crate::twilio::access_token::{AccessTokenKey, Algorithm};
use crate::web::routes;

/// Wrong client secrets that are borne per client and address.
const CLIENT_BRAKE: Limit = Limit { count: 100, per: Duration::from_secs(60) };

/// Reciprocal codes that are taken per link, repeated ones too; platforms send one when the customer links or consents anew.
const CODE_BRAKE: Limit = Limit { count: 50, per: Duration::from_secs(300) };

/// Authorization codes that a user gets for one client: far more than anyone links, and few enough that what is not redeemed
/// stays little until it is purged.
const ISSUE_BRAKE: Limit = Limit { count: 1000, per: Duration::from_secs(300) };

/// How much longer than an access token a replaced signing key stays published, for clocks that differ.
const KEY_MARGIN: Duration = Duration::from_secs(3600);

/// Everything the handlers share.
pub struct App {
    /// What the service is called on pages.
    pub service_name: String,
    /// Decides what the protocol asks.
    pub protocol: Protocol,
    /// Knows people.
    pub identity: Identity,
    /// Asks devices.
    pub push: Arc<Push>,
    /// Remembers.
    pub store: Arc<dyn Store>,
    /// The source of chance.
    pub randomness: Arc<dyn Randomness>,
    /// Permissions in words, by scope token.
    pub scope_words: BTreeMap<String, String>,
    /// Whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Signs Twilio access tokens, where there are any.
    pub access_token_key: Option<AccessTokenKey>,
    /// Web pages that may fetch them, as origins.
    pub twilio_origins: Vec<String>,
    /// Web pages that may be devices of push verification, as origins.
    pub push_origins: Vec<String>,
    /// What a connection, and all of them together, may take.
    pub limits: Limits,
    /// The certificate, when the public listener speaks TLS.
    pub tls: Option<Arc<Served>>,
    /// Plays the platform, in `dev`.
    pub rehearsal: Option<Rehearsal>,
    /// Counts what operators watch.
    pub metrics: Metrics,
    draining: AtomicBool,
    https: bool,
}

/// The parts that differ between a real process and a test.
pub struct Parts {
    /// Where things are remembered.
    pub store: Arc<dyn Store>,
    /// Encrypts what is stored.
    pub master_key: MasterKey,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The source of chance.
    pub randomness: Arc<dyn Randomness>,
}

/// Why the program can't start.
#[derive(Debug, Error)]
pub enum StartFailure {
    /// Storage failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A key can't be made or opened.
    #[error("{0}")]
    Fault(#[from] Fault),
}

impl From<KeyFailure> for StartFailure {
    fn from(failure: KeyFailure) -> Self {
        match failure {
            Failure::Store(error) => Self::Store(error),
            Failure::Internal(fault) => Self::Fault(fault),
            Failure::Refused(never) => match never {},
        }
    }
}

impl App {
    /// Puts the parts together for `issuer`, the public URL without a slash at its end.
    pub async fn assemble(config: &Config, issuer: &str, parts: Parts) -> Result<Self, StartFailure> {
        let Parts { store, master_key, clock, randomness } = parts;
        let clock: Arc<dyn Clock> = Arc::new(SteadyClock::over(clock));
        let sealer = Arc::new(Sealer::new(&master_key)?);
        let keys = Arc::new(open_keys(config, store.clone(), sealer, clock.clone(), &*randomness).await?);
        let partners = Arc::new(Partners::new(store.clone(), keys.clone(), clock.clone(), outbound()?));
        let times = config.tokens;
        let salt = keys.tokens().brake.tag(&[]);
        let protocol = Protocol {
            store: store.clone(),
            keys: keys.clone(),
            partners,
            clock: clock.clone(),
            randomness: randomness.clone(),
            client_brake: Throttle::new(BrakeKind::Client, Some(CLIENT_BRAKE), salt),
            code_brake: Throttle::new(BrakeKind::Code, Some(CODE_BRAKE), salt),
            issue_brake: Throttle::new(BrakeKind::Issue, Some(ISSUE_BRAKE), salt),
            policy: Policy {
                issuer: issuer.to_owned(),
                code_ttl: times.code,
                access_ttl: times.access,
                refresh_idle: times.refresh_idle,
                refresh_grace: times.refresh_grace,
            },
        };
        let push = push::push(config, issuer, store.clone(), keys.clone(), clock.clone(), randomness.clone())?;
        let push = Arc::new(push);
        let identity = Identity {
            store: store.clone(),
            hasher: PasswordHasher::new(config.password, randomness.clone())?,
            clock: clock.clone(),
            randomness: randomness.clone(),
            keys,
            doors: doors(config.throttle, salt),
            approvers: Arc::new(ByPush(push.clone())),
            texts: texts::texts(config, salt, randomness.clone())?,
        };
        Ok(Self {
            service_name: config.service_name(),
            protocol,
            identity,
            push,
            store,
            randomness,
            scope_words: config.scopes.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            access_token_key: config.twilio.as_ref().map(|key| AccessTokenKey::new(key, Algorithm::default())),
            twilio_origins: config.twilio_origins.clone(),
            push_origins: config.push_origins.clone(),
            limits: config.limits,
            tls: None,
            rehearsal: None,
            metrics: Metrics::new(routes::labels(), clock.now()),
            draining: AtomicBool::new(false),
            https: issuer.starts_with("https://"),
        })
    }

    /// Whether browsers reach us by https; then cookies are `Secure` and stay so.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The server was told to stop: from now on it is not ready for more.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the server was told to stop.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

/// Opens the keys in the database, made first when there are none.
pub async fn open_keys(
    config: &Config,
    store: Arc<dyn Store>,
    sealer: Arc<Sealer>,
    clock: Arc<dyn Clock>,
    randomness: &dyn Randomness,
) -> Result<Keys, StartFailure> {
    let overlap = config.tokens.access.saturating_add(KEY_MARGIN);
    let parts = KeyParts { store, sealer, clock, overlap };
    Ok(Keys::open(parts, randomness).await?)
}

/// The one client for requests to others: follows no redirect and keeps no cookies.
pub fn outbound() -> Result<reqwest::Client, Fault> {
    client(|builder| builder)
}

/// The same for a service that speaks nothing but HTTP/2.
fn outbound_by_http2() -> Result<reqwest::Client, Fault> {
    client(reqwest::ClientBuilder::http2_prior_knowledge)
}

fn client(set: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Result<reqwest::Client, Fault> {
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .user_agent(concat!("couplet/", env!("CARGO_PKG_VERSION")));
    set(builder).build().map_err(|error| Fault::new(format!("the HTTP client can't be made: {error}")))
}

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the real clock")]
    fn now(&self) -> Timestamp {
        // What storage keeps, so that a moment is the same before and after it was stored.
        Utc::now().trunc_subsecs(3)
    }
}

/// The operating system's randomness.
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    #[expect(
        clippy::expect_used,
        reason = "without randomness no secret can be made; ending the request is the only safe way"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        SysRng.try_fill_bytes(bytes).expect("the operating system gives random bytes");
    }
}
