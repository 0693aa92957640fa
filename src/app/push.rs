//! Owns putting push verification together with the services by which messages go to devices.

use std::sync::Arc;

use crate::config::Config;
use crate::model::failure::Fault;
use crate::model::push::factor::Platform;
use crate::model::random::Randomness;
use crate::model::time::Clock;
use crate::push::Push;
use crate::push::senders::Senders;
use crate::push::senders::apns::Apns;
use crate::push::senders::attempt::Way;
use crate::push::senders::fcm::Fcm;
use crate::push::senders::vapid::Vapid;
use crate::push::senders::web_push::WebPush;
use crate::push::targets::Targets;
use crate::store::Store;
use crate::tokens::keys::Keys;

/// Push verification of the server with this public URL.
pub(super) fn push(
    config: &Config,
    issuer: &str,
    store: Arc<dyn Store>,
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
) -> Result<Push, Fault> {
    let targets = Targets::new(config.webhook_networks.clone());
    let mut ways: Vec<(Platform, Box<dyn Way>)> = Vec::new();
    if config.push.web_push {
        let contact = config.push.contact.clone().or_else(|| issuer.starts_with("https://").then(|| issuer.to_owned()));
        let vapid = Vapid::new(keys.clone(), clock.clone(), contact);
        let way = WebPush::new(targets.clone(), vapid, clock.clone(), randomness.clone())?;
        ways.push((Platform::Web, Box::new(way)));
    }
    if let Some(firebase) = &config.push.firebase {
        ways.push((Platform::Fcm, Box::new(Fcm::new(firebase, super::outbound()?, clock.clone())?)));
    }
    if let Some(apple) = &config.push.apple {
        ways.push((Platform::Apn, Box::new(Apns::new(apple.clone(), super::outbound_by_http2()?, clock.clone()))));
    }
    let senders = Senders::new(ways, store.clone(), clock.clone(), randomness.clone())?;
    Push::new(store, keys, clock, randomness, Arc::new(senders), targets)
}
