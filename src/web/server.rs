//! Owns the listeners and their limits. Leaves what they serve to `routes.rs`.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, Protocol};
use actix_server::{Server, ServerBuilder};
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use actix_web::{App as Service, Error, web};
use tokio::net::TcpStream;

use crate::app::App;
use crate::web::patient_stream::PatientStream;
use crate::web::{guard, routes};

/// The longest time a request's head may take to arrive.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);

/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// How long requests in flight may take after the server was told to stop, in seconds.
const GRACE: u64 = 10;

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
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let builder = Server::build().workers(cores);
    let builder = if signals { builder } else { builder.disable_signals() };
    let with_dev = app.rehearsal.is_some();
    listen(builder, app, listener, move |services| routes::public(services, with_dev))
}

/// The operator's listener.
fn admin(app: Arc<App>, listener: TcpListener) -> std::io::Result<Server> {
    listen(Server::build().workers(1).disable_signals(), app, listener, routes::admin)
}

fn listen(
    builder: ServerBuilder,
    app: Arc<App>,
    listener: TcpListener,
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
            .client_request_timeout(HEAD_PATIENCE)
            .keep_alive(KEEP_ALIVE)
            .finish(map_config(service, |()| AppConfig::default()));
        fn_service(|stream: TcpStream| async move {
            let peer = stream.peer_addr().ok();
            // An answer is written whole; waiting to fill a packet would only delay it.
            drop(stream.set_nodelay(true));
            Ok((PatientStream::new(stream), Protocol::Http1, peer))
        })
        .and_then(http)
    };
    Ok(builder.listen("couplet", listener, service)?.run())
}
