//! What we do in Twilio's formats for its own services.

mod access_token;
//! Twilio: what is asked of it, to the byte, and what its answers lead to.

mod messages;
