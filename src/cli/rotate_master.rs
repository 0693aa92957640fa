//! Owns `couplet keys rotate-master`. Leaves the rotation to `tokens/handover.rs` and `tokens/reseal.rs`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::app::{StartFailure, SystemClock, SystemRandomness, open_keys};
use crate::cli::{CliError, open, print};
use crate::config::Config;
use crate::model::failure::{Failure, StoreError};
use crate::model::time::Clock;
use crate::store::Store;
use crate::tokens::handover::{self, Rotation};
use crate::tokens::keys::KeyFailure;
use crate::tokens::master_key::MasterKey;
use crate::tokens::reseal::{Resealed, reseal_all};
use crate::tokens::seal::{KeyName, Sealer};

/// Within this time every running server has learnt the new key and seals under it: they look once a second, and may have to
/// wait for the database.
const LEARNT: Duration = Duration::from_secs(3);

/// How often a busy database is tried, and how long it is left in between.
const TRIES: u32 = 5;
const BREATH: Duration = Duration::from_secs(1);

/// What became of a rotation.
#[derive(Serialize)]
struct Rotated {
    /// The name of the key under which everything is sealed now.
    master_key: String,
    /// How many values were sealed anew, by column.
    resealed: BTreeMap<String, u64>,
}

/// Rotates, goes on with a rotation that was interrupted, or finds that there is nothing to do.
pub async fn run(config: &Config, new_key_file: &Path, json: bool) -> Result<(), CliError> {
    let old = open::master_key(config)?;
    let new = read(new_key_file)?;
    let store = open::store(config).await?;
    let sealer = sealer_that_fits(config, &store, &old, &new).await?;
    let begun = handover::begin(&*store, &sealer, &old, &new, SystemClock.now()).await.map_err(StartFailure::from)?;
    let name = Sealer::name_of(&new)?;
    match begun {
        Rotation::Another(other) => Err(CliError::Failed(format!(
            "a rotation to the master key {other} is under way, and the file has {name}; finish it with \
             `couplet keys rotate-master --new-key-file FILE`, where FILE has {other}, then begin this one"
        ))),
        Rotation::NotNeeded => {
            // What a process wrote that never heard of the rotation.
            let resealed = reseal(&*store, &sealer).await?;
            report(name, &resealed, json, |values| nothing_left(values, name, new_key_file))
        }
        Rotation::UnderWay => {
            print::hint(&format!("couplet: waiting {} s until every server knows the new key", LEARNT.as_secs()));
            tokio::time::sleep(LEARNT).await;
            let resealed = reseal(&*store, &sealer).await?;
            handover::finish(&*store, name).await.map_err(StartFailure::from)?;
            report(name, &resealed, json, |_| what_now(name, new_key_file))
        }
    }
}

fn read(file: &Path) -> Result<MasterKey, CliError> {
    let key =
        MasterKey::read(file).map_err(|error| CliError::Usage(format!("--new-key-file {error}; {}", error.mend())))?;
    if MasterKey::is_exposed(file) {
        print::hint(&format!("couplet: {} can be read by others; run `chmod 600` on it", file.display()));
    }
    Ok(key)
}

/// Knows the master key that this database is sealed under: the configured one, or the new one after it took over.
async fn sealer_that_fits(
    config: &Config,
    store: &Arc<dyn Store>,
    old: &MasterKey,
    new: &MasterKey,
) -> Result<Arc<Sealer>, CliError> {
    let fitting = async |key: &MasterKey| {
        let sealer = Arc::new(Sealer::new(key)?);
        open_keys(config, store.clone(), sealer.clone(), Arc::new(SystemClock), &SystemRandomness).await?;
        Ok(sealer)
    };
    match fitting(old).await {
        Err(StartFailure::Fault(fault)) => fitting(new).await.map_err(|_: StartFailure| fault.into()),
        fits => Ok(fits?),
    }
}

/// A database that is busy for a moment does not end it: each pass begins where values are left.
async fn reseal(store: &dyn Store, sealer: &Sealer) -> Result<Vec<Resealed>, CliError> {
    let mut tries = 1;
    loop {
        match reseal_all(store, sealer).await {
            Err(Failure::Store(StoreError::Unavailable(_))) if tries < TRIES => {
                tries += 1;
                tokio::time::sleep(BREATH).await;
            }
            result => return result.map_err(unfinished),
        }
    }
}

fn unfinished(failure: KeyFailure) -> CliError {
    let error = CliError::from(StartFailure::from(failure));
    let words = error.words();
    CliError::Failed(format!("{words}; nothing is lost: mend that, then run the same command again to go on"))
}

fn report(name: KeyName, resealed: &[Resealed], json: bool, words: impl FnOnce(u64) -> String) -> Result<(), CliError> {
    let place = |each: &Resealed| format!("{}.{}", each.column.table(), each.column.column());
    let resealed: BTreeMap<String, u64> = resealed.iter().map(|each| (place(each), each.values)).collect();
    if json {
        return print::json(&Rotated { master_key: name.to_string(), resealed });
    }
    let values = resealed.values().sum();
    if values > 0 {
        let shown: Vec<_> = resealed.iter().map(|(place, values)| (place.as_str(), values.to_string())).collect();
        print::fields(&shown);
    }
    print::line(&words(values));
    Ok(())
}

fn nothing_left(values: u64, name: KeyName, file: &Path) -> String {
    let what = if values == 0 { "nothing to do: everything is" } else { "everything is now" };
    format!("{what} sealed under the master key {name}; master_key_file must name {}", file.display())
}

fn what_now(name: KeyName, file: &Path) -> String {
    let file = file.display();
    format!(
        "Everything is sealed under the master key {name}. Running servers follow by themselves.\n\
         Point master_key_file to {file} before the next start; the old file is no longer needed, but for backups made \
         before now.\n\
         If the old key may have leaked, destroy the backups made during this rotation: they hold the new key sealed under \
         the old one."
    )
}
