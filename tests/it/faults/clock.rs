//! The clock steps back or forth by an hour: no link is lost, and nothing that was dead comes alive.

use std::time::Duration;

use couplet::model::client::{AccessTokenFormat, RefreshPolicy};
use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};
use crate::support::platform::{Platform, Tokens};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// A server with Alice, and a program with that policy beside Alexa.
async fn stage(backend: Backend, refresh: RefreshPolicy) -> (TestApp, Platform) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let program = app.add_app("program", Some(SECRET), |settings| {
        settings.refresh = refresh;
        settings.repeat_exchange = true;
    });
    let program = program.await;
    (app, program)
}

/// Time passes while the server is used, then the clock steps back by an hour.
async fn pass_and_step_back(app: &TestApp, passed: Duration) {
    app.clock.advance(passed);
    app.person().open(&format!("{}/account", app.url)).await;
    app.alexa().link(&app.person()).await;
    app.clock.step_back(HOUR);
}

#[rstest]
#[tokio::test]
async fn a_code_that_has_ended_stays_dead(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, program) = stage(backend, RefreshPolicy::Rotate).await;
    let code = program.code_from(&app.person()).await;
    pass_and_step_back(&app, 6 * MINUTE).await;
    assert_eq!(program.exchange(&code, &[]).await.error(), "invalid_grant");
}

#[rstest]
#[tokio::test]
async fn a_redeemed_code_can_not_be_repeated_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, program) = stage(backend, RefreshPolicy::Rotate).await;
    let code = program.code_from(&app.person()).await;
    assert_eq!(program.exchange(&code, &[]).await.status, 200);
    pass_and_step_back(&app, 2 * MINUTE).await;
    assert_eq!(program.exchange(&code, &[]).await.error(), "invalid_grant");
}

#[rstest]
#[tokio::test]
async fn a_replaced_refresh_token_stays_dead(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, program) = stage(backend, RefreshPolicy::Rotate).await;
    let first = program.link(&app.person()).await;
    let second = Tokens::from(&program.refresh(&first.refresh).await);
    let third = Tokens::from(&program.refresh(&second.refresh).await);
    pass_and_step_back(&app, 2 * MINUTE).await;
    assert!(program.is_active(&third.access).await && program.is_active(&third.refresh).await);
    assert!(!program.is_active(&first.refresh).await);
    assert_eq!(program.refresh(&first.refresh).await.error(), "invalid_grant");
}

#[rstest]
#[tokio::test]
async fn a_revoked_link_stays_dead(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, program) = stage(backend, RefreshPolicy::Stable).await;
    let tokens = program.link(&app.person()).await;
    assert_eq!(program.revoke(&tokens.refresh).await.status, 200);
    pass_and_step_back(&app, MINUTE).await;
    assert!(!program.is_active(&tokens.access).await);
    assert_eq!(program.refresh(&tokens.refresh).await.error(), "invalid_grant");
}

#[rstest]
#[tokio::test]
async fn an_access_token_that_has_ended_stays_dead(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(AccessTokenFormat::Jwt, AccessTokenFormat::Opaque)] format: AccessTokenFormat,
) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let program = app.add_app("program", Some(SECRET), |settings| settings.access_token = format).await;
    let tokens = program.link(&app.person()).await;
    pass_and_step_back(&app, HOUR + MINUTE).await;
    assert!(!program.is_active(&tokens.access).await);
    let next = Tokens::from(&program.refresh(&tokens.refresh).await);
    assert!(program.is_active(&next.access).await, "the link itself lives");
}

#[rstest]
#[tokio::test]
async fn a_browser_whose_sign_in_has_ended_stays_signed_out(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, program) = stage(backend, RefreshPolicy::Stable).await;
    let person = app.person();
    program.link(&person).await;
    pass_and_step_back(&app, 8 * HOUR + MINUTE).await;
    assert!(person.open(&format!("{}/account", app.url)).await.has("input[name=password]"));
}

#[rstest]
#[tokio::test]
async fn links_live_on_whichever_way_the_clock_steps(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(RefreshPolicy::Stable, RefreshPolicy::Rotate, RefreshPolicy::Strict)] refresh: RefreshPolicy,
) {
    let (app, program) = stage(backend, refresh).await;
    let person = app.person();
    let mut tokens = program.link(&person).await;
    for back in [false, true, true, false] {
        let code = program.code_from(&person).await;
        let before = Tokens::from(&program.refresh(&tokens.refresh).await);
        if back {
            app.clock.step_back(HOUR);
        } else {
            app.clock.advance(HOUR);
        }
        let retried = if refresh == RefreshPolicy::Strict { &before.refresh } else { &tokens.refresh };
        let after = Tokens::from(&program.refresh(retried).await);
        assert!(program.is_active(&after.access).await && program.is_active(&after.refresh).await);
        tokens = after;
        if back {
            assert_eq!(program.exchange(&code, &[]).await.status, 200, "a code that lived lives on");
        }
        // A link that is made now lives as long as any.
        let fresh = program.code_from(&person).await;
        app.clock.advance(4 * MINUTE);
        assert!(program.is_active(&Tokens::from(&program.exchange(&fresh, &[]).await).access).await);
    }
}
