//! Owns what a proxy says of the protocol it was reached by. Nothing depends on it: links, cookies and
//! `Strict-Transport-Security` follow `public_url`. A proxy that admits plain http in front of an https `public_url` is told to
//! the operator; its requests are served, since many inner proxies put down how *they* were reached.

use std::sync::Once;

use actix_web::dev::ServiceRequest;

use crate::app::App;
use crate::web::extract::client_ip::is_trusted;

static TOLD: Once = Once::new();

/// Warns once of a trusted proxy that passes on what came to it by plain http.
pub fn warn_of_plain_http(request: &ServiceRequest, app: &App) {
    if is_plain(request, app) {
        TOLD.call_once(|| {
            tracing::warn!(
                "a trusted proxy passes on requests with X-Forwarded-Proto: http; let it redirect plain http to https, \
                 or mend the header if it is not true"
            );
        });
    }
}

fn is_plain(request: &ServiceRequest, app: &App) -> bool {
    // The first value is the client's own hop.
    let forwarded = request.headers().get("x-forwarded-proto").map(|value| value.as_bytes());
    let first = forwarded.and_then(|protos| protos.split(|byte| *byte == b',').next()).map(<[u8]>::trim_ascii);
    first.is_some_and(|proto| proto.eq_ignore_ascii_case(b"http"))
        && app.is_https()
        && request.peer_addr().is_some_and(|peer| is_trusted(peer.ip().to_canonical(), &app.trusted_proxies))
}
