//! Owns finding the address a request came from. Leaves what follows from it to the rooms.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use ipnet::IpNet;

/// The client's address: the rightmost `X-Forwarded-For` hop that is not a trusted proxy, when the request came through
/// one; else the peer. A header from anybody else is not believed.
pub fn read(request: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical());
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let lines: Vec<_> = request.headers().get_all("x-forwarded-for").collect();
    // What stands left of the last untrusted hop is that hop's invention, whatever bytes it is made of.
    let hops = lines.into_iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    let mut nearest = peer;
    for hop in hops {
        let Some(address) = parse(hop) else { return nearest };
        nearest = address;
        if !is_trusted(address, trusted) {
            return address;
        }
    }
    nearest
}

/// Whether what this address says of others is believed.
pub fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// A hop may carry a port: `192.0.2.1:4711` or `[2001:db8::1]:4711`.
fn parse(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop.trim_ascii()).ok()?;
    let address = hop.parse::<IpAddr>().ok();
    let address = address.or_else(|| hop.parse::<std::net::SocketAddr>().ok().map(|address| address.ip()));
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    address.or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::read;
    use actix_web::test::TestRequest;
    use rstest::rstest;

    #[rstest]
    #[case::stranger_with_a_story("198.51.100.9:1", &["203.0.113.5"], "198.51.100.9")]
    #[case::one_proxy("10.0.0.1:1", &["203.0.113.5"], "203.0.113.5")]
    #[case::invented_first_hop("10.0.0.1:1", &["1.1.1.1, 203.0.113.5"], "203.0.113.5")]
    #[case::two_proxies("10.0.0.1:1", &["203.0.113.5, 10.0.0.2"], "203.0.113.5")]
    #[case::two_headers("10.0.0.1:1", &["1.1.1.1", "203.0.113.5"], "203.0.113.5")]
    #[case::with_port("10.0.0.1:1", &["[2001:db8::1]:4711"], "2001:db8::1")]
    #[case::nonsense("10.0.0.1:1", &["203.0.113.5, what"], "10.0.0.1")]
    #[case::nonsense_before("10.0.0.1:1", &["\u{e9}, 203.0.113.5"], "203.0.113.5")]
    #[case::trailing_comma("10.0.0.1:1", &["203.0.113.5,"], "10.0.0.1")]
    #[case::in_the_other_form("[::ffff:10.0.0.1]:1", &["::ffff:203.0.113.5"], "203.0.113.5")]
    #[case::proxies_only("10.0.0.1:1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3")]
    #[case::no_header("10.0.0.1:1", &[], "10.0.0.1")]
    fn only_trusted_proxies_are_believed(#[case] peer: &str, #[case] headers: &[&str], #[case] expected: &str) {
        let request = TestRequest::default().peer_addr(peer.parse().unwrap());
        let add = |request: TestRequest, line: &&str| request.append_header(("X-Forwarded-For", line.as_bytes()));
        let request = headers.iter().fold(request, add).to_http_request();
        assert_eq!(read(&request, &["10.0.0.0/8".parse().unwrap()]).to_string(), expected);
    }
}
