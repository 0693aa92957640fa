//! Owns which keys are in force: made on first start, rotated by command, published as long as tokens signed with them live.
//! Leaves storing them to `store/` and using them to `jwt.rs` and `opaque.rs`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::model::failure::{Failure, Fault};
use crate::model::random::{Randomness, bytes};
use crate::model::time::{Clock, Timestamp, after, before};
use crate::store::KeyStore;
use crate::store::keys::{AddKey, KeyPurpose, SealedKey};
use crate::tokens::derived::TokenKeys;
use crate::tokens::handover;
use crate::tokens::jwt::SigningKey;
use crate::tokens::seal::{Place, Sealer};

/// Within this time every process signs with a rotated key.
const FRESH: Duration = Duration::from_secs(1);

/// How long a key is kept when it is no longer published: whoever purges by hand may have another configuration, with shorter
/// access tokens, than the servers that still publish it.
const SPARED: Duration = Duration::from_secs(30 * 86_400);

/// No caller can be refused here: either storage fails or we do.
pub type KeyFailure = Failure<std::convert::Infallible>;

/// A signing key and its time in force.
#[derive(Clone)]
pub struct DatedKey {
    /// Its number; the highest signs.
    pub serial: u32,
    /// The key.
    pub key: Arc<SigningKey>,
    /// When it came into force.
    pub created_at: Timestamp,
    /// Until when it is published, once it has a successor.
    pub published_until: Option<Timestamp>,
}

/// What signing keys depend on.
pub struct KeyParts {
    /// Where they are kept.
    pub store: Arc<dyn KeyStore>,
    /// Encrypts them.
    pub sealer: Arc<Sealer>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// How long a key is published after it stopped signing.
    pub overlap: Duration,
}

/// All keys in force.
pub struct Keys {
    parts: KeyParts,
    tokens: TokenKeys,
    known: Mutex<Option<(Instant, Vec<DatedKey>)>>,
}

impl Keys {
    /// Loads the keys, made first when there are none.
    pub async fn open(parts: KeyParts, randomness: &dyn Randomness) -> Result<Self, KeyFailure> {
        handover::learn_keys(&*parts.store, &parts.sealer).await?;
        let root = token_root(&parts, randomness).await?;
        let keys = Self { tokens: TokenKeys::from_root(&root)?, parts, known: Mutex::default() };
        if keys.load().await?.is_empty() {
            keys.add(0).await?;
        }
        Ok(keys)
    }

    /// The keys derived for opaque tokens and forms.
    pub fn tokens(&self) -> &TokenKeys {
        &self.tokens
    }

    /// The key to sign with now. Falls back on the last one known while the database is away.
    pub async fn signer(&self) -> Result<Arc<SigningKey>, KeyFailure> {
        let newest = self.recent().await?.pop();
        newest.map(|dated| dated.key).ok_or_else(|| Fault::new("there is no signing key").into())
    }

    /// The published key of that name; looked for again when it is not known, for another process may sign with it already.
    pub async fn verifier(&self, kid: &str) -> Result<Option<Arc<SigningKey>>, KeyFailure> {
        let find = |keys: Vec<DatedKey>| keys.into_iter().find(|dated| dated.key.jwk().kid == kid);
        let found = match find(self.recent().await?) {
            None => find(self.published().await?),
            found => found,
        };
        Ok(found.map(|dated| dated.key))
    }

    /// All published keys, oldest first, as the database has them at this moment.
    pub async fn published(&self) -> Result<Vec<DatedKey>, KeyFailure> {
        match self.load().await {
            Err(Failure::Store(error)) => self.last_known().ok_or(Failure::Store(error)),
            keys => keys,
        }
    }

    /// Puts a new key in force; the one before stays published for the overlap. Tells the new key.
    pub async fn rotate(&self) -> Result<DatedKey, KeyFailure> {
        let newest = self.load().await?.pop();
        self.add(newest.map_or(0, |dated| dated.serial.saturating_add(1))).await?;
        self.load().await?.pop().ok_or_else(|| Fault::new("there is no signing key").into())
    }

    /// Learns the master keys that a rotation hands over, as it goes on. To be called now and then, and when something is
    /// sealed under a key that is not known.
    pub async fn refresh_master_keys(&self) -> Result<(), KeyFailure> {
        handover::learn_keys(&*self.parts.store, &self.parts.sealer).await
    }

