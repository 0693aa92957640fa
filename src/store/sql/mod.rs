//! Owns the statements, each written once for both databases. Leaves carrying them there to the drivers.
//!
//! They stay within what distributed databases with PostgreSQL's protocol run: no advisory locks, no sequences, no
//! multi-row locks but for two (decision 0008); every guard is a condition inside the one statement that writes.

mod approvals;
mod brakes;
mod changes;
mod clients;
mod grants;
mod keys;
mod links;
mod many;
mod partners;
mod push;
mod sealed;
mod sign_ins;
mod text_codes;
mod users;

use std::sync::Arc;
use std::thread::available_parallelism;

use async_trait::async_trait;
use uuid::Uuid;

use crate::model::client::Client;
use crate::model::ids::{ClientId, GrantId};
use crate::model::time::Timestamp;
use crate::store::grants::Link;
use crate::store::lanes::Lanes;
use crate::store::rows::{AnyRow, KnownClients};
use crate::store::sql::changes::{CHANGES, Redeem, Rotate};
use crate::store::sql::links::READS;
use crate::store::together::Together;
use crate::store::{Health, PoolState, StoreError};

/// A value for a placeholder, with its type even when it is absent.
#[derive(Clone, Debug)]
pub enum Value {
    /// A number or a moment.
    Int(Option<i64>),
    /// Text.
    Text(Option<String>),
    /// Raw bytes.
    Bytes(Option<Vec<u8>>),
    /// An id.
    Id(Option<Uuid>),
    /// True or false.
    Flag(bool),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(Some(value.into()))
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Int(Some(value.timestamp_millis()))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(value: Option<Timestamp>) -> Self {
        Self::Int(value.map(|at| at.timestamp_millis()))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        Self::Text(value.map(str::to_owned))
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(Some(value.to_vec()))
    }
}

impl From<Option<&[u8]>> for Value {
    fn from(value: Option<&[u8]>) -> Self {
        Self::Bytes(value.map(<[u8]>::to_vec))
    }
}

impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Id(Some(value))
    }
}

impl From<Option<Uuid>> for Value {
    fn from(value: Option<Uuid>) -> Self {
        Self::Id(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}

/// A statement with its values.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The text, with placeholders `$1`, `$2` …
    pub sql: &'static str,
    /// The values, in order.
    pub values: Vec<Value>,
    /// Whether its transaction is taken back when it changes nothing.
    pub must_change: bool,
}

impl Statement {
    /// One that runs for whatever it changes.
    pub fn new(sql: &'static str, values: Vec<Value>) -> Self {
        Self { sql, values, must_change: false }
    }

    /// The same, but unless it changes something nothing of its transaction is done.
    pub fn or_nothing(self) -> Self {
        Self { must_change: true, ..self }
    }
}

/// Builds a [`Statement`]: the text, then its values.
macro_rules! statement {
    ($sql:expr $(, $value:expr)* $(,)?) => {
        $crate::store::sql::Statement::new($sql, vec![$($crate::store::sql::Value::from($value)),*])
    };
}
pub(super) use statement;

/// Carries statements to one kind of database.
pub trait Driver: Send + Sync + 'static {
    /// The statement that tells the database's own time, in milliseconds since 1970, as `millis`.
    const NOW: &'static str;

    /// The first row, if there is one.
    fn optional<T: AnyRow>(&self, statement: Statement) -> impl Future<Output = Result<Option<T>, StoreError>> + Send;

    /// All rows.
    fn all<T: AnyRow>(&self, statement: Statement) -> impl Future<Output = Result<Vec<T>, StoreError>> + Send;

    /// Whether several may write at once.
    const MANY_WRITERS: bool;

    /// All rows, for a statement that many asked together: it never waits behind other statements.
    fn gathered<T: AnyRow>(&self, statement: Statement) -> impl Future<Output = Result<Vec<T>, StoreError>> + Send;

    /// Runs a statement that writes for many; gives the rows it returns.
    fn change<T: AnyRow>(&self, statement: Statement) -> impl Future<Output = Result<Vec<T>, StoreError>> + Send;

    /// Runs a statement that writes, for one; gives the rows it returns.
    fn returning<T: AnyRow>(&self, statement: Statement) -> impl Future<Output = Result<Vec<T>, StoreError>> + Send;

    /// Runs a statement that writes; tells how many rows it changed.
    fn execute(&self, statement: Statement) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Runs statements in one transaction, all or none; tells how many rows each changed. Where one that must change
    /// something does not, all are taken back, and what is told ends with it.
    fn execute_all(&self, statements: Vec<Statement>) -> impl Future<Output = Result<Vec<u64>, StoreError>> + Send;

    /// Whether the schema is the one this program knows.
    fn is_migrated(&self) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// How its pools stand.
    fn pools(&self) -> Vec<PoolState>;

    /// Closes all connections.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// The store over one kind of database.
pub struct SqlStore<D> {
    driver: Arc<D>,
    clients: Arc<KnownClients>,
    links: Lanes<Arc<Together<GrantId, Option<Link>>>>,
    askers: Lanes<Arc<Together<ClientId, Option<Arc<Client>>>>>,
    redemptions: Lanes<Arc<Together<Redeem, bool>>>,
    rotations: Lanes<Arc<Together<Rotate, bool>>>,
}

impl<D: Driver> SqlStore<D> {
    /// The store over what carries its statements.
    pub fn new(driver: D) -> Self {
        let cores = available_parallelism().map_or(2, usize::from);
        let writers = if D::MANY_WRITERS { cores } else { 0 };
        Self {
            driver: Arc::new(driver),
            clients: Arc::default(),
            links: Lanes::new(cores, || Together::new(READS)),
            askers: Lanes::new(cores, || Together::new(READS)),
            redemptions: Lanes::new(writers, || Together::new(CHANGES)),
            rotations: Lanes::new(writers, || Together::new(CHANGES)),
        }
    }

    /// All rows, each read as what it stands for.
    async fn list<R, T>(&self, statement: Statement) -> Result<Vec<T>, StoreError>
    where
        R: AnyRow,
        T: TryFrom<R, Error = StoreError>,
    {
        let rows: Vec<R> = self.driver.all(statement).await?;
        rows.into_iter().map(T::try_from).collect()
    }

    /// The first row, read as what it stands for.
    async fn find<R, T>(&self, statement: Statement) -> Result<Option<T>, StoreError>
    where
        R: AnyRow,
        T: TryFrom<R, Error = StoreError>,
    {
        let row: Option<R> = self.driver.optional(statement).await?;
        row.map(T::try_from).transpose()
    }

    /// Whether the statement changed a row.
    async fn changes(&self, statement: Statement) -> Result<bool, StoreError> {
        Ok(self.driver.execute(statement).await? > 0)
    }
}

#[async_trait]
impl<D: Driver> Health for SqlStore<D> {
    async fn check(&self) -> Result<(), StoreError> {
        if self.driver.is_migrated().await? { Ok(()) } else { Err(StoreError::NotMigrated) }
    }

    fn pools(&self) -> Vec<PoolState> {
        self.driver.pools()
    }

    async fn close(&self) {
        self.driver.close().await;
    }
}
