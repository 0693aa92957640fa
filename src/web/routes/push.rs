//! Owns the paths of push verification, in Twilio Verify's form, and the addresses that its answers tell.

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

use super::{at, post, read};
use crate::model::push::challenge::Challenge;
use crate::model::push::factor::Factor;
use crate::model::push::service::{Enrolment, Scope, Service};
use crate::model::push::sid::ServiceSid;
use crate::model::push::webhook::Webhook;
use crate::web::cors;
use crate::web::push::{access_tokens, challenges, entities, factors, notifications, services, webhooks};

/// Everything of push verification lies below.
pub const PUSH: &str = "/v2/";

const SERVICES: &str = "/v2/Services";
const SERVICE: &str = "/v2/Services/{service}";
const ACCESS_TOKENS: &str = "/v2/Services/{service}/AccessTokens";
const ACCESS_TOKEN: &str = "/v2/Services/{service}/AccessTokens/{sid}";
const ENTITIES: &str = "/v2/Services/{service}/Entities";
const ENTITY: &str = "/v2/Services/{service}/Entities/{identity}";
const FACTORS: &str = "/v2/Services/{service}/Entities/{identity}/Factors";
const FACTOR: &str = "/v2/Services/{service}/Entities/{identity}/Factors/{sid}";
const CHALLENGES: &str = "/v2/Services/{service}/Entities/{identity}/Challenges";
const CHALLENGE: &str = "/v2/Services/{service}/Entities/{identity}/Challenges/{sid}";
const NOTIFICATIONS: &str = "/v2/Services/{service}/Entities/{identity}/Challenges/{sid}/Notifications";
const WEBHOOKS: &str = "/v2/Services/{service}/Webhooks";
const WEBHOOK: &str = "/v2/Services/{service}/Webhooks/{sid}";

/// Every path with the name by which it is counted, the busiest first.
pub const ENDPOINTS: [&str; 13] = [
    CHALLENGE,
    CHALLENGES,
    FACTOR,
    FACTORS,
    ACCESS_TOKENS,
    NOTIFICATIONS,
    SERVICE,
    ENTITY,
    ENTITIES,
    ACCESS_TOKEN,
    WEBHOOKS,
    WEBHOOK,
    SERVICES,
];

/// Whether a path is of this form: what stands in braces may be anything.
pub fn is_of_form(form: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    let fits = form.split('/').all(|expected| {
        segments.next().is_some_and(|segment| segment == expected || (expected.starts_with('{') && !segment.is_empty()))
    });
    fits && segments.next().is_none()
}

const GET_POST: &[Method] = &[Method::GET, Method::HEAD, Method::POST];
const GET_DELETE: &[Method] = &[Method::GET, Method::HEAD, Method::DELETE];
const ALL: &[Method] = &[Method::GET, Method::HEAD, Method::POST, Method::DELETE];

/// A resource with handlers for some methods.
macro_rules! resource {
    ($path:expr, $methods:expr, $read:expr $(, $method:ident: $handler:expr)*) => {
        at($path, $methods)
            .route(web::get().to($read))
            .route(web::head().to($read))
            $(.route(web::$method().to($handler)))*
    };
}

/// What a device may call, which is a page of another origin at times.
macro_rules! for_devices {
    ($($resource:tt)*) => {
        resource!($($resource)*).wrap(from_fn(cors::for_devices))
    };
}

/// Everything of push verification.
pub fn push(to: &mut ServiceConfig) {
    to.service(resource!(SERVICES, GET_POST, services::list, post: services::create))
        .service(resource!(SERVICE, ALL, services::get, post: services::update, delete: services::delete))
        .service(post(ACCESS_TOKENS, access_tokens::create))
        .service(read(ACCESS_TOKEN, access_tokens::get))
        .service(resource!(ENTITIES, GET_POST, entities::list, post: entities::create))
        .service(resource!(ENTITY, GET_DELETE, entities::get, delete: entities::delete))
        .service(for_devices!(FACTORS, GET_POST, factors::list, post: factors::create))
        .service(for_devices!(FACTOR, ALL, factors::get, post: factors::update, delete: factors::delete))
        .service(for_devices!(CHALLENGES, GET_POST, challenges::list, post: challenges::create))
        .service(for_devices!(CHALLENGE, GET_POST, challenges::get, post: challenges::answer))
        .service(post(NOTIFICATIONS, notifications::create))
        .service(resource!(WEBHOOKS, GET_POST, webhooks::list, post: webhooks::create))
        .service(resource!(WEBHOOK, ALL, webhooks::get, post: webhooks::update, delete: webhooks::delete));
}

/// The address of all services.
pub fn services_url(base: &str) -> String {
    format!("{base}{SERVICES}")
}

/// The address of a service.
pub fn service_url(base: &str, service: ServiceSid) -> String {
    format!("{base}{SERVICES}/{service}")
}

/// The address of something directly below a service.
pub fn below(base: &str, service: &Service, what: &str) -> String {
    format!("{}/{what}", service_url(base, service.sid))
}

/// The address of an access token.
pub fn enrolment_url(base: &str, enrolment: &Enrolment) -> String {
    format!("{}/AccessTokens/{}", service_url(base, enrolment.scope.service), enrolment.sid)
}

/// The address of a webhook.
pub fn webhook_url(base: &str, webhook: &Webhook) -> String {
    format!("{}/Webhooks/{}", service_url(base, webhook.service), webhook.sid)
}

/// The address of an entity.
pub fn entity_url(base: &str, scope: &Scope) -> String {
    format!("{}/Entities/{}", service_url(base, scope.service), scope.identity)
}

/// The address of a factor.
pub fn factor_url(base: &str, factor: &Factor) -> String {
    format!("{}/Factors/{}", entity_url(base, &factor.scope), factor.sid)
}

/// The address of a challenge.
pub fn challenge_url(base: &str, challenge: &Challenge) -> String {
    format!("{}/Challenges/{}", entity_url(base, &challenge.scope), challenge.sid)
}

#[cfg(test)]
mod tests {
    use super::{CHALLENGES, SERVICES, is_of_form};
    use rstest::rstest;

    #[rstest]
    #[case(SERVICES, "/v2/Services", true)]
    #[case(SERVICES, "/v2/Services/", false)]
    #[case(CHALLENGES, "/v2/Services/VA1/Entities/me/Challenges", true)]
    #[case(CHALLENGES, "/v2/Services/VA1/Entities/me/Factors", false)]
    #[case(CHALLENGES, "/v2/Services//Entities/me/Challenges", false)]
    #[case(CHALLENGES, "/v2/Services/VA1/Entities/me", false)]
    fn a_path_has_one_form(#[case] form: &str, #[case] path: &str, #[case] fits: bool) {
        assert_eq!(is_of_form(form, path), fits);
    }
}
