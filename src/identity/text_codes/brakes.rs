//! Owns how many messages are sent, and how many wrong codes are looked at. Leaves counting to `throttle/`.
//!
//! A message counts when it is asked for, whether or not it is sent: else the limits would tell whose number is known.

use std::net::IpAddr;

use crate::model::phone::Phone;
use crate::model::text_code::CodeTry;
use crate::throttle::address::address_key;
use crate::throttle::{Attempt, Throttle, Wait};

/// The brakes on text messages.
pub struct TextBrakes {
    /// Messages to one number.
    pub number: Throttle,
    /// Messages that one address asks for.
    pub sender: Throttle,
    /// Messages to the numbers of one country, which bounds the bill.
    pub country: Throttle,
    /// Wrong codes for one number.
    pub wrong: Throttle,
}

/// What was admitted. Dropped it counts.
#[must_use = "what is dropped counts"]
pub struct Admitted<'a>(Vec<Attempt<'a>>);

impl Admitted<'_> {
    /// It does not count.
    pub fn forgive(self) {
        self.0.into_iter().for_each(Attempt::forgive);
    }
}

/// A try that was let through. Dropped it counts as a failure.
#[must_use = "what is dropped counts"]
pub struct AdmittedTry<'a> {
    address: Attempt<'a>,
    number: Attempt<'a>,
}

impl AdmittedTry<'_> {
    /// It came to this; `None` when no code was looked at. A wrong code counts for the number, and every try that opens nothing
    /// counts for the address: it has cost work.
    pub fn end(self, outcome: Option<CodeTry>) {
        let Self { address, number } = self;
        if outcome != Some(CodeTry::Wrong) {
            number.forgive();
        }
        if matches!(outcome, None | Some(CodeTry::Right)) {
            address.forgive();
        }
    }
}

impl TextBrakes {
    /// Lets a message be asked for.
    pub fn admit(&self, to: &Phone, from: IpAddr) -> Result<Admitted<'_>, Wait> {
        let country = to.region();
        let brakes = [
            (&self.sender, address_key(from)),
            (&self.number, to.as_str().as_bytes().to_vec()),
            (&self.country, country.into_bytes()),
        ];
        let mut admitted = Admitted(Vec::with_capacity(brakes.len()));
        for (brake, key) in &brakes {
            match brake.admit(key) {
                Ok(attempt) => admitted.0.push(attempt),
                Err(wait) => {
                    admitted.forgive();
                    return Err(wait);
                }
            }
        }
        Ok(admitted)
    }

    /// Lets a code be tried. `address` counts failed sign-ins by address, and these are some.
    pub fn admit_try<'a>(
        &'a self,
        phone: &Phone,
        address: &'a Throttle,
        from: IpAddr,
    ) -> Result<AdmittedTry<'a>, Wait> {
        let address = address.admit(&address_key(from))?;
        match self.wrong.admit(phone.as_str().as_bytes()) {
            Ok(number) => Ok(AdmittedTry { address, number }),
            Err(wait) => {
                address.forgive();
                Err(wait)
            }
        }
    }
}
