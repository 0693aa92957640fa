//! Owns reading links by their ids, many in one statement: the read that every code, refresh and introspection begins with.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::grants::{select_grants, select_links};
use super::many::{ForMany, MOST};
use super::{Driver, SqlStore};
use crate::model::client::Client;
use crate::model::ids::{ClientId, GrantId};
use crate::store::grants::Link;
use crate::store::rows::{ClientRow, KnownClients, LinkRow};
use crate::store::sql::clients::select_clients;
use crate::store::together::{Answer, Limits};

/// Each thread has one round of reading under way.
pub const READS: Limits = Limits { rounds: 1, questions: MOST };

/// What became of the question for something that is shared.
type Found<T> = Answer<Option<Arc<T>>>;

/// The statement for links by their ids.
static SELECT: LazyLock<ForMany> = LazyLock::new(|| ForMany::new(select_links!("", "WHERE g.id IN ("), 1, ")"));

/// Finds links, an answer for each id.
async fn find_links<D: Driver>(
    driver: Arc<D>,
    clients: Arc<KnownClients>,
    ids: Vec<GrantId>,
) -> Vec<Answer<Option<Link>>> {
    let rows: Vec<LinkRow> = match driver.gathered(SELECT.with(ids.iter().map(|id| vec![id.0.into()]).collect())).await
    {
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

/// The statement for clients by their ids.
static SELECT_CLIENTS: LazyLock<ForMany> = LazyLock::new(|| ForMany::new(select_clients!("WHERE c.id IN ("), 1, ")"));

/// Finds clients, an answer for each id.
async fn find_clients<D: Driver>(driver: Arc<D>, known: Arc<KnownClients>, ids: Vec<ClientId>) -> Vec<Found<Client>> {
    let statement = SELECT_CLIENTS.with(ids.iter().map(|id| vec![id.as_str().into()]).collect());
    let rows: Vec<ClientRow> = match driver.gathered(statement).await {
        Ok(rows) => rows,
        Err(error) => return ids.into_iter().map(|_| Err(error.clone())).collect(),
    };
    let read = |row: ClientRow| (row.id().to_owned(), known.read(row).map(Some));
    let found: HashMap<String, Found<Client>> = rows.into_iter().map(read).collect();
    ids.iter().map(|id| found.get(id.as_str()).cloned().unwrap_or(Ok(None))).collect()
}

impl<D: Driver> SqlStore<D> {
    /// The link of that id.
    pub(super) async fn find_link(&self, id: GrantId) -> Answer<Option<Link>> {
        let (driver, clients) = (self.driver.clone(), self.clients.clone());
        self.links.here().ask(id, move |ids| find_links(driver.clone(), clients.clone(), ids)).await
    }

    /// The client of that id.
    pub(super) async fn known_client(&self, id: &ClientId) -> Answer<Option<Arc<Client>>> {
        let (driver, clients) = (self.driver.clone(), self.clients.clone());
        self.askers.here().ask(id.clone(), move |ids| find_clients(driver.clone(), clients.clone(), ids)).await
    }
}
