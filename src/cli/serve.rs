//! Owns `couplet serve`: from a checked configuration to listeners. Leaves serving to `web/server.rs`.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::signal::ctrl_c;
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use url::Url;

use crate::app::{App, outbound};
use crate::cli::print::line;
use crate::cli::{CliError, open};
use crate::config::Config;
use crate::jobs::brakes::{share_at_the_end, share_forever};
use crate::jobs::certificate;
use crate::jobs::disowned::withdraw_forever;
use crate::jobs::exchange::exchange_until;
use crate::jobs::master_key::follow_forever;
use crate::jobs::purge::purge_forever;
use crate::jobs::webhooks::deliver_until;
use crate::store::open::{Migrations, open as open_store};
use crate::telemetry;
use crate::telemetry::otel::Exporter;
use crate::tls::served::Served;
use crate::tokens::master_key::MasterKey;
use crate::web::server;

/// Connections that wait to be let in.
const BACKLOG: u32 = 4096;

/// Files beside the public connections: database, admin listener, partners, the program's own.
const OTHER_FILES: u32 = 512;

/// Longest wait for text messages, and for push messages, on their way.
const SENDING: Duration = Duration::from_secs(5);

/// Longest wait for the database's connections to end.
const CLOSING: Duration = Duration::from_secs(2);

/// Serves until it is told to stop.
pub async fn run(mut config: Config, no_migrate: bool) -> Result<(), CliError> {
    let exporter = config.otlp_endpoint.as_ref().map(|collector| Exporter::to(collector, outbound()?)).transpose()?;
    let _until_the_end = telemetry::begin(config.log_format, exporter)?;
    fit_into_file_limit(&mut config);
    let listener = bind("listen", config.listen)?;
    let admin = bind_admin(&config)?;
    let master_key = open::master_key(&config)?;
    if let Some(path) = config.master_key_file.as_deref().filter(|path| MasterKey::is_exposed(path)) {
        tracing::warn!("{} can be read by others; run `chmod 600` on it", path.display());
    }
    let migrations = if no_migrate { Migrations::Leave } else { Migrations::Apply };
    let new = config.database.missing_file().is_some();
    let store = open_store(&config.database, migrations).await?;
    store.check().await?;
    let mut app = open::assemble(&config, &open::issuer(&config), store, master_key).await?;
    app.tls = open_tls(&config)?;
    let database = &config.database;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), ?database, "starting");
    if new {
        tracing::warn!(
            ?database,
            "made a new, empty database; if there should be links in it, the folder is the wrong one"
        );
    }
    line(&format!("Couplet serves {} on {}", open::issuer(&config), address(&listener)?));
    serve(app, listener, admin).await
}

/// Runs both listeners and the jobs until the process is told to stop.
pub async fn serve(app: App, listener: TcpListener, admin: Option<TcpListener>) -> Result<(), CliError> {
    let app = Arc::new(app);
    let (for_purge, for_master_key, for_brakes, for_owners) = (app.clone(), app.clone(), app.clone(), app.clone());
    let mut jobs = vec![
        tokio::spawn(async move { purge_forever(&for_purge).await }),
        tokio::spawn(async move { follow_forever(&for_master_key).await }),
        tokio::spawn(async move { share_forever(&for_brakes).await }),
        tokio::spawn(async move { withdraw_forever(&for_owners).await }),
    ];
    if let Some(served) = app.tls.clone() {
        let app = app.clone();
        jobs.push(tokio::spawn(async move { certificate::follow_forever(&app, served).await }));
    }
    let (stop, stop_telling) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let telling = tokio::spawn(deliver_until(app.push.outbox.clone(), stop_telling.clone()));
    let exchanging = tokio::spawn(exchange_until(app.protocol.partners.clone(), stop.clone()));
    // The same signal that lets the server take no more requests: nothing new is begun while it answers the last ones.
    let (told, told_too, draining) = (stop.clone(), stop_telling.clone(), app.clone());
    let listening = tokio::spawn(async move {
        told_to_stop().await;
        tracing::info!("told to stop; requests in flight are finished");
        draining.drain();
        told.notify_one();
        told_too.notify_one();
    });
    let served = server::run(app.clone(), listener, admin).await;
    jobs.iter().for_each(JoinHandle::abort);
    listening.abort();
    stop.notify_one();
    stop_telling.notify_one();
    share_at_the_end(&app).await;
    if let Some(texts) = &app.identity.texts
        && timeout(SENDING, texts.ended()).await.is_err()
    {
        tracing::warn!("the last text messages were not handed over in time; who waits for one asks again");
    }
    if timeout(SENDING, app.push.sender.ended()).await.is_err() {
        tracing::warn!("the last push messages were not handed over in time; devices ask by themselves");
    }
    // It ends by itself; a code that is with the partner at this moment is worth the wait.
    drop(exchanging.await);
    drop(telling.await);
    if timeout(CLOSING, app.store.close()).await.is_err() {
        tracing::warn!("the database was not let go of in time; nothing is lost by that");
    }
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

/// The certificate, when this program terminates TLS.
fn open_tls(config: &Config) -> Result<Option<Arc<Served>>, CliError> {
    let Some(files) = config.tls.clone() else { return Ok(None) };
    if files.is_key_exposed() {
        tracing::warn!("{} can be read by everybody; run `chmod 600` on it", files.key.display());
    }
    let host = config.public_url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let served = Served::open(files, host);
    let served = served.map_err(|why| CliError::Usage(format!("{} {}; {}", why.key, why.what, why.mend)))?;
    Ok(Some(Arc::new(served)))
}

/// Allows this process as many open files as the system lets it; with fewer than the connections need, there are fewer of
/// those: without files left, neither the database nor the admin listener could be reached.
fn fit_into_file_limit(config: &mut Config) {
    let allowed = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(u64::MAX);
    let most = u32::try_from(allowed).unwrap_or(u32::MAX).saturating_sub(OTHER_FILES).max(1);
    if config.limits.connections > most {
        tracing::warn!(
            allowed,
            "limits.connections is {}, but so many files may not be open; {most} hold. Raise the limit of open files \
             (LimitNOFILE= in systemd) to {} or lower limits.connections",
            config.limits.connections,
            config.limits.connections.saturating_add(OTHER_FILES),
        );
        config.limits.connections = most;
    }
}

/// Binds an address of the configuration.
pub fn bind(key: &str, address: SocketAddr) -> Result<TcpListener, CliError> {
    let listen = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A port whose last connections are still being forgotten is free (on Windows it would be shared).
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)?.into_std()
    };
    let bound: std::io::Result<TcpListener> = listen();
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
