//! Owns `couplet serve`: from a checked configuration to listeners. Leaves serving to `web/server.rs`.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use tokio::signal::ctrl_c;
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::cli::print::line;
use crate::cli::{CliError, open};
use crate::config::Config;
use crate::jobs::brakes::{share_at_the_end, share_forever};
use crate::jobs::exchange::exchange_until;
use crate::jobs::master_key::follow_forever;
use crate::jobs::purge::purge_forever;
use crate::store::open::{Migrations, open as open_store};
use crate::telemetry;
use crate::tokens::master_key::MasterKey;
use crate::web::server;

/// Serves until it is told to stop.
pub async fn run(config: Config, no_migrate: bool) -> Result<(), CliError> {
    telemetry::begin(config.log_format);
    let listener = bind("listen", config.listen)?;
    let admin = bind_admin(&config)?;
    let master_key = open::master_key(&config)?;
    if let Some(path) = config.master_key_file.as_deref().filter(|path| MasterKey::is_exposed(path)) {
        tracing::warn!("{} can be read by others; run `chmod 600` on it", path.display());
    }
    let migrations = if no_migrate { Migrations::Leave } else { Migrations::Apply };
    let store = open_store(&config.database, migrations).await?;
    store.check().await?;
    let app = open::assemble(&config, &open::issuer(&config), store, master_key).await?;
    line(&format!("Couplet serves {} on {}", open::issuer(&config), address(&listener)?));
    serve(app, listener, admin).await
}

/// Runs both listeners and the jobs until the process is told to stop.
pub async fn serve(app: App, listener: TcpListener, admin: Option<TcpListener>) -> Result<(), CliError> {
    let app = Arc::new(app);
    let (for_purge, for_master_key, for_brakes) = (app.clone(), app.clone(), app.clone());
    let jobs = [
        tokio::spawn(async move { purge_forever(&for_purge).await }),
        tokio::spawn(async move { follow_forever(&for_master_key).await }),
        tokio::spawn(async move { share_forever(&for_brakes).await }),
    ];
    let stop = Arc::new(Notify::new());
    let exchanging = tokio::spawn(exchange_until(app.protocol.partners.clone(), stop.clone()));
    // The same signal that lets the server take no more requests: nothing new is begun while it answers the last ones.
    let told = stop.clone();
    let listening = tokio::spawn(async move {
        told_to_stop().await;
        told.notify_one();
    });
    let served = server::run(app.clone(), listener, admin).await;
    jobs.iter().for_each(JoinHandle::abort);
    listening.abort();
    stop.notify_one();
    share_at_the_end(&app).await;
    // It ends by itself; a code that is with the partner at this moment is worth the wait.
    drop(exchanging.await);
    served.map_err(|error| CliError::Failed(format!("serving failed: {error}")))
}

/// Returns when the process is told to stop (SIGTERM, SIGINT).
async fn told_to_stop() {
    #[cfg(unix)]
    if let Ok(mut terminate) = signal(SignalKind::terminate()) {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = ctrl_c() => {}
        }
        return;
    }
    drop(ctrl_c().await);
}

/// Binds an address of the configuration.
pub fn bind(key: &str, address: SocketAddr) -> Result<TcpListener, CliError> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.map_err(|error| CliError::Failed(format!("{key}: {address} can't be bound: {error}; choose another address")))
}

/// Where a listener listens.
pub fn address(listener: &TcpListener) -> Result<SocketAddr, CliError> {
    listener.local_addr().map_err(|error| CliError::Failed(format!("the listener has no address: {error}")))
}

/// The admin listener. On the default address it is a convenience, and another process there is no reason not to serve.
fn bind_admin(config: &Config) -> Result<Option<TcpListener>, CliError> {
    let (address, chosen) = config.admin_listen;
    match bind("admin_listen", address) {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if chosen => Err(error),
        Err(error) => {
            tracing::warn!("{}", error.words());
            Ok(None)
        }
    }
}
