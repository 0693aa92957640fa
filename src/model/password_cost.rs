//! Owns the cost of a password hash. Leaves hashing to `identity/`.

/// The cost of an argon2id hash (RFC 9106 section 3.1).
#[derive(Clone, Copy, Debug)]
pub struct PasswordCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

impl PasswordCost {
    /// The most that a hash may cost, so that neither a setting nor a foreign hash can occupy the machine.
    pub const CEILING: PasswordCost = PasswordCost { memory_kib: 1 << 20, iterations: 64, parallelism: 64 };
}
