//! Owns reading links by their ids, many in one statement: the read that every code, refresh and introspection begins with.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::grants::{select_grants, select_links};
use super::many::{ForMany, MOST};
use super::{Driver, SqlStore, statement};
use crate::model::client::Client;
use crate::model::ids::{ClientId, GrantId};
use crate::store::grants::Link;
use crate::store::rows::{ClientRow, KnownClients, LinkRow};
use crate::store::sql::clients::select_clients;
use crate::store::together::{Answer, Limits};

/// Each thread has one round of reading under way.
pub const READS: Limits = Limits { rounds: 1, questions: MOST };

/// The statement for links by their ids.
static SELECT: LazyLock<ForMany> = LazyLock::new(|| ForMany::new(select_links!("", "WHERE g.id IN ("), 1, ")"));

/// Finds links, an answer for each id.
async fn find_links<D: Driver>(
    driver: Arc<D>,
    clients: Arc<KnownClients>,
    ids: Vec<GrantId>,
) -> Vec<Answer<Option<Link>>> {
    let rows: Vec<LinkRow> = match driver.all(SELECT.with(ids.iter().map(|id| vec![id.0.into()]).collect())).await {
        Ok(rows) => rows,
        Err(error) => return ids.into_iter().map(|_| Err(error.clone())).collect(),
    };
    let read = |row: LinkRow| (row.grant_id(), row.read(&clients).map(Some));
    let mut found: HashMap<GrantId, Answer<Option<Link>>> = rows.into_iter().map(read).collect();
    let answer = |(at, id): (usize, &GrantId)| {
        let again = ids.iter().skip(at + 1).any(|other| other == id);
        let found = if again { found.get(id).cloned() } else { found.remove(id) };
        found.unwrap_or(Ok(None))
    };
    ids.iter().enumerate().map(answer).collect()
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
        self.links.here().ask(id, move |ids| find_links(driver.clone(), clients.clone(), ids)).await
    }

    /// The client of that id.
    pub(super) async fn known_client(&self, id: &ClientId) -> Answer<Option<Arc<Client>>> {
        let (driver, clients) = (self.driver.clone(), self.clients.clone());
        self.askers.here().ask(id.clone(), move |ids| find_clients(driver.clone(), clients.clone(), ids)).await
    }
}
