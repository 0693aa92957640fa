//! Owns the listeners: how connections come in, are bounded and end. Leaves what they serve to `routes.rs`.

use std::net::TcpListener;
use std::sync::Arc;

use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Protocol};
use actix_server::{Server, ServerBuilder};
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use actix_web::{App as Service, Error, web};
use tokio::net::TcpStream;

use crate::app::App;
use crate::web::door::{Door, Wire};
use crate::web::doorman::Doorman;
use crate::web::patient_stream::{LINGER, PatientStream};
use crate::web::{guard, routes};

/// How long requests in flight may take after the server was told to stop, in seconds.
const GRACE: u64 = 10;

/// Connections of the admin listener, beside those of the public.
const ADMIN_CONNECTIONS: usize = 256;

/// Serves on both listeners until the process is told to stop (SIGTERM, SIGINT) and what was in flight has ended.
pub async fn run(app: Arc<App>, listener: TcpListener, admin_listener: Option<TcpListener>) -> std::io::Result<()> {
    let admin = admin_listener.map(|listener| admin(app.clone(), listener)).transpose()?;
    let handle = admin.as_ref().map(Server::handle);
    let admin = admin.map(tokio::spawn);
    public(app, listener, true)?.await?;
    if let (Some(handle), Some(admin)) = (handle, admin) {
        handle.stop(true).await;
        drop(admin.await);
    }
    Ok(())
}

/// The public server; it runs while it is awaited. `signals`: stop by itself on SIGTERM and SIGINT.
pub fn public(app: Arc<App>, listener: TcpListener, signals: bool) -> std::io::Result<Server> {
    let most = usize::try_from(app.limits.connections).unwrap_or(usize::MAX);
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(most);
    // The library counts for each worker. Further connections wait in the listener's queue: a proxy's requests come late
    // rather than not at all.
    let builder = Server::build().workers(workers).max_concurrent_connections(most / workers);
    let builder = if signals { builder } else { builder.disable_signals() };
    let with_dev = app.rehearsal.is_some();
    let door = Door {
        doorman: Doorman::new(most, app.limits.connections_per_address, app.trusted_proxies.clone()),
        limits: app.limits,
        tls: app.tls.clone(),
    };
    listen(builder, app, listener, door, move |services| routes::public(services, with_dev))
}

/// The operator's listener, with connections of its own: it answers whatever happens on the other.
fn admin(app: Arc<App>, listener: TcpListener) -> std::io::Result<Server> {
    let builder = Server::build().workers(1).max_concurrent_connections(ADMIN_CONNECTIONS).disable_signals();
    let door = Door { doorman: Doorman::new(ADMIN_CONNECTIONS, None, Vec::new()), limits: app.limits, tls: None };
    listen(builder, app, listener, door, routes::admin)
}

fn listen(
    builder: ServerBuilder,
    app: Arc<App>,
    listener: TcpListener,
    door: Door,
    routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> std::io::Result<Server> {
    let builder = builder.shutdown_timeout(GRACE);
    let stopping = builder.graceful_shutdown_signal();
    let app = web::Data::from(app);
    let service = move || {
        let service = Service::new().app_data(app.clone()).wrap(from_fn(guard::surround)).configure(routes.clone());
        let service = service.into_factory().map_err(|error: Error| error.error_response());
        let stopping = stopping.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .client_request_timeout(door.limits.head_timeout)
            .client_disconnect_timeout(LINGER)
            // The stream ends idle connections by itself, without a timer for each request.
            .keep_alive(KeepAlive::Os)
            .on_connect_ext(|stream: &PatientStream<Box<dyn Wire>>, data| drop(data.insert(stream.hang_up())))
            .finish(map_config(service, |()| AppConfig::default()));
        let door = door.clone();
        fn_service(move |stream: TcpStream| {
            let door = door.clone();
            async move {
                let peer = stream.peer_addr().map_err(DispatchError::Io)?;
                let stream = door.let_in(stream, peer.ip()).await.map_err(DispatchError::Io)?;
                Ok((stream, Protocol::Http1, Some(peer)))
            }
        })
        .and_then(http)
    };
    Ok(builder.listen("couplet", listener, service)?.run())
}
