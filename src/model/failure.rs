//! Owns the three ways in which an operation fails: refused, storage in trouble, our own fault. Leaves the words of each
//! refusal to the room that refuses, and the answer to `web/reply.rs`.

use thiserror::Error;

/// What storage reports when it can't say how things are. Never a refusal: the token may be perfectly good.
#[derive(Clone, Debug, Error)]
pub enum StoreError {
    /// The database is away, hanging, full or refusing; trying again later may help.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The embedded database's file can't be written.
    #[error(
        "the database {file} can't be written: {why}; make the file, those beside it (-wal, -shm) and the folder writable for the user that runs Couplet"
    )]
    ReadOnly {
        /// The file.
        file: String,
        /// In SQLite's words.
        why: String,
    },
    /// The schema is not the one this program knows.
    #[error("the database's schema is older than this program; run `couplet migrate`")]
    NotMigrated,
    /// A stored value can't be what we wrote.
    #[error("the database holds a broken value in {table}.{column} of row {id}")]
    Corrupt {
        /// The table of the broken row.
        table: &'static str,
        /// The column of the broken value.
        column: &'static str,
        /// The primary key of the row.
        id: String,
    },
}

/// A failure inside our own house, such as a key that can't be opened; for the log, never for the outside.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Fault(pub String);

impl Fault {
    /// A fault with what happened, in words, without secrets.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// Why an operation did not succeed: `R` is the refusal that the asking party gets to see.
#[derive(Debug)]
pub enum Failure<R> {
    /// The request was understood and refused.
    Refused(R),
    /// Storage could not answer.
    Store(StoreError),
    /// We are at fault.
    Internal(Fault),
}

impl<R> Failure<R> {
    /// The same failure with another kind of refusal.
    pub fn map<S>(self, refusal: impl FnOnce(R) -> S) -> Failure<S> {
        match self {
            Failure::Refused(refused) => Failure::Refused(refusal(refused)),
            Failure::Store(error) => Failure::Store(error),
            Failure::Internal(fault) => Failure::Internal(fault),
        }
    }
}

impl<R> From<StoreError> for Failure<R> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<R> From<Fault> for Failure<R> {
    fn from(fault: Fault) -> Self {
        Self::Internal(fault)
    }
}
