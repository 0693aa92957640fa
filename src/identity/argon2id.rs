//! Owns the argon2id hash itself, by the faster of two crates, checked against the other on the machine it runs on (decision
//! 0003). The only file that names them. Leaves queueing to `password.rs`.

use argon2_rust::params::{Memory, TagLen};
use argon2_rust::{Algorithm, Argon2, Hasher, Params, Version};

use crate::model::failure::Fault;
use crate::model::password_cost::PasswordCost;

/// Bytes of a hash.
const TAG: usize = 32;

/// Makes and checks hashes of one cost; keeps its memory from one hash to the next.
pub struct Argon2id {
    hasher: Hasher,
    ceiling: Params,
}

impl Argon2id {
    /// A hasher of that cost.
    pub fn new(cost: PasswordCost) -> Result<Self, Fault> {
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params(cost)?).hasher();
        Ok(Self { hasher, ceiling: params(PasswordCost::CEILING)? })
    }

    /// The PHC string of the password's hash.
    pub fn hash(&mut self, password: &[u8], salt: &[u8]) -> Result<String, Fault> {
        self.hasher.hash_encoded(password, salt).map_err(|why| Fault::new(format!("hashing a password failed: {why}")))
    }

    /// Whether `stored` was made from this password; its own cost counts, within a ceiling.
    pub fn verify(&mut self, password: &[u8], stored: &str) -> bool {
        self.hasher.verify_encoded_bounded(stored, password, Algorithm::Argon2id, &self.ceiling).is_ok()
    }
}

/// Whether a stored hash has that cost.
pub fn has_cost(stored: &str, cost: PasswordCost) -> bool {
    let PasswordCost { memory_kib, iterations, parallelism } = cost;
    stored.starts_with(&format!("$argon2id$v=19$m={memory_kib},t={iterations},p={parallelism}$"))
}

/// Compares both crates on this machine's own instructions, which are chosen at run time.
pub fn check_against_reference(password: &[u8], salt: &[u8]) -> Result<(), Fault> {
    let cost = PasswordCost { memory_kib: 64, iterations: 2, parallelism: 1 };
    let fast = Argon2::new(Algorithm::Argon2id, Version::V0x13, params(cost)?).hash(password, salt);
    let params = argon2::Params::new(cost.memory_kib, cost.iterations, cost.parallelism, Some(TAG));
    let reference =
        argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params.unwrap_or_default());
    let mut expected = [0; TAG];
    let done = reference.hash_password_into(password, salt, &mut expected);
    if done.is_ok() && fast.is_ok_and(|fast| fast == expected) {
        return Ok(());
    }
    Err(Fault::new(
        "password hashing gives wrong results on this processor; please report it with the processor's name",
    ))
}

fn params(cost: PasswordCost) -> Result<Params, Fault> {
    Params::builder()
        .memory(Memory::kib(cost.memory_kib.into()))
        .passes(cost.iterations)
        .lanes(cost.parallelism)
        .threads(1)
        .tag_len(TagLen::bytes(32))
        .build()
        .map_err(|why| Fault::new(format!("password.memory_kib, .iterations, .parallelism: {why}")))
}

#[cfg(test)]
mod tests {
    use super::{Argon2id, check_against_reference, has_cost};
    use crate::model::password_cost::PasswordCost;

    /// Made by the reference program: `echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -e`.
    const KNOWN: &str = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    #[test]
    fn another_password_and_a_damaged_string_are_refused() {
        let mut argon2id = Argon2id::new(PasswordCost { memory_kib: 64, iterations: 1, parallelism: 1 }).unwrap();
        assert!(!argon2id.verify(b"Password", KNOWN));
        assert!(!argon2id.verify(b"password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ"));
        assert!(!argon2id.verify(b"password", ""));
    }

    #[test]
    fn a_string_that_would_occupy_the_machine_is_refused() {
        let mut argon2id = Argon2id::new(PasswordCost { memory_kib: 64, iterations: 1, parallelism: 1 }).unwrap();
        assert!(!argon2id.verify(b"password", &KNOWN.replace("m=65536", "m=4294967295")));
    }

    #[test]
    fn the_reference_programs_hash_is_verified_and_our_own_has_the_configured_cost() {
        let cost = PasswordCost { memory_kib: 128, iterations: 2, parallelism: 1 };
        let mut argon2id = Argon2id::new(cost).unwrap();
        assert!(argon2id.verify(b"password", KNOWN));
        let ours = argon2id.hash(b"password", b"0123456789abcdef").unwrap();
        assert!(has_cost(&ours, cost) && !has_cost(KNOWN, cost));
        assert!(argon2id.verify(b"password", &ours));
    }

    #[test]
    fn both_crates_agree_on_many_inputs() {
        for length in 0..64_u8 {
            let password: Vec<u8> = (0..length).collect();
            check_against_reference(&password, &[length; 16]).unwrap();
        }
    }
}
