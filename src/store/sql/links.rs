//! Owns reading links by their ids, many in one statement: the read that every code, refresh and introspection begins with.

use std::collections::HashMap;
use std::sync::Arc;

use super::grants::{select_grants, select_links};
use super::{Driver, SqlStore, Statement, Value, statement};
use crate::model::client::Client;
use crate::model::ids::{ClientId, GrantId};
use crate::store::grants::Link;
use crate::store::rows::{ClientRow, KnownClients, LinkRow};
use crate::store::sql::clients::select_clients;
use crate::store::together::{Answer, Limits};

/// Rounds under way at once: one is on its way while the answer of another one is taken apart.
pub const READS: Limits = Limits { rounds: 2, questions: 64 };

/// The statement for one link.
const ONE: &str = select_links!("", "WHERE g.id = $1");

/// The statement for up to eight links.
const EIGHT: &str = select_links!("", "WHERE g.id IN ($1, $2, $3, $4, $5, $6, $7, $8)");

/// The statement for up to 64 links.
const SIXTY_FOUR: &str = select_links!(
    "",
    "WHERE g.id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
             $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, \
             $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59, \
             $60, $61, $62, $63, $64)"
);

/// Asks for these links. Few statements that differ in length only are planned once and kept; a place that is not needed
/// repeats the last id.
fn select(ids: &[GrantId]) -> Statement {
    let (sql, places) = match ids.len() {
        0 | 1 => (ONE, 1),
        2..=8 => (EIGHT, 8),
        _ => (SIXTY_FOUR, 64),
    };
    let last = ids.last().copied();
    let values = ids.iter().copied().map(Some).chain(std::iter::repeat(last)).take(places);
    Statement { sql, values: values.map(|id| Value::from(id.map(|id| id.0))).collect() }
}

/// Finds links, an answer for each id.
async fn find_links<D: Driver>(
    driver: Arc<D>,
    clients: Arc<KnownClients>,
    ids: Vec<GrantId>,
) -> Vec<Answer<Option<Link>>> {
    let rows: Vec<LinkRow> = match driver.all(select(&ids)).await {
        Ok(rows) => rows,
        Err(error) => return ids.into_iter().map(|_| Err(error.clone())).collect(),
    };
    let read = |row: LinkRow| (row.grant_id(), row.read(&clients).map(Some));
    let found: HashMap<GrantId, Answer<Option<Link>>> = rows.into_iter().map(read).collect();
    ids.iter().map(|id| found.get(id).cloned().unwrap_or(Ok(None))).collect()
}

/// Finds clients, an answer for each id. Many ask for the same few.
async fn find_clients<D: Driver>(
    driver: Arc<D>,
    known: Arc<KnownClients>,
    ids: Vec<ClientId>,
) -> Vec<Answer<Option<Arc<Client>>>> {
    let mut found: HashMap<&ClientId, Answer<Option<Arc<Client>>>> = HashMap::new();
    for id in &ids {
        if !found.contains_key(id) {
            let row = driver.optional::<ClientRow>(statement!(select_clients!("WHERE c.id = $1"), id.as_str())).await;
            found.insert(id, row.and_then(|row| row.map(|row| known.read(row)).transpose()));
        }
    }
    ids.iter().map(|id| found.get(id).cloned().unwrap_or(Ok(None))).collect()
}

impl<D: Driver> SqlStore<D> {
    /// The link of that id.
    pub(super) async fn link(&self, id: GrantId) -> Answer<Option<Link>> {
        let (driver, clients) = (self.driver.clone(), self.clients.clone());
        self.links.ask(id, move |ids| find_links(driver.clone(), clients.clone(), ids)).await
    }

    /// The client of that id.
    pub(super) async fn known_client(&self, id: &ClientId) -> Answer<Option<Arc<Client>>> {
        let (driver, clients) = (self.driver.clone(), self.clients.clone());
        self.askers.ask(id.clone(), move |ids| find_clients(driver.clone(), clients.clone(), ids)).await
    }
}
