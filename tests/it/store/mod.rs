//! The conformance suite of the storage traits: every case holds on each database.
//!
//! What is *remembered* comes back whole, what is *atomic* has one winner, what is *forgotten* takes nothing else along;
//! then the doubt about stored values, the schema, and opening.

mod approvals;
mod atomic;
mod cellar;
mod corrupt;
mod forgets;
mod opening;
mod partners;
mod phone;
mod raw;
mod remembers;
mod row_size;
mod schema;
mod text_codes;
