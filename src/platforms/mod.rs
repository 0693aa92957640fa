//! Owns what is known of each platform, as tables: redirect URIs, policies, limits, and what its console asks for. Leaves
//! acting on it to the rooms and the command line.

pub mod alexa;
pub mod preset;
