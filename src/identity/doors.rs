//! Owns which attempts to sign in are let through to the password check. Leaves counting to `throttle/`.
//!
//! Three doors lead to an account. Browsers that know it have one each. All others share one, which guessing shuts. While that
//! is shut, each network that did not fail within the window has one try from the account's reserve. What is told to wait was
//! not checked, and counts nowhere.

use std::net::IpAddr;

use crate::identity::device::KnownDevice;
use crate::model::login::Login;
use crate::throttle::address::{address_key, network_key};
use crate::throttle::{Attempt, Throttle, Wait};

/// As many tries as an account has in reserve within a window, for each one that strangers share.
pub const RESERVE: u32 = 3;

/// The brakes on guessing passwords.
pub struct Doors {
    /// By address, whatever the account.
    pub address: Throttle,
    /// By account, for browsers new to it.
    pub account: Throttle,
    /// By account and network, also through the door that is shared: none of one that failed may use the reserve.
    pub network: Throttle,
    /// By account: how many such tries there are.
    pub reserve: Throttle,
    /// By account and a browser that knows it.
    pub device: Throttle,
}

/// An attempt that was let through. Dropped it counts as a failure, with every brake it passed.
#[derive(Default)]
#[must_use = "an attempt that is dropped counts as a failure"]
pub struct Admission<'a>(Vec<Attempt<'a>>);

impl Admission<'_> {
    /// It was no failure.
    pub fn forgive(self) {
        self.0.into_iter().for_each(Attempt::forgive);
    }
}

impl Doors {
    /// Lets an attempt through, or tells how long to wait.
    pub fn admit(
        &self,
        login: Option<&Login>,
        address: IpAddr,
        device: Option<KnownDevice>,
    ) -> Result<Admission<'_>, Wait> {
        // What can be nobody's login is braked by address alone: all who mistype share no account.
        let Some(login) = login else { return Ok(Admission(vec![self.address.admit(&address_key(address))?])) };
        let account = login.key().as_bytes();
        if let Some(device) = device
            && let Ok(attempt) = self.device.admit(&[device.number(), account].concat())
        {
            return Ok(Admission(vec![attempt]));
        }
        let from_there = self.address.admit(&address_key(address))?;
        match self.admit_stranger(account, address) {
            Ok(mut admission) => {
                admission.0.push(from_there);
                Ok(admission)
            }
            Err(wait) => {
                from_there.forgive();
                Err(wait)
            }
        }
    }

    fn admit_stranger(&self, account: &[u8], address: IpAddr) -> Result<Admission<'_>, Wait> {
        let from_there = keyed(account, &network_key(address));
        let wait = match self.account.admit(account) {
            Ok(attempt) => return Ok(Admission(vec![attempt, self.network.begin(&from_there)])),
            Err(wait) => wait,
        };
        let network = self.network.admit(&from_there).map_err(|_| wait)?;
        match self.reserve.admit(account) {
            Ok(reserve) => Ok(Admission(vec![network, reserve])),
            Err(_) => {
                network.forgive();
                Err(wait)
            }
        }
    }
}

/// An account and a network, told apart by the length of the first.
fn keyed(account: &[u8], network: &[u8]) -> Vec<u8> {
    let length = u32::try_from(account.len()).unwrap_or(u32::MAX).to_be_bytes();
    [length.as_slice(), account, network].concat()
}

#[cfg(test)]
mod tests {
    use super::{Admission, Doors, RESERVE};
    use crate::identity::device::tests::Chance;
    use crate::identity::device::{Device, KnownDevice};
    use crate::model::brake::BrakeKind;
    use crate::model::login::Login;
    use crate::throttle::{Limit, Throttle};
    use crate::tokens::derived::TokenKeys;
    use std::net::IpAddr;
    use std::time::Duration;

    const COUNT: u32 = 4;

    fn doors() -> Doors {
        let brake = |kind, count| Throttle::new(kind, Some(Limit { count, per: Duration::from_secs(60) }), [1; 32]);
        Doors {
            address: brake(BrakeKind::Address, 100),
            account: brake(BrakeKind::Account, COUNT),
            network: brake(BrakeKind::Network, 1),
            reserve: brake(BrakeKind::Reserve, COUNT * RESERVE),
            device: brake(BrakeKind::Device, COUNT),
        }
    }

    fn ada() -> Login {
        Login::parse("Ada").unwrap()
    }

    fn known(login: &Login) -> Option<KnownDevice> {
        let keys = TokenKeys::from_root(&[1; 32]).unwrap();
        Device::fresh(&Chance).with(&keys.device, login).known_for(&keys.device, login)
    }

    fn address(network: u32, host: u32) -> IpAddr {
        IpAddr::V4((0x0a00_0000 + (network << 8) + host).into())
    }

    /// Guesses wrong; tells whether the guess was looked at.
    fn guess(doors: &Doors, from: IpAddr, device: Option<KnownDevice>) -> bool {
        doors.admit(Some(&ada()), from, device).map(drop).is_ok()
    }

    fn shut(doors: &Doors) {
        while guess(doors, address(0, 1), None) {}
    }

    #[test]
    fn strangers_shut_their_own_door_and_not_that_of_a_device() {
        let doors = doors();
        let device = known(&ada());
        shut(&doors);
        doors.admit(Some(&ada()), address(0, 1), device).map(Admission::forgive).unwrap();
        doors.admit(Some(&Login::parse("Bob").unwrap()), address(0, 1), None).map(Admission::forgive).unwrap();
    }

    #[test]
    fn a_stolen_device_is_limited_by_its_own_count_and_then_a_stranger() {
        let doors = doors();
        let (stolen, own) = (known(&ada()), known(&ada()));
        let looked_at = (0..100).filter(|_| guess(&doors, address(0, 1), stolen)).count();
        assert_eq!(looked_at, 2 * COUNT as usize);
        assert!(guess(&doors, address(0, 1), own), "another device of hers");
    }

    #[test]
    fn a_network_that_did_not_fail_has_one_try_while_the_door_is_shut() {
        let doors = doors();
        shut(&doors);
        assert!(!guess(&doors, address(0, 2), None), "a neighbour of the guesser");
        doors.admit(Some(&ada()), address(1, 1), None).map(Admission::forgive).unwrap();
        assert!(guess(&doors, address(1, 1), None), "a right password is no failure");
        assert!(!guess(&doors, address(1, 1), None) && !guess(&doors, address(1, 9), None));
    }

    #[test]
    fn many_networks_share_one_reserve() {
        let doors = doors();
        shut(&doors);
        let looked_at = (1..=1000).filter(|network| guess(&doors, address(*network, 1), None)).count();
        assert_eq!(looked_at, (COUNT * RESERVE) as usize);
    }

    #[test]
    fn what_had_to_wait_counts_nowhere() {
        let doors = doors();
        shut(&doors);
        (0..1000).for_each(|_| assert!(!guess(&doors, address(0, 1), None)));
        let bob = Login::parse("Bob").unwrap();
        doors.admit(Some(&bob), address(0, 1), None).map(Admission::forgive).unwrap();
    }

    #[test]
    fn what_is_no_login_shuts_the_address_only() {
        let doors = doors();
        (0..100).for_each(|_| drop(doors.admit(None, address(0, 1), None).unwrap()));
        assert!(doors.admit(None, address(0, 1), None).is_err());
        assert!(!guess(&doors, address(0, 1), None) && guess(&doors, address(0, 2), None));
    }
}
