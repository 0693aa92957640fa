//! What we do in Twilio's formats for its own services.

mod access_token;