    /// Encrypts a secret of another table for its place.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        self.parts.sealer.seal(place, plain)
    }

    /// Decrypts one. A value that does not open may be sealed under a master key of a moment ago, which is looked for once.
    pub async fn unseal(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, KeyFailure> {
        match self.parts.sealer.open(place, sealed) {
            Ok(plain) => Ok(plain),
            Err(_) => {
                self.refresh_master_keys().await?;
                Ok(self.parts.sealer.open(place, sealed)?)
            }
        }
    }

    /// The key pair of browsers' push services in PKCS #8 form, made first when there is none. Of processes that make it at once
    /// all end with the same, and it never changes: each browser that was enrolled asks for it.
    pub async fn vapid(&self) -> Result<Zeroizing<Vec<u8>>, KeyFailure> {
        let purpose = KeyPurpose::Vapid;
        let row = row_of(purpose, 0);
        if self.parts.store.keys(purpose).await?.is_empty() {
            let pkcs8 = Zeroizing::new(SigningKey::generate()?);
            seal_and_add(&self.parts, purpose, 0, row.clone(), &pkcs8).await?;
        }
        let stored = self.parts.store.keys(purpose).await?.into_iter().next();
        let stored = stored.ok_or_else(|| Fault::new("the key pair for push services was not stored"))?;
        self.unseal(place(&row), &stored.sealed).await.map(Zeroizing::new)
    }

    /// Forgets keys that have not been published for [`SPARED`]; tells how many.
    pub async fn purge(&self) -> Result<u64, KeyFailure> {
        let replaced_before = before(self.parts.clock.now(), self.parts.overlap.saturating_add(SPARED));
        Ok(self.parts.store.purge_keys(KeyPurpose::SignEs256, replaced_before).await?)
    }

    async fn recent(&self) -> Result<Vec<DatedKey>, KeyFailure> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some((read_at, keys)) if read_at.elapsed() < FRESH => Ok(keys),
            _ => self.published().await,
        }
    }

    fn last_known(&self) -> Option<Vec<DatedKey>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().map(|(_, keys)| keys.clone())
    }

    async fn load(&self) -> Result<Vec<DatedKey>, KeyFailure> {
        match self.load_with_known_keys().await {
            Err(Failure::Internal(_)) => {
                self.refresh_master_keys().await?;
                self.load_with_known_keys().await
            }
            loaded => loaded,
        }
    }

    async fn load_with_known_keys(&self) -> Result<Vec<DatedKey>, KeyFailure> {
        let stored = self.parts.store.keys(KeyPurpose::SignEs256).await?;
        let now = self.parts.clock.now();
        let successors = stored.iter().skip(1).map(|key| Some(after(key.created_at, self.parts.overlap)));
        let ends: Vec<_> = successors.chain([None]).collect();
        let mut keys = Vec::with_capacity(stored.len());
        for (sealed, published_until) in stored.iter().zip(ends) {
            if published_until.is_some_and(|until| until <= now) {
                continue;
            }
            let key = self.already_open(&sealed.kid).map_or_else(|| self.open_sealed(sealed), Ok)?;
            keys.push(DatedKey { serial: sealed.serial, key, created_at: sealed.created_at, published_until });
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((Instant::now(), keys.clone()));
        Ok(keys)
    }

    fn already_open(&self, kid: &str) -> Option<Arc<SigningKey>> {
        let keys = self.last_known()?;
        keys.into_iter().find(|dated| dated.key.jwk().kid == kid).map(|dated| dated.key)
    }

    fn open_sealed(&self, sealed: &SealedKey) -> Result<Arc<SigningKey>, Fault> {
        let row = row_of(sealed.purpose, sealed.serial);
        let pkcs8 = self.parts.sealer.open(place(&row), &sealed.sealed)?;
        Ok(Arc::new(SigningKey::from_pkcs8(&pkcs8)?))
    }

    /// Adds a signing key of that number, unless another process was faster; then its key is as good.
    async fn add(&self, serial: u32) -> Result<(), KeyFailure> {
        let pkcs8 = SigningKey::generate()?;
        let kid = SigningKey::from_pkcs8(&pkcs8)?.jwk().kid.clone();
        seal_and_add(&self.parts, KeyPurpose::SignEs256, serial, kid, &pkcs8).await?;
        self.load().await.map(drop)
    }
}

async fn token_root(parts: &KeyParts, randomness: &dyn Randomness) -> Result<Vec<u8>, KeyFailure> {
    let purpose = KeyPurpose::TokenRoot;
    let row = row_of(purpose, 0);
    if parts.store.keys(purpose).await?.is_empty() {
        let root = bytes::<32>(randomness);
        seal_and_add(parts, purpose, 0, row.clone(), &root).await?;
    }
    let stored = parts.store.keys(purpose).await?.into_iter().next();
    let stored = stored.ok_or_else(|| Fault::new("the token root was not stored"))?;
    match parts.sealer.open(place(&row), &stored.sealed) {
        Err(fault) => Err(handover::explain(&*parts.store, &parts.sealer, fault).await?.into()),
        root => Ok(root?),
    }
}

async fn seal_and_add(
    parts: &KeyParts,
    purpose: KeyPurpose,
    serial: u32,
    kid: String,
    plain: &[u8],
) -> Result<AddKey, KeyFailure> {
    let sealed = parts.sealer.seal(place(&row_of(purpose, serial)), plain)?;
    let key = SealedKey { purpose, serial, kid, sealed, created_at: parts.clock.now() };
    Ok(parts.store.add_key(&key).await?)
}

/// The primary key of a row of `keys`.
pub(super) fn row_of(purpose: KeyPurpose, serial: u32) -> String {
    format!("{}/{serial}", purpose.as_str())
}

/// Where the private part of a key is stored.
pub(super) fn place(row: &str) -> Place<'_> {
    Place { table: "keys", column: "sealed", row }
}
