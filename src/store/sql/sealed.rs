//! Owns the statements that walk over sealed values.

use async_trait::async_trait;
use uuid::Uuid;

use super::{Driver, SqlStore, Value, statement};
use crate::model::failure::StoreError;
use crate::store::rows::{SealedLinkRow, SealedRow};
use crate::store::sealed::{SealedColumn, SealedStore, SealedValue};

/// A page: `$1` is the row before it, `$2` its length.
macro_rules! page {
    ($table:literal, $row:expr, $column:literal, $more:literal) => {
        concat!(
            "SELECT ",
            $row,
            " AS id, ",
            $column,
            " AS sealed FROM ",
            $table,
            " WHERE ",
            $row,
            " > $1 AND ",
            $column,
            " IS NOT NULL",
            $more,
            " ORDER BY ",
            $row,
            " LIMIT $2"
        )
    };
}

/// An exchange: `$1` is the row, `$2` what must be there, `$3` what shall be.
macro_rules! exchange {
    ($table:literal, $row:expr, $column:literal, $more:literal) => {
        concat!("UPDATE ", $table, " SET ", $column, " = $3", $more, " WHERE ", $row, " = $1 AND ", $column, " = $2")
    };
}

/// The primary key of `keys` in one text.
macro_rules! key_row {
    () => {
        "purpose || '/' || CAST(serial AS TEXT)"
    };
}

fn page_of(column: SealedColumn) -> &'static str {
    match column {
        SealedColumn::Key => {
            page!("keys", key_row!(), "sealed", " AND purpose NOT IN ('next-master', 'former-master')")
        }
        SealedColumn::PartnerSecret => page!("partners", "client_id", "client_secret", ""),
        SealedColumn::ReverseCode => page!("reverse_links", "grant_id", "code", ""),
        SealedColumn::ReverseAccessToken => page!("reverse_links", "grant_id", "access_token", ""),
        SealedColumn::ReverseRefreshToken => page!("reverse_links", "grant_id", "refresh_token", ""),
        SealedColumn::PushAuthToken => page!("push_accounts", "id", "auth_token", ""),
    }
}

fn exchange_of(column: SealedColumn) -> &'static str {
    match column {
        SealedColumn::Key => exchange!("keys", key_row!(), "sealed", ""),
        SealedColumn::PartnerSecret => exchange!("partners", "client_id", "client_secret", ""),
        SealedColumn::ReverseCode => exchange!("reverse_links", "grant_id", "code", ", version = version + 1"),
        SealedColumn::ReverseAccessToken => {
            exchange!("reverse_links", "grant_id", "access_token", ", version = version + 1")
        }
        SealedColumn::ReverseRefreshToken => {
            exchange!("reverse_links", "grant_id", "refresh_token", ", version = version + 1")
        }
        SealedColumn::PushAuthToken => exchange!("push_accounts", "id", "auth_token", ""),
    }
}

/// Whether rows of that table are named by an id, and not by a text.
fn is_by_id(column: SealedColumn) -> bool {
    ["reverse_links", "push_accounts"].contains(&column.table())
}

/// The row as its column has it. No row has the id that a text which is none stands for here.
fn row_value(column: SealedColumn, row: &str) -> Value {
    if is_by_id(column) { Uuid::try_parse(row).unwrap_or_default().into() } else { row.into() }
}

#[async_trait]
impl<D: Driver> SealedStore for SqlStore<D> {
    async fn sealed_values(
        &self,
        column: SealedColumn,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<SealedValue>, StoreError> {
        let statement = statement!(page_of(column), row_value(column, after.unwrap_or_default()), limit);
        if is_by_id(column) {
            let rows: Vec<SealedLinkRow> = self.driver.all(statement).await?;
            return Ok(rows.into_iter().map(SealedValue::from).collect());
        }
        let rows: Vec<SealedRow> = self.driver.all(statement).await?;
        Ok(rows.into_iter().map(SealedValue::from).collect())
    }

    async fn reseal(&self, column: SealedColumn, row: &str, from: &[u8], to: &[u8]) -> Result<bool, StoreError> {
        self.changes(statement!(exchange_of(column), row_value(column, row), from, to)).await
    }
}
