//! Faults of what the server stands on: the clock, the disk, a database that another holds, the order to stop.

mod clock;
mod full_disk;
mod held;
mod read_only;
mod silence;
mod told_to_stop;
