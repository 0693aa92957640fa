//! Owns who may be inside: how many connections there are, from which addresses, and whether it is getting crowded. Leaves the
//! limit of all of them to the listener, which lets further ones wait.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::time::Instant;

/// How often a full house is told.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// Counts the connections of one listener.
pub struct Doorman {
    most: usize,
    most_per_address: Option<u32>,
    trusted: Vec<IpNet>,
    inside: AtomicUsize,
    addresses: Mutex<HashMap<IpAddr, u32>>,
    told: Mutex<Option<Instant>>,
}

/// One connection that is inside, until this is dropped.
pub struct Pass {
    doorman: Arc<Doorman>,
    counted: Option<IpAddr>,
}

impl Doorman {
    /// Lets `most` in, of each address that is not trusted `most_per_address`.
    pub fn new(most: usize, most_per_address: Option<u32>, trusted: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self {
            most,
            most_per_address,
            trusted,
            inside: AtomicUsize::new(0),
            addresses: Mutex::default(),
            told: Mutex::default(),
        })
    }

    /// Lets a connection in; `None` when its address has too many. A proxy speaks for many and is not counted.
    pub fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Pass> {
        let counted = self.most_per_address.map(|most| (whole(peer.to_canonical()), most));
        let counted = counted.filter(|_| !self.trusted.iter().any(|network| network.contains(&peer.to_canonical())));
        if let Some((address, most)) = counted {
            let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
            let count = addresses.entry(address).or_default();
            if *count >= most {
                drop(addresses);
                self.tell(|| {
                    tracing::warn!(%address, most, "limits.connections_per_address is reached; further ones are closed");
                });
                return None;
            }
            *count += 1;
        }
        if self.inside.fetch_add(1, Ordering::Relaxed) + 1 == self.most {
            self.tell(|| tracing::warn!(most = self.most, "limits.connections is reached; further ones wait"));
        }
        Some(Pass { doorman: self.clone(), counted: counted.map(|(address, _)| address) })
    }

    /// Whether three quarters of the room are taken.
    pub fn is_crowded(&self) -> bool {
        self.inside.load(Ordering::Relaxed) > self.most - self.most / 4
    }

    fn tell(&self, say: impl FnOnce()) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
            *told = Some(Instant::now());
            say();
        }
    }
}

impl Pass {
    /// Who let this connection in.
    pub fn doorman(&self) -> &Doorman {
        &self.doorman
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.doorman.inside.fetch_sub(1, Ordering::Relaxed);
        let Some(address) = self.counted else { return };
        let mut addresses = self.doorman.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = addresses.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&address);
            }
        }
    }
}

/// Who has one IPv6 address has the /64 around it.
fn whole(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::Doorman;
    use rstest::rstest;
    use std::net::IpAddr;

    #[rstest]
    #[case::same("192.0.2.1", "192.0.2.1", false)]
    #[case::another("192.0.2.1", "192.0.2.2", true)]
    #[case::same_in_the_other_form("192.0.2.1", "::ffff:192.0.2.1", false)]
    #[case::same_network("2001:db8::1", "2001:db8::2", false)]
    #[case::another_network("2001:db8::1", "2001:db8:0:1::1", true)]
    #[case::proxy("10.0.0.1", "10.0.0.1", true)]
    fn each_address_has_its_share(#[case] first: &str, #[case] second: &str, #[case] expected: bool) {
        let doorman = Doorman::new(100, Some(1), vec!["10.0.0.0/8".parse().unwrap()]);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let pass = doorman.admit(address(first)).unwrap();
        assert_eq!(doorman.admit(address(second)).is_some(), expected);
        drop(pass);
        assert!(doorman.admit(address(second)).is_some(), "who left makes room");
        assert!(doorman.addresses.lock().unwrap().is_empty());
    }

    #[test]
    fn three_quarters_are_a_crowd() {
        let doorman = Doorman::new(8, None, vec![]);
        let mut inside: Vec<_> = (0..6).map(|_| doorman.admit([192, 0, 2, 1].into()).unwrap()).collect();
        assert!(!doorman.is_crowded());
        inside.push(doorman.admit([192, 0, 2, 1].into()).unwrap());
        assert!(doorman.is_crowded());
        inside.clear();
        assert!(!doorman.is_crowded());
    }
}
