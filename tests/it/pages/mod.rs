//! The pages as people meet them, by plain HTTP: words, forms, headers, cookies, weight.

mod account;
mod approval;
mod by_code;
mod consent;
mod cookies;
mod devices;
mod devices_of_account;
mod enumeration;
mod forgery;
mod headers;
mod open_redirect;
mod planted;
mod problem;
mod scene;
mod sessions;
mod sign_in;
mod throttle;
mod weight;
