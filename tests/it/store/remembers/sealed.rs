//! Sealed values are found, a page at a time.

use couplet::store::keys::{KeyPurpose, SealedKey};
use couplet::store::sealed::SealedColumn::{self, Key, PartnerSecret, ReverseCode, ReverseRefreshToken};
use rstest::rstest;

use crate::store::cellar::{Cellar, client, moment};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::rows::Rows;

/// All rows of a column in pages of two.
async fn rows_of(cellar: &Cellar, column: SealedColumn) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = cellar.store.sealed_values(column, after.as_deref(), 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { return found };
        after = Some(last.row.clone());
        for value in page {
            assert_eq!(value.sealed, value.row.as_bytes(), "each has its own");
            found.push(value.row);
        }
    }
}

#[rstest]
#[tokio::test]
async fn keys_are_named_by_purpose_and_number_and_handed_over_ones_are_passed_over(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    use KeyPurpose::{FormerMaster, NextMaster, SignEs256, TokenRoot, Vapid};
    let cellar = Cellar::on(backend).await;
    let keys = [(SignEs256, 0), (SignEs256, 9), (SignEs256, 10), (TokenRoot, 0), (Vapid, 0)];
    for (purpose, serial) in [(FormerMaster, 0), (NextMaster, 0)].into_iter().chain(keys) {
        let sealed = format!("{}/{serial}", purpose.as_str()).into_bytes();
        let key = SealedKey { purpose, serial, kid: String::new(), sealed, created_at: moment(0) };
        cellar.store.add_key(&key).await.unwrap();
    }
    let mut found = rows_of(&cellar, Key).await;
    found.sort_unstable();
    assert_eq!(found, ["sign-es256/0", "sign-es256/10", "sign-es256/9", "token-root/0", "vapid/0"]);
}

#[rstest]
#[tokio::test]
async fn partners_are_named_by_their_client(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let mut rows = Rows::of(&cellar.database).await;
    for id in ["alexa", "b", "c"] {
        cellar.store.add_client(&client(id)).await.unwrap();
        let secret = rows.bytes(id.as_bytes());
        rows.change(&format!("INSERT INTO partners VALUES ('{id}', '', '', '', {secret}, '', 0)")).await;
    }
    assert_eq!(rows_of(&cellar, PartnerSecret).await, ["alexa", "b", "c"]);
}

#[rstest]
#[tokio::test]
async fn reverse_links_are_named_by_their_grant_and_pass_when_they_hold_nothing(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let cellar = Cellar::on(backend).await;
    let mut rows = Rows::of(&cellar.database).await;
    let mut links = Vec::new();
    for number in 0..5 {
        let link = cellar.link().await.to_string();
        let (id, token) = (rows.id(&link), rows.bytes(link.as_bytes()));
        let code = if number == 0 { "NULL" } else { &token };
        rows.change(&format!(
            "INSERT INTO reverse_links (grant_id, partner, state, version, seen_codes, code, attempts, refresh_token, \
             created_at, changed_at) VALUES ({id}, '', '', 1, {token}, {code}, 0, {token}, 0, 0)"
        ))
        .await;
        links.push(link);
    }
    let mut with_code = links.split_off(1);
    with_code.sort_unstable();
    assert_eq!(rows_of(&cellar, ReverseCode).await, with_code);
    assert_eq!(rows_of(&cellar, ReverseRefreshToken).await.len(), 5);
}
