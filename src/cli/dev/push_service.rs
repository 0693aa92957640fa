//! Owns the stand-in for browsers' push service of `couplet dev`, and that this server may reach it.

use std::net::SocketAddr;
use std::sync::Arc;

use ipnet::IpNet;
use url::Url;

use crate::app::{SystemClock, SystemRandomness};
use crate::cli::CliError;
use crate::config::Config;
use crate::rehearse::push_service::PushService;
use crate::web::routes::DEV_PUSH;

/// Lets messages to browsers go to a stand-in that this very run serves at `base_url`, where it listens; none when they are
/// switched off. Real push services are reached as ever.
pub(super) fn stand_in(
    config: &mut Config,
    base_url: &str,
    listens: SocketAddr,
) -> Result<Option<PushService>, CliError> {
    if !config.push.web_push {
        return Ok(None);
    }
    let url = Url::parse(&format!("{base_url}{DEV_PUSH}"));
    let url = url.map_err(|error| CliError::Failed(format!("the stand-in for a push service: {error}")))?;
    config.webhook_networks.push(IpNet::from(listens.ip()));
    Ok(Some(PushService::new(url, Arc::new(SystemClock), Arc::new(SystemRandomness))))
}
