//! The same for partners and reverse links.

use couplet::store::grants::GrantFilter;
use rstest::rstest;

use super::{assert_corrupt, damage};
use crate::store::cellar::{Cellar, moment};
use crate::store::partners::{full, partner};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[case("name", "'Alexa'")]
#[case("name", "''")]
#[case("token_url", "'http://api.amazon.com/auth/o2/token'")]
#[case("scope", "'\"'")]
#[tokio::test]
async fn a_damaged_partner_names_itself(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] column: &str,
    #[case] value: &str,
) {
    let cellar = Cellar::on(backend).await;
    cellar.store.set_partner(&partner(&cellar.alexa), moment(0)).await.unwrap();
    damage(&cellar, "partners", column, value).await;
    assert_corrupt(cellar.store.partner(&cellar.alexa.id).await, ("partners", column), &cellar.alexa.id);
}

#[rstest]
#[case("partner", "'Alexa'")]
#[case("state", "'issued'")]
#[case("version", "-1")]
#[case("seen_codes", "substr(seen_codes, 1, 31)")]
#[case("code_hash", "NULL")]
#[case("code_hash", "substr(code_hash, 1, 31)")]
#[case("code_expires_at", "NULL")]
#[case("code_expires_at", "NEVER")]
#[case("attempts", "-1")]
#[case("next_attempt_at", "NULL")]
#[case("next_attempt_at", "NEVER")]
#[case("access_token", "NULL")]
#[case("token_scope", "'\"'")]
#[case("tokens_from", "NULL")]
#[case("tokens_from", "substr(tokens_from, 1, 31)")]
#[case("code_profile", "NULL")]
#[case("tokens_profile", "substr(tokens_profile, 1, 31)")]
#[case("tokens_serial", "NULL")]
#[case("tokens_serial", "-1")]
#[case("fresh_until", "NULL")]
#[case("fresh_until", "NEVER")]
#[case("tokens_expire_at", "NULL")]
#[case("tokens_expire_at", "NEVER")]
#[case("leased_until", "NEVER")]
#[case("created_at", "NEVER")]
#[case("changed_at", "NEVER")]
#[tokio::test]
async fn a_damaged_reverse_link_names_itself(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] column: &str,
    #[case] value: &str,
) {
    let cellar = Cellar::on(backend).await;
    let grant = cellar.both_ways().await;
    cellar.put_reverse(&full(cellar.reverse(grant).await)).await;
    damage(&cellar, "reverse_links", column, value).await;
    assert_corrupt(cellar.store.reverse_link(grant).await, ("reverse_links", column), grant);
}

#[rstest]
#[case("partner", "'Alexa'")]
#[case("state", "'issued'")]
#[tokio::test]
async fn a_damaged_reverse_link_names_itself_in_lists(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] column: &str,
    #[case] value: &str,
) {
    let cellar = Cellar::on(backend).await;
    let grant = cellar.both_ways().await;
    damage(&cellar, "reverse_links", column, value).await;
    let listed = cellar.store.grants(&GrantFilter::default(), None, 9).await;
    assert_corrupt(listed, ("reverse_links", column), grant);
    assert_corrupt(cellar.store.links_of(cellar.alice.id, 9).await, ("reverse_links", column), grant);
}
