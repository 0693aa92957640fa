//! Purging takes what has ended and nothing else.

use std::collections::BTreeSet;

use couplet::model::ids::GrantId;
use couplet::model::reverse_link::ReverseStanding;
use couplet::model::time::Timestamp;
use couplet::store::keys::{KeyPurpose, SealedKey};
use rstest::rstest;

use crate::store::cellar::{Cellar, moment};
use crate::support::app::Backend::{self, Postgres, Sqlite};

/// Codes, ended and living links on both sides of each border.
struct Grants {
    /// Expired at 300.
    code: GrantId,
    /// Revoked at 100, before it was redeemed.
    revoked_code: GrantId,
    /// Revoked at 100.
    revoked: GrantId,
    /// Last used at 1.
    idle: GrantId,
    /// Last used at 500.
    used: GrantId,
}

impl Grants {
    async fn on(cellar: &Cellar) -> Self {
        let (code, revoked_code) = (cellar.code().await.id, cellar.code().await.id);
        let (revoked, idle, used) = (cellar.link().await, cellar.link().await, cellar.link().await);
        for id in [revoked_code, revoked] {
            cellar.store.revoke_grant(id, moment(100)).await.unwrap();
        }
        cellar.store.note_use(used, moment(500)).await.unwrap();
        Self { code, revoked_code, revoked, idle, used }
    }

    fn all(&self) -> BTreeSet<GrantId> {
        [self.code, self.revoked_code, self.revoked, self.idle, self.used].into()
    }

    async fn left(&self, cellar: &Cellar) -> BTreeSet<GrantId> {
        let mut left = BTreeSet::new();
        for id in self.all() {
            if cellar.store.grant(id).await.unwrap().is_some() {
                left.insert(id);
            }
        }
        left
    }
}

async fn key(cellar: &Cellar, purpose: KeyPurpose, serial: u32, created_at: Timestamp) {
    let key = SealedKey { purpose, serial, kid: serial.to_string(), sealed: vec![0], created_at };
    cellar.store.add_key(&key).await.unwrap();
}

async fn serials(cellar: &Cellar, purpose: KeyPurpose) -> Vec<u32> {
    cellar.store.keys(purpose).await.unwrap().iter().map(|key| key.serial).collect()
}

#[rstest]
#[tokio::test]
async fn what_has_not_ended_before_the_given_moments_stays(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let grants = Grants::on(&cellar).await;
    for (idle_before, whole) in [(None, moment(300)), (Some(moment(1)), moment(300))] {
        let purged = cellar.store.purge_grants(None, 99, whole, moment(100), idle_before).await.unwrap();
        assert_eq!(purged.forgotten, 0);
    }
    assert_eq!(grants.left(&cellar).await, grants.all());
}

#[rstest]
#[tokio::test]
async fn an_expired_code_goes_alone(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let grants = Grants::on(&cellar).await;
    let purged = cellar.store.purge_grants(None, 99, moment(301), moment(0), None).await.unwrap();
    assert_eq!(purged.forgotten, 1);
    let expected = [grants.revoked_code, grants.revoked, grants.idle, grants.used];
    assert_eq!(grants.left(&cellar).await, expected.into());
}

#[rstest]
#[tokio::test]
async fn what_was_revoked_long_ago_goes_alone(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let grants = Grants::on(&cellar).await;
    let purged = cellar.store.purge_grants(None, 99, moment(0), moment(101), None).await.unwrap();
    assert_eq!(purged.forgotten, 2);
    assert_eq!(grants.left(&cellar).await, [grants.code, grants.idle, grants.used].into());
}

#[rstest]
#[tokio::test]
async fn a_link_idle_for_long_goes_alone(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let grants = Grants::on(&cellar).await;
    let purged = cellar.store.purge_grants(None, 99, moment(0), moment(0), Some(moment(2))).await.unwrap();
    assert_eq!(purged.forgotten, 1);
    let expected = [grants.code, grants.revoked_code, grants.revoked, grants.used];
    assert_eq!(grants.left(&cellar).await, expected.into());
}

