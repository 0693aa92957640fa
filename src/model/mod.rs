//! Owns the words everyone shares: ids, secrets, scopes, redirect URIs, and what a user, a client and a grant are.
//! Leaves every decision to the rooms and every input and output to the floors above.

pub mod approval;
pub mod brake;
pub mod client;
pub mod email;
pub mod failure;
pub mod grant;
pub mod ids;
pub mod login;
pub mod outcomes;
pub mod parameters;
pub mod partner;
pub mod password_cost;
pub mod phone;
pub mod pkce;
pub mod push;
pub mod random;
pub mod redirect_uri;
pub mod reverse_link;
pub mod scope;
pub mod secret;
pub mod text_code;
pub mod text_message;
pub mod time;
pub mod twilio;
pub mod user;
