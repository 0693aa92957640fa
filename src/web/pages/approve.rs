//! Owns the page on which a browser that is a device answers. It knows nobody: the device's key, which its script uses, says who
//! answers.

use actix_web::HttpResponse;

use crate::web::pages::Frame;
use crate::web::pages::views::devices::ApprovePage;
use crate::web::routes::{STYLESHEET, Shared};

/// The page.
pub async fn get(app: Shared) -> HttpResponse {
    let page = ApprovePage { service: app.service_name.clone(), stylesheet: STYLESHEET };
    Frame::scripted(None).show(&page)
}