#[rstest]
#[tokio::test]
async fn small_steps_see_every_grant_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (mut codes, mut links) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..5 {
        codes.insert(cellar.code().await.id);
        links.insert(cellar.link().await);
    }
    let all: Vec<GrantId> = codes.union(&links).copied().collect();
    let (mut after, mut forgotten, mut stops) = (None, 0, Vec::new());
    loop {
        let step = cellar.store.purge_grants(after, 3, moment(301), moment(0), None).await.unwrap();
        assert!(step.forgotten + step.links <= 3 && step.codes == 0, "{step:?}");
        forgotten += step.forgotten;
        let Some(stop) = step.next else { break };
        stops.push(stop);
        after = step.next;
    }
    assert_eq!(forgotten, 5);
    assert_eq!(stops, [all[2], all[5], all[8], all[9]], "each step looks at three, whether it forgets them or not");
    assert_eq!(cellar.raw().await.number("SELECT count(*) FROM grants").await, 5);
    for link in links {
        cellar.active(link).await;
    }
}

#[rstest]
#[tokio::test]
async fn a_step_counts_what_it_leaves(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    Grants::on(&cellar).await;
    cellar.both_ways().await;
    let step = cellar.store.purge_grants(None, 99, moment(300), moment(0), Some(moment(2))).await.unwrap();
    assert_eq!(
        (step.forgotten, step.links, step.codes),
        (2, 1, 1),
        "the idle ones went; what was revoked is not counted"
    );
    let all = cellar.store.purge_grants(None, 99, moment(300), moment(0), None).await.unwrap();
    assert_eq!((all.forgotten, all.links, all.codes), (0, 1, 1));
    cellar.both_ways().await;
    let pending = ReverseStanding::ALL.iter().position(|standing| *standing == ReverseStanding::Pending).unwrap();
    let step = cellar.store.purge_grants(None, 99, moment(0), moment(0), None).await.unwrap();
    let mut expected = [0; 4];
    expected[pending] = 1;
    assert_eq!((step.links, step.reverse_links), (2, expected));
}

#[rstest]
#[tokio::test]
async fn expired_sign_ins_go_in_small_steps(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    for _ in 0..5 {
        cellar.sign_in_of(&cellar.alice, 59).await;
    }
    let ends_now = cellar.sign_in_of(&cellar.alice, 60).await;
    let lives = cellar.sign_in_of(&cellar.alice, 61).await;
    let (mut after, mut forgotten, mut steps) = (None, 0, 0);
    loop {
        let (number, next) = cellar.store.purge_sign_ins(after, 2, moment(60)).await.unwrap();
        assert!(number <= 2);
        forgotten += number;
        let Some(stop) = next else { break };
        after = Some(stop);
        steps += 1;
    }
    assert_eq!((forgotten, steps), (5, 4), "two of seven at a time");
    for id in [ends_now, lives] {
        assert!(cellar.store.sign_in(id).await.unwrap().is_some());
    }
    assert_eq!(cellar.raw().await.number("SELECT count(*) FROM sign_ins").await, 2);
}

#[rstest]
#[tokio::test]
async fn the_key_in_force_is_never_forgotten(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let purpose = KeyPurpose::SignEs256;
    assert_eq!(cellar.store.purge_keys(purpose, Timestamp::MAX_UTC).await.unwrap(), 0, "there is none");
    key(&cellar, purpose, 1, moment(0)).await;
    assert_eq!(cellar.store.purge_keys(purpose, Timestamp::MAX_UTC).await.unwrap(), 0);
    assert_eq!(serials(&cellar, purpose).await, [1]);
}

#[rstest]
#[tokio::test]
async fn a_key_goes_when_it_was_replaced_long_ago_and_not_when_it_is_old(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    for (serial, at) in [(1, 0), (2, 100), (3, 200)] {
        key(&cellar, KeyPurpose::SignEs256, serial, moment(at)).await;
        key(&cellar, KeyPurpose::TokenRoot, serial, moment(at)).await;
    }
    for (replaced_before, forgotten, left) in
        [(100, 0, vec![1, 2, 3]), (101, 1, vec![2, 3]), (200, 0, vec![2, 3]), (201, 1, vec![3])]
    {
        let purged = cellar.store.purge_keys(KeyPurpose::SignEs256, moment(replaced_before)).await.unwrap();
        assert_eq!(purged, forgotten, "{replaced_before}");
        assert_eq!(serials(&cellar, KeyPurpose::SignEs256).await, left);
    }
    assert_eq!(serials(&cellar, KeyPurpose::TokenRoot).await, [1, 2, 3], "another purpose is not touched");
}
