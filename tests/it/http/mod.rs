//! The endpoints as programs meet them.

mod code_exchange;
