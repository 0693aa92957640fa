//! Owns how addresses are counted. Leaves finding the address of a request to `web/extract/`.

use std::net::IpAddr;

/// An address as it is counted: IPv6 by its /64 network, since one household or server has all of that.
pub fn address_key(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().into_iter().take(8).collect(),
    }
}

/// The network around an address, so wide that another one is not had for the asking: IPv4 /24, IPv6 /48.
pub fn network_key(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets().into_iter().take(3).collect(),
        IpAddr::V6(address) => address.octets().into_iter().take(6).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{address_key, network_key};

    #[test]
    fn neighbours_are_one_network_and_two_addresses() {
        for (one, other) in [("192.0.2.1", "192.0.2.9"), ("2001:db8:1:2::1", "2001:db8:1:3::1")] {
            let (one, other) = (one.parse().unwrap(), other.parse().unwrap());
            assert_ne!(address_key(one), address_key(other));
            assert_eq!(network_key(one), network_key(other));
        }
        assert_ne!(network_key("192.0.2.1".parse().unwrap()), network_key("192.0.3.1".parse().unwrap()));
        assert_eq!(address_key("::ffff:192.0.2.1".parse().unwrap()), address_key("192.0.2.1".parse().unwrap()));
    }
}
