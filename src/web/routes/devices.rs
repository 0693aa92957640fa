//! Owns the paths of people's devices: their list on the account page, the page on which they answer, and its scripts.

use actix_web::web::ServiceConfig;

use super::{post, read};
use crate::web::pages::{approve, assets, devices as list};

/// Where a signed-in person's browser fetches what it enrols with.
pub const ENROL: &str = "/account/devices/enrol";
/// Where the form is posted that removes a device.
pub const REMOVE: &str = "/account/devices/remove";
/// The page on which a browser answers.
pub const APPROVE: &str = "/approve";
/// The script that makes a browser a device; its folder's name changes with all scripts.
pub const DEVICE_SCRIPT: &str = concat!("/static/", env!("SCRIPTS_HASH"), "/device.js");
/// The account page's script, which loads the one before.
pub const ENROL_SCRIPT: &str = concat!("/static/", env!("SCRIPTS_HASH"), "/enrol.js");
/// The approval page's script, which loads the first.
pub const APPROVE_SCRIPT: &str = concat!("/static/", env!("SCRIPTS_HASH"), "/approve.js");
/// The service worker of the approval page. Browsers remember it by this name, which therefore never changes.
pub const WORKER: &str = "/static/approve-worker.js";

/// Everything of people's devices.
pub fn devices(services: &mut ServiceConfig) {
    services
        .service(post(ENROL, list::enrol))
        .service(post(REMOVE, list::remove))
        .service(read(APPROVE, approve::get))
        .service(read(DEVICE_SCRIPT, assets::device_script))
        .service(read(ENROL_SCRIPT, assets::enrol_script))
        .service(read(APPROVE_SCRIPT, assets::approve_script))
        .service(read(WORKER, assets::worker));
}
