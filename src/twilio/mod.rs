//! Twilio: owns what is asked of it. Text messages with codes go out by its Messages API (`messages/`). Leaves who gets one to
//! `identity/`.

pub mod messages;
