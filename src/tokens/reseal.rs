//! Owns bringing everything that is stored under the master key that seals now. Leaves which one that is to `handover.rs`.

use futures_util::future::try_join_all;
use zeroize::Zeroizing;

use crate::model::failure::Fault;
use crate::store::SealedStore;
use crate::store::sealed::{SealedColumn, SealedValue};
use crate::tokens::keys::KeyFailure;
use crate::tokens::seal::{Place, Sealer};

/// Rows that are read at a time.
const PAGE: u32 = 500;

/// Values that are written at the same time.
const ABREAST: usize = 8;

/// How often it is looked through. Twice is usual: the second time finds nothing.
const PASSES: u32 = 10;

/// How many values of a column were sealed anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resealed {
    /// Where.
    pub column: SealedColumn,
    /// How many.
    pub values: u64,
}

/// Seals every value anew that is sealed under another key, until none is left. Values that others write meanwhile are left
/// to them. Fails for a value that does not open; what was done until then stays.
pub async fn reseal_all(store: &dyn SealedStore, sealer: &Sealer) -> Result<Vec<Resealed>, KeyFailure> {
    let mut total = SealedColumn::ALL.map(|column| Resealed { column, values: 0 });
    for _ in 0..PASSES {
        let mut found = 0;
        for counted in &mut total {
            let (under_another, resealed) = reseal_column(store, sealer, counted.column).await?;
            found += under_another;
            counted.values += resealed;
        }
        if found == 0 {
            return Ok(total.to_vec());
        }
    }
    Err(Fault::new("something still seals under another master key; restart servers that run an older version").into())
}

/// Goes through a column; tells how many values were sealed under another key, and how many of them were sealed anew.
async fn reseal_column(
    store: &dyn SealedStore,
    sealer: &Sealer,
    column: SealedColumn,
) -> Result<(u64, u64), KeyFailure> {
    let (mut found, mut resealed) = (0, 0);
    let mut after: Option<String> = None;
    loop {
        let page = store.sealed_values(column, after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok((found, resealed)) };
        after = Some(last.row.clone());
        let old: Vec<&SealedValue> = page.iter().filter(|value| !sealer.is_current(&value.sealed)).collect();
        for values in old.chunks(ABREAST) {
            let each = values.iter().map(|value| reseal_value(store, sealer, column, value));
            for done in try_join_all(each).await? {
                found += 1;
                resealed += u64::from(done);
            }
        }
    }
}

/// Seals one value anew, unless it was changed since it was read.
async fn reseal_value(
    store: &dyn SealedStore,
    sealer: &Sealer,
    column: SealedColumn,
    value: &SealedValue,
) -> Result<bool, KeyFailure> {
    let place = Place { table: column.table(), column: column.column(), row: &value.row };
    let plain = Zeroizing::new(sealer.open(place, &value.sealed)?);
    let sealed = sealer.seal(place, &plain)?;
    Ok(store.reseal(column, &value.row, &value.sealed, &sealed).await?)
}
