//! Owns keeping the TLS certificate up to date while the server runs. Leaves judging it to `tls/`.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::tls::served::{Look, Served};

/// How often the files are looked at; a new pair is taken up at the second look that finds it.
const EVERY: Duration = Duration::from_secs(1);

/// How many looks make half a day, after which the operator is told again how the certificate stands.
const HALF_A_DAY: u32 = 43_200;

/// Follows the files as long as the server runs.
pub async fn follow_forever(app: &App, served: Arc<Served>) {
    let (mut seen, mut looks) = (served.seen(), 0);
    loop {
        if looks == 0 {
            served.tell_standing(app.protocol.clock.now());
        }
        looks = (looks + 1) % HALF_A_DAY;
        tokio::time::sleep(EVERY).await;
        let looking = served.clone();
        let looked = tokio::task::spawn_blocking(move || (looking.look(&mut seen), seen)).await;
        let Ok((look, then)) = looked else { return };
        seen = then;
        match look {
            Look::Same => {}
            Look::Renewed => {
                tracing::info!("a new TLS certificate is served from now on");
                looks = 0;
            }
            Look::Broken(why) => {
                let problem = format!("{} {}; {}", why.key, why.what, why.mend);
                tracing::error!(problem, "the new TLS certificate can't be served; the former one still is");
            }
        }
    }
}
