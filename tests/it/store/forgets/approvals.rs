//! Approvals that ended long ago are forgotten in small steps, and no others; those of a deleted user at once.

use couplet::model::approval::{Approval, ApprovalState};
use rstest::rstest;

use crate::store::approvals::{approval, limit};
use crate::store::cellar::{Cellar, moment};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn approvals_go_in_small_steps(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    for _ in 0..5 {
        cellar.approval().await;
    }
    let not_me = Approval { state: ApprovalState::NotMe, ..approval(&cellar.alice) };
    cellar.store.add_approval(&not_me, None, limit(100)).await.unwrap();
    let lives = Approval { expires_at: moment(181), ..approval(&cellar.alice) };
    cellar.store.add_approval(&lives, None, limit(100)).await.unwrap();
    assert_eq!(cellar.store.purge_approvals(2, moment(180)).await.unwrap(), 0, "not before they are over");
    for forgotten in [2, 2, 1, 0] {
        assert_eq!(cellar.store.purge_approvals(2, moment(181)).await.unwrap(), forgotten);
    }
    for kept in [lives.id, not_me.id] {
        assert!(cellar.store.approval(kept).await.unwrap().is_some(), "one lives, and one is to be dealt with");
    }
}

#[rstest]
#[tokio::test]
async fn a_deleted_user_waits_for_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let id = cellar.approval().await.id;
    cellar.store.delete_user(cellar.alice.id).await.unwrap();
    assert!(cellar.store.approval(id).await.unwrap().is_none());
}
