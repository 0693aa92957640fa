//! Owns the statements of push verification, and how all of them read a page and tell of an event.

mod accounts;
mod challenges;
mod deliveries;
mod factors;
mod people;
mod purge;
mod services;
mod webhooks;

use uuid::Uuid;

use super::{Driver, SqlStore, Statement, Value, statement};
use crate::model::parameters::encode;
use crate::model::push::event::Event;
use crate::model::push::factor::Texts;
use crate::model::push::paging::{Cursor, PageRequest};
use crate::store::StoreError;
use crate::store::rows::AnyRow;

/// A list in both directions. Placeholders from `$1` to `$4` are the page's, those of the list itself begin with `$5`.
struct Listing {
    ascending: &'static str,
    descending: &'static str,
}

/// Makes a [`Listing`] of a SELECT that ends in a condition; `$t` is the alias of the rows in it.
macro_rules! listing {
    ($select:expr, $t:literal) => {
        $crate::store::sql::push::Listing {
            ascending: concat!(
                $select,
                " AND (",
                $t,
                ".created_at, ",
                $t,
                ".id) > ($1, $2) ORDER BY ",
                $t,
                ".created_at, ",
                $t,
                ".id LIMIT $3 OFFSET $4"
            ),
            descending: concat!(
                $select,
                " AND (",
                $t,
                ".created_at, ",
                $t,
                ".id) < ($1, $2) ORDER BY ",
                $t,
                ".created_at DESC, ",
                $t,
                ".id DESC LIMIT $3 OFFSET $4"
            ),
        }
    };
}
use listing;

impl Listing {
    /// The statement for a page and one row more.
    fn statement(&self, page: &PageRequest, values: Vec<Value>) -> Statement {
        let ascending = page.descending == matches!(page.cursor, Cursor::Before(_));
        let (at, id, skip) = match page.cursor {
            Cursor::After(position) | Cursor::Before(position) => (position.at.timestamp_millis(), position.id, 0),
            Cursor::Skip(pages) if ascending => (-1, Uuid::nil(), skipped(page, pages)),
            Cursor::Skip(pages) => (i64::MAX, Uuid::max(), skipped(page, pages)),
        };
        let limit = i64::from(page.size).saturating_add(1);
        let first = [at.into(), id.into(), limit.into(), skip.into()];
        let sql = if ascending { self.ascending } else { self.descending };
        Statement::new(sql, first.into_iter().chain(values).collect())
    }
}

fn skipped(page: &PageRequest, pages: u32) -> i64 {
    i64::from(pages).saturating_mul(page.size.into())
}

impl<D: Driver> SqlStore<D> {
    async fn page<R, T>(&self, listing: &Listing, page: &PageRequest, values: Vec<Value>) -> Result<Vec<T>, StoreError>
    where
        R: AnyRow,
        T: TryFrom<R, Error = StoreError>,
    {
        self.list::<R, T>(listing.statement(page, values)).await
    }
}

/// Stores an event for the webhooks that want it, provided the row of `push_factors` was changed by it.
const TELL_OF_FACTOR: &str = "INSERT INTO push_deliveries (event_id, webhook_id, body, attempts, next_attempt_at, created_at) \
     SELECT $1, w.id, $2, 0, $3, $3 FROM push_webhooks w, push_factors f \
     WHERE w.service_id = $4 AND w.enabled AND (w.event_types = '*' OR ',' || w.event_types || ',' LIKE $5) \
     AND f.id = $6 AND f.event_id = $1";

/// The same for a row of `push_challenges`.
const TELL_OF_CHALLENGE: &str = "INSERT INTO push_deliveries (event_id, webhook_id, body, attempts, next_attempt_at, created_at) \
     SELECT $1, w.id, $2, 0, $3, $3 FROM push_webhooks w, push_challenges c \
     WHERE w.service_id = $4 AND w.enabled AND (w.event_types = '*' OR ',' || w.event_types || ',' LIKE $5) \
     AND c.id = $6 AND c.event_id = $1";

/// The statement that stores an event, in the transaction and after the statement that wrote its id into the row.
fn tell(event: &Event) -> Statement {
    let pairs = event.parameters().into_iter().map(|(name, value)| format!("{name}={}", encode(&value)));
    let (sql, row) = match event.challenge {
        Some(challenge) => (TELL_OF_CHALLENGE, challenge.0),
        None => (TELL_OF_FACTOR, event.factor.0),
    };
    statement!(
        sql,
        event.id,
        pairs.collect::<Vec<_>>().join("&").as_str(),
        event.at,
        event.scope.service.0,
        format!("%,{},%", event.kind.as_str()).as_str(),
        row,
    )
}

/// Texts as they are stored.
fn json(texts: Option<&Texts>) -> Option<String> {
    texts.and_then(|texts| serde_json::to_string(texts).ok())
}
