//! `keys rotate-master`: everything stored comes under another master key while a server runs, however often it is killed.

mod interrupted;
mod refused;
mod whole;

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use couplet::store::Store;
use couplet::store::open::{DatabaseUrl, Migrations, open};
use couplet::store::sealed::{SealedColumn, SealedValue};
use couplet::tokens::master_key::MasterKey;
use couplet::tokens::seal::{Place, Sealer};

use crate::support::program::Program;

/// The bytes of the key with which the tests' servers begin.
const OLD: u8 = 7;
/// The bytes of the key to which most rotations lead.
const NEW: u8 = 8;
/// The command that leads there.
const ROTATE: &str = "keys rotate-master --new-key-file new.key";

fn sealer(byte: u8) -> Sealer {
    Sealer::new(&MasterKey::from_bytes([byte; 32])).unwrap()
}

/// Writes a key file.
fn write_key(program: &Program, file: &str, byte: u8) {
    program.write(file, &format!("{}\n", STANDARD.encode([byte; 32])));
}

/// The program's database past the program.
async fn store(program: &Program) -> Arc<dyn Store> {
    open(&DatabaseUrl::parse(&program.database_url()).unwrap(), Migrations::Apply).await.unwrap()
}

/// Every sealed value with its column.
async fn values(program: &Program) -> Vec<(SealedColumn, SealedValue)> {
    let store = store(program).await;
    let mut all = Vec::new();
    for column in SealedColumn::ALL {
        let values = store.sealed_values(column, None, 100).await.unwrap();
        all.extend(values.into_iter().map(|value| (column, value)));
    }
    all
}

/// What a key alone opens of a value where it is stored.
fn opened(byte: u8, column: SealedColumn, value: &SealedValue) -> Option<Vec<u8>> {
    let place = Place { table: column.table(), column: column.column(), row: &value.row };
    sealer(byte).open(place, &value.sealed).ok()
}

/// Every value opens under this key alone.
#[track_caller]
fn assert_all_under(byte: u8, values: &[(SealedColumn, SealedValue)]) {
    assert!(values.len() >= 2, "a signing key and the token root: {values:?}");
    for (column, value) in values {
        assert!(opened(byte, *column, value).is_some(), "{column:?} {}", value.row);
    }
}

/// Kills a rotation after it was announced and before anything was sealed anew.
async fn interrupt(program: &Program, command: &str) {
    let running = program.start(command);
    let began = Instant::now();
    while !running.log().contains("waiting") {
        assert!(began.elapsed() < Duration::from_secs(20), "{}", running.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Seals one value of a column anew, as a rotation that was killed later would have.
async fn reseal_one(program: &Program, column: SealedColumn) {
    let (store, value) = (store(program).await, &values(program).await);
    let value = &value.iter().find(|(each, _)| *each == column).unwrap().1;
    let place = Place { table: column.table(), column: column.column(), row: &value.row };
    let sealed = sealer(NEW).seal(place, &opened(OLD, column, value).unwrap()).unwrap();
    assert!(store.reseal(column, &value.row, &value.sealed, &sealed).await.unwrap());
}
