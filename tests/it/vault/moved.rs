//! A sealed value that was moved elsewhere does not open, whoever moved it; put back, it does.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::Value;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::SECRET;
use crate::support::login_with_amazon::{AMAZON_CLIENT, WireFault};
use crate::support::platform::{Answer, Tokens};
use crate::support::rows::Rows;
use crate::support::two_way::TwoWay;

/// How long the server may take to do something by itself; the lease of an exchange may have to end before.
const PATIENCE: Duration = Duration::from_secs(45);

/// Two links of Alice that both have a reverse link.
struct Two {
    two_way: TwoWay,
    links: [Tokens; 2],
    rows: Rows,
}

impl Two {
    /// Both have handed over a code; nobody waits for what becomes of it.
    async fn handed_over(two_way: TwoWay) -> Self {
        let links = [two_way.link().await, two_way.link().await];
        for link in &links {
            assert_eq!(two_way.hand_over(link, two_way.amazon.issue_code().expose()).await.status, 200);
        }
        let rows = Rows::at(&two_way.stage.program.database_url()).await;
        Self { two_way, links, rows }
    }

    /// Both have tokens.
    async fn active(backend: Backend) -> Self {
        let two = Self::handed_over(TwoWay::on(backend).await).await;
        two.until("active").await;
        two
    }

    /// Both have tokens that have ended.
    async fn ended(backend: Backend) -> Self {
        let two_way = TwoWay::on(backend).await;
        two_way.amazon.expires_in(1, false);
        let two = Self::handed_over(two_way).await;
        two.until("active").await;
        two.two_way.amazon.expires_in(3600, false);
        tokio::time::sleep(Duration::from_millis(1100)).await;
        two
    }

    fn grants(&self) -> Vec<Value> {
        let listed = self.two_way.stage.program.run("grant list --json").json();
        listed.as_array().unwrap().clone()
    }

    /// Waits until both reverse links are in that state.
    async fn until(&self, state: &str) {
        let began = Instant::now();
        while self.grants().iter().any(|grant| grant["partner"] != state) {
            assert!(began.elapsed() < PATIENCE, "{:?} {}", self.grants(), self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn log(&self) -> String {
        self.two_way.stage.server.log()
    }

    /// Exchanges the values of a column between the two rows of a table.
    async fn swap(&mut self, table: &str, key: &str, column: &str) {
        assert_eq!(self.rows.count(table).await, 2);
        self.rows.change(&format!("CREATE TABLE swapped AS SELECT {key} AS k, {column} AS v FROM {table}")).await;
        let other = format!("SELECT v FROM swapped WHERE k <> {table}.{key}");
        // A server that is about to write the row with what it read before must lose.
        let version = if table == "reverse_links" { ", version = version + 1" } else { "" };
        self.rows.change(&format!("UPDATE {table} SET {column} = ({other}){version}")).await;
        self.rows.change("DROP TABLE swapped").await;
    }

    async fn ask(&self) -> Vec<Answer> {
        let mut answers = Vec::new();
        for link in &self.links {
            answers.push(self.two_way.partner_token(link).await);
        }
        answers
    }

    /// Both are answered with 503 and without a word of what was moved; the log names the place of one.
    async fn assert_closed(&self, place: &str) {
        for answer in self.ask().await {
            assert_eq!(answer.status, 503, "{}", answer.json);
            assert!(answer.headers.contains_key("retry-after"));
            self.assert_silent(&answer.json.to_string());
        }
        let log = self.log();
        let line = log.lines().find(|line| line.contains(place) && line.contains("changed or moved"));
        assert!(line.is_some(), "no {place} in {log}");
        self.assert_silent(&log);
    }

    fn assert_silent(&self, text: &str) {
        for token in self.two_way.amazon.issued() {
            assert!(!text.contains(&token), "{token} in {text}");
        }
    }

    async fn assert_open(&self) {
        for answer in self.ask().await {
            assert_eq!(answer.status, 200, "{} {}", answer.json, self.log());
        }
    }

    fn ids(&self) -> Vec<String> {
        self.grants().iter().map(|grant| grant["id"].as_str().unwrap().to_owned()).collect()
    }
}

#[rstest]
#[tokio::test]
async fn an_access_token_of_another_link_does_not_open(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut two = Two::active(backend).await;
    two.swap("reverse_links", "grant_id", "access_token").await;
    for id in two.ids() {
        two.assert_closed(&format!("reverse_links.access_token of row {id}")).await;
    }
    two.swap("reverse_links", "grant_id", "access_token").await;
    two.assert_open().await;
}

#[rstest]
#[tokio::test]
async fn a_refresh_token_in_place_of_the_access_token_does_not_open(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut two = Two::active(backend).await;
    let exchange = "UPDATE reverse_links SET access_token = refresh_token, refresh_token = access_token";
    two.rows.change(exchange).await;
    for id in two.ids() {
        two.assert_closed(&format!("reverse_links.access_token of row {id}")).await;
    }
    two.rows.change(exchange).await;
    two.assert_open().await;
}

#[rstest]
#[tokio::test]
async fn a_refresh_token_of_another_link_does_not_open(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut two = Two::ended(backend).await;
    two.swap("reverse_links", "grant_id", "refresh_token").await;
    let asked = two.two_way.amazon.arrived();
    for id in two.ids() {
        two.assert_closed(&format!("reverse_links.refresh_token of row {id}")).await;
    }
    assert_eq!(two.two_way.amazon.arrived(), asked, "Amazon saw nothing of it");
    two.swap("reverse_links", "grant_id", "refresh_token").await;
    two.assert_open().await;
}

#[rstest]
#[tokio::test]
async fn a_code_of_another_link_does_not_open(#[values(Sqlite, Postgres)] backend: Backend) {
    let two_way = TwoWay::on(backend).await;
    two_way.amazon.fail_always(Some(WireFault::Broken));
    let mut two = Two::handed_over(two_way).await;
    two.two_way.amazon.until_arrived(2).await;
    two.swap("reverse_links", "grant_id", "code").await;
    for id in two.ids() {
        let place = format!("reverse_links.code of row {id}: it was changed or moved");
        let began = Instant::now();
        while !two.log().contains(&place) {
            assert!(began.elapsed() < PATIENCE, "{}", two.log());
            // Again and again: a try that is under way may write a later moment over it.
            two.rows.change("UPDATE reverse_links SET next_attempt_at = 0").await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    two.until("pending").await;
    two.two_way.amazon.fail_always(None);
    two.swap("reverse_links", "grant_id", "code").await;
    two.rows.change("UPDATE reverse_links SET next_attempt_at = 0").await;
    two.until("active").await;
    two.assert_open().await;
}

#[rstest]
#[tokio::test]
async fn a_partners_secret_of_another_client_does_not_open(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut two = Two::ended(backend).await;
    let program = &two.two_way.stage.program;
    program.tell("client add --name App --client-id app --redirect-uri https://app.example/cb", SECRET).done();
    let set = format!("client set-partner app --partner alexa --partner-client-id {AMAZON_CLIENT}");
    program.tell(&set, "the-secret-of-another-client").done();
    two.swap("partners", "client_id", "client_secret").await;
    let asked = two.two_way.amazon.arrived();
    two.assert_closed("partners.client_secret of row alexa").await;
    assert_eq!(two.two_way.amazon.arrived(), asked, "Amazon saw nothing of it");
    assert!(!two.log().contains("the-secret-of-another-client"));
    two.swap("partners", "client_id", "client_secret").await;
    two.assert_open().await;
}
