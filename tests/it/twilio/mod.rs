//! Twilio: what is asked of it, to the byte, and what its answers lead to.

mod messages;
