//! Owns how the places before password hashing are shared out, so that nobody fills them all: neither one account nor one
//! address, nor all browsers together in which nobody has signed in before. Leaves hashing to `password.rs`, and counting
//! failures to `doors.rs`: a place is held by right passwords too.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::identity::password::Busy;
use crate::model::login::Login;
use crate::throttle::address::address_key;

/// As many for one account: a person signs in with few devices in the same second.
const OF_AN_ACCOUNT: usize = 8;

/// Whoever comes from one address holds no more than this part of all.
const OF_AN_ADDRESS: usize = 4;

/// This part of all is left to browsers in which somebody has signed in before.
const LEFT_TO_KNOWN: usize = 4;

/// The places, as many as passwords may be under way at once.
pub struct Places {
    most: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    all: usize,
    by_name: HashMap<Name, usize>,
}

/// For whom a place is held.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Name {
    Account(String),
    Address(Vec<u8>),
}

/// A place; it is free again when this is dropped.
#[must_use = "a place that is dropped is free again"]
pub struct Place<'a> {
    places: &'a Places,
    names: [Option<Name>; 2],
}

impl Places {
    /// As many in all.
    pub fn new(most: usize) -> Self {
        Self { most, held: Mutex::default() }
    }

    /// Takes a place, for a browser that knows the account or one that does not.
    pub fn take(&self, login: Option<&Login>, address: IpAddr, is_known: bool) -> Result<Place<'_>, Busy> {
        let account = login.map(|login| Name::Account(login.key().to_owned()));
        let names = [account, Some(Name::Address(address_key(address)))];
        let mut held = self.held();
        let left = if is_known { 0 } else { self.most / LEFT_TO_KNOWN };
        if held.all >= self.most - left || names.iter().flatten().any(|name| held.of(name) >= self.most_of(name)) {
            return Err(Busy);
        }
        held.all += 1;
        for name in names.iter().flatten() {
            *held.by_name.entry(name.clone()).or_default() += 1;
        }
        Ok(Place { places: self, names })
    }

    fn most_of(&self, name: &Name) -> usize {
        match name {
            Name::Account(_) => OF_AN_ACCOUNT,
            Name::Address(_) => (self.most / OF_AN_ADDRESS).max(1),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn of(&self, name: &Name) -> usize {
        self.by_name.get(name).copied().unwrap_or_default()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut held = self.places.held();
        held.all -= 1;
        for name in self.names.iter().flatten() {
            let left = held.of(name).saturating_sub(1);
            if left == 0 {
                held.by_name.remove(name);
            } else {
                held.by_name.insert(name.clone(), left);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{OF_AN_ACCOUNT, Place, Places};
    use crate::model::login::Login;
    use std::net::IpAddr;

    const ALL: usize = 128;

    fn address(number: u32) -> IpAddr {
        IpAddr::V4((0x0a00_0000 + number).into())
    }

    fn login(number: u32) -> Login {
        Login::parse(&format!("person-{number}")).unwrap()
    }

    /// Takes places for as many as get one.
    fn flood(places: &Places, of: impl Fn(u32) -> (Login, IpAddr, bool)) -> Vec<Place<'_>> {
        let tries =
            (0..1000).map(of).map_while(|(login, from, is_known)| places.take(Some(&login), from, is_known).ok());
        tries.collect()
    }

    #[test]
    fn one_account_takes_few_places_whatever_it_comes_from() {
        let places = Places::new(ALL);
        let taken = flood(&places, |number| (login(0), address(number), true));
        assert_eq!(taken.len(), OF_AN_ACCOUNT);
        assert!(places.take(Some(&login(1)), address(0), true).is_ok());
    }

    #[test]
    fn one_address_takes_a_quarter_whoever_comes_from_it() {
        let places = Places::new(ALL);
        let taken = flood(&places, |number| (login(number), address(0), true));
        assert_eq!(taken.len(), ALL / 4);
        assert!(places.take(Some(&login(0)), address(1), false).is_ok());
    }

    #[test]
    fn however_many_strangers_come_a_browser_that_knows_the_account_gets_in() {
        let places = Places::new(ALL);
        let taken = flood(&places, |number| (login(number), address(number), false));
        assert_eq!(taken.len(), ALL - ALL / 4);
        assert!(places.take(Some(&login(5000)), address(5000), false).is_err());
        assert!(places.take(Some(&login(5000)), address(5000), true).is_ok());
    }

    #[test]
    fn a_place_that_is_left_is_free_again() {
        let places = Places::new(ALL);
        for _ in 0..3 {
            let taken = flood(&places, |number| (login(0), address(number), true));
            assert_eq!(taken.len(), OF_AN_ACCOUNT);
        }
        assert!(places.held().by_name.is_empty() && places.held().all == 0);
    }

    #[test]
    fn what_is_nobodys_login_shares_the_places_of_its_address() {
        let places = Places::new(ALL);
        let taken: Vec<_> = (0..1000).map_while(|_| places.take(None, address(0), false).ok()).collect();
        assert_eq!(taken.len(), ALL / 4);
    }
}
