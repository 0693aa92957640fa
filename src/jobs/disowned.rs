//! Owns when "this was not me" takes effect: within a second, whatever the stranger's browser does, and after a crash as soon as
//! a server runs again. Leaves what takes effect to `identity/approval/`.

use std::time::Duration;

use tokio::time::sleep;

use crate::app::App;
use crate::model::failure::StoreError;

/// How often one looks.
const EVERY: Duration = Duration::from_secs(1);

/// Looks again and again, as long as the server runs.
pub async fn withdraw_forever(app: &App) {
    loop {
        if let Err(error) = withdraw(app).await {
            tracing::error!(%error, "sign-ins that were said to be somebody else's can't be looked for; they will be");
        }
        sleep(EVERY).await;
    }
}

/// Deals with all that are marked, however long ago and whatever the clock has shown since.
pub async fn withdraw(app: &App) -> Result<(), StoreError> {
    app.identity.withdraw_disowned(&app.service_name).await
}
