//! The hall: owns HTTP in and HTTP out. A handler takes the request apart, asks one room, converts, answers; every decision
//! is left to the rooms.

mod cors;
mod door;
mod doorman;
pub mod extract;
mod guard;
mod metrics;
mod oauth;
mod pages;
mod patient_stream;
mod push;
mod reply;
pub mod routes;
pub mod server;
mod twilio;
