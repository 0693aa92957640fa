//! Reverse links are remembered, through their whole life.

use couplet::app::SystemRandomness;
use couplet::model::ids::GrantId;
use couplet::model::reverse_link::{
    ReverseLink, ReverseStanding, ReverseState, ReverseSummary, SealedTokens, TokensId, WaitingCode,
};
use couplet::store::partners::AddReverseLink;
use rstest::rstest;

use crate::store::cellar::{Cellar, moment};
use crate::store::partners::{ALEXA, begun, full, partner_name, tokens, waiting};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn what_is_no_link_gets_no_reverse_link(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (code, revoked) = (cellar.code().await.id, cellar.link().await);
    cellar.store.revoke_grant(revoked, moment(2)).await.unwrap();
    for grant in [GrantId::random(&SystemRandomness), code, revoked] {
        assert_eq!(cellar.store.add_reverse_link(&begun(grant)).await.unwrap(), AddReverseLink::NotLinked);
        assert_eq!(cellar.store.reverse_link(grant).await.unwrap(), None);
    }
}

#[rstest]
#[tokio::test]
async fn a_second_reverse_link_of_one_grant_is_refused(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let grant = cellar.both_ways().await;
    let second = ReverseLink { partner: partner_name("other"), ..full(begun(grant)) };
    assert_eq!(cellar.store.add_reverse_link(&second).await.unwrap(), AddReverseLink::Exists);
    assert_eq!(cellar.reverse(grant).await, begun(grant));
}

#[rstest]
#[tokio::test]
async fn a_change_of_a_version_that_was_replaced_is_refused(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let grant = cellar.both_ways().await;
    let read = cellar.reverse(grant).await;
    cellar.put_reverse(&read).await;
    for version in [0, 2] {
        let late = ReverseLink { version, ..full(read.clone()) };
        assert!(!cellar.store.change_reverse_link(&late).await.unwrap(), "{version}");
    }
    assert_eq!(cellar.reverse(grant).await, ReverseLink { version: 1, ..read });
}

#[rstest]
#[tokio::test]
async fn what_is_gone_is_not_changed(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let grant = cellar.both_ways().await;
    let (read, kept) = (cellar.reverse(grant).await, cellar.both_ways().await);
    cellar.store.revoke_grant(grant, moment(3)).await.unwrap();
    assert!(!cellar.store.change_reverse_link(&read).await.unwrap());
    assert_eq!(cellar.store.reverse_link(grant).await.unwrap(), None);
    assert_eq!(cellar.reverse(kept).await, begun(kept));
}

#[rstest]
#[tokio::test]
async fn every_field_of_a_reverse_link_comes_back(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (grant, other) = (cellar.both_ways().await, cellar.both_ways().await);
    assert_eq!(cellar.reverse(grant).await, begun(grant));
    let all = full(begun(grant));
    let bare = SealedTokens { refresh: None, scope: None, leased_until: None, ..tokens(9) };
    let bare = SealedTokens { id: TokensId { serial: u32::MAX, ..bare.id }, ..bare };
    let awkward = ReverseLink {
        partner: partner_name("9-z"),
        code: None,
        state: ReverseState::Active(SealedTokens { access: (0..=255).collect(), ..bare }),
        last_error: Some("it's \"quoted\", $1 ?1 é🔑\nand more".to_owned()),
        changed_at: moment(-1),
        ..all.clone()
    };
    let failed = ReverseLink { code: None, state: ReverseState::Failed, ..all.clone() };
    let revoked = ReverseLink { state: ReverseState::Revoked(tokens(9).id), last_error: None, ..all.clone() };
    for (version, expected) in (0..).zip([all, awkward, failed, revoked]) {
        cellar.put_reverse(&ReverseLink { version, ..expected.clone() }).await;
        assert_eq!(cellar.reverse(grant).await, ReverseLink { version: version + 1, ..expected });
    }
    assert_eq!(cellar.reverse(other).await, begun(other));
}

#[rstest]
#[tokio::test]
async fn every_code_that_came_is_remembered(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let grant = cellar.both_ways().await;
    for number in 2..=9 {
        let link = cellar.reverse(grant).await;
        cellar.put_reverse(&link.with_code(partner_name("alexa"), waiting(number, 2), moment(3))).await;
    }
    let seen = cellar.reverse(grant).await.seen;
    assert!((2..=9).all(|number| seen.contains(&[number; 32])) && !seen.contains(&[1; 32]));
}

#[rstest]
#[tokio::test]
async fn codes_that_wait_are_due_the_longest_first_up_to_the_limit(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let mut by_age = Vec::new();
    for due in [13, 10, 14, 11, 12] {
        let link = ReverseLink { code: Some(waiting(1, due)), ..begun(cellar.link().await) };
        cellar.store.add_reverse_link(&link).await.unwrap();
        by_age.push((due, link.grant_id));
    }
    by_age.sort();
    let ids: Vec<GrantId> = by_age.into_iter().map(|(_, id)| id).collect();
    assert_eq!(cellar.store.due_reverse_links(&ALEXA, moment(9), 9).await.unwrap(), []);
    assert_eq!(cellar.store.due_reverse_links(&[1; 32], moment(13), 9).await.unwrap(), [], "another account");
    assert_eq!(cellar.store.due_reverse_links(&ALEXA, moment(13), 9).await.unwrap(), ids[..4]);
    assert_eq!(cellar.store.due_reverse_links(&ALEXA, moment(99), 2).await.unwrap(), ids[..2]);
}

#[rstest]
#[tokio::test]
async fn each_account_with_codes_that_are_due_is_named_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    for (profile, due) in [(ALEXA, 10), (ALEXA, 11), ([1; 32], 12), ([2; 32], 14)] {
        let code = WaitingCode { profile, ..waiting(1, due) };
        let link = ReverseLink { code: Some(code), ..begun(cellar.link().await) };
        cellar.store.add_reverse_link(&link).await.unwrap();
    }
    let mut due = cellar.store.due_profiles(moment(13)).await.unwrap();
    due.sort();
    assert_eq!(due, [[1; 32], ALEXA]);
}

#[rstest]
#[tokio::test]
async fn a_reverse_link_without_a_code_is_never_due(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (waits, exchanged) = (cellar.both_ways().await, cellar.both_ways().await);
    cellar.link().await;
    let link = cellar.reverse(exchanged).await;
    cellar.put_reverse(&ReverseLink { code: None, state: ReverseState::Active(tokens(1)), ..link }).await;
    assert_eq!(cellar.store.due_reverse_links(&ALEXA, moment(9999), 9).await.unwrap(), [waits]);
}

#[rstest]
#[tokio::test]
async fn lists_tell_how_each_reverse_link_stands(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (none, grant) = (cellar.link().await, cellar.both_ways().await);
    for (version, (state, standing)) in (0..).zip([
        (ReverseState::Pending, ReverseStanding::Pending),
        (ReverseState::Active(tokens(1)), ReverseStanding::Active),
        (ReverseState::Failed, ReverseStanding::Failed),
        (ReverseState::Revoked(tokens(1).id), ReverseStanding::Revoked),
    ]) {
        let link = ReverseLink { version, state, last_error: Some(format!("why {version}")), ..begun(grant) };
        cellar.put_reverse(&link).await;
        let summary = ReverseSummary { partner: partner_name("alexa"), standing, last_error: link.last_error };
        assert_eq!(cellar.listed_reverse(grant).await, [Some(summary.clone()), Some(summary)]);
    }
    assert_eq!(cellar.listed_reverse(none).await, [None, None]);
}
