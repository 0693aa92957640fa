//! Owns the listeners and their limits. Leaves what they serve to `routes.rs`.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App as Service, HttpServer, web};

use crate::app::App;
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
    let app = web::Data::from(app);
    let with_dev = app.rehearsal.is_some();
    let mut server = HttpServer::new(move || {
        Service::new()
            .app_data(app.clone())
            .wrap(from_fn(guard::surround))
            .configure(|services| routes::public(services, with_dev))
    })
    .workers(workers())
    .client_request_timeout(HEAD_PATIENCE)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(GRACE);
    if !signals {
        server = server.disable_signals();
    }
    Ok(server.listen(listener)?.run())
}

/// The operator's listener.
fn admin(app: Arc<App>, listener: TcpListener) -> std::io::Result<Server> {
    let app = web::Data::from(app);
    let server = HttpServer::new(move || {
        Service::new().app_data(app.clone()).wrap(from_fn(guard::surround)).configure(routes::health)
    });
    let server = server.workers(1).client_request_timeout(HEAD_PATIENCE).disable_signals();
    Ok(server.shutdown_timeout(GRACE).listen(listener)?.run())
}

fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}
