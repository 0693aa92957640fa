//! Owns when "this was not me" takes effect: within a second, whatever the stranger's browser does, and after a crash as soon as
//! a server runs again. Leaves what takes effect to `identity/approval/`.

use std::time::Duration;

use tokio::time::sleep;

use crate::app::App;
use crate::model::failure::StoreError;

/// How often one looks.
const EVERY: Duration = Duration::from_secs(1);

/// How far back one looks at first: as long as approvals are kept.
pub const EVER: Duration = Duration::from_secs(86_400);

/// How far back one looks then: further than an approval lives.
const LATELY: Duration = Duration::from_secs(900);

/// Looks again and again, as long as the server runs.
pub async fn withdraw_forever(app: &App) {
    let mut within = EVER;
    loop {
        match withdraw(app, within).await {
            Ok(()) => within = LATELY,
            Err(error) => {
                tracing::error!(%error, "sign-ins that were said to be somebody else's can't be looked for; they will be");
                within = EVER;
            }
        }
        sleep(EVERY).await;
    }
}

/// Deals with all that ended within that time.
pub async fn withdraw(app: &App, within: Duration) -> Result<(), StoreError> {
    app.identity.withdraw_disowned(&app.service_name, within).await.map(drop)
}
