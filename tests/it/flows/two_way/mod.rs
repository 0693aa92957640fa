//! Two-way links against a real server process: what a partner's faults, crashes and crowds must not cost.

mod crowd;
mod faults;
mod killed;
mod lost;
