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
