//! Owns where webhooks and messages to browsers may go: the public internet, and networks that the operator names. Whoever may
//! give an address must not reach the operator's own machines by it. Names are looked up here, and a connection is made to no
//! other address than was looked at.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;
use url::{Host, Url};

use crate::model::failure::Fault;

/// Networks that are not the public internet (RFC 6890 and the registries that it began).
const PRIVATE: [&str; 19] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    // Azure's host, which answers its own machines.
    "168.63.129.16/32",
    "2001:db8::/32",
    "2620:4f:8000::/48",
    "3fff::/20",
    "2002::/16",
];

/// The part of IPv6 that is routed in public; and in it what is set apart.
const GLOBAL_V6: (&str, &str) = ("2000::/3", "2001::/23");

/// Where webhooks and messages to browsers may go.
#[derive(Clone, Debug)]
pub struct Targets {
    allowed: Vec<IpNet>,
    private: Vec<IpNet>,
    global_v6: Vec<IpNet>,
}

impl Targets {
    /// The public internet and these networks.
    pub fn new(allowed: Vec<IpNet>) -> Self {
        let parsed = |networks: &[&str]| networks.iter().filter_map(|network| network.parse().ok()).collect();
        Self { allowed, private: parsed(&PRIVATE), global_v6: parsed(&[GLOBAL_V6.0, GLOBAL_V6.1]) }
    }

    /// Whether a connection may be made there.
    pub fn may_reach(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let within = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&address));
        if within(&self.allowed) {
            return true;
        }
        let routed = match (address, self.global_v6.as_slice()) {
            (IpAddr::V4(_), _) => true,
            (IpAddr::V6(_), [global, apart]) => global.contains(&address) && !apart.contains(&address),
            (IpAddr::V6(_), _) => false,
        };
        routed && !within(&self.private)
    }

    /// Why an address can't be a webhook's, as far as that is known before its name is looked up.
    pub fn why_not(&self, url: &str) -> Option<&'static str> {
        // Parsing drops them, and then what is signed would not be what is asked for.
        if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Some("must not hold blanks or control characters");
        }
        let Ok(url) = Url::parse(url) else { return Some("is no absolute URL") };
        if url.fragment().is_some() {
            return Some("must not have a fragment");
        }
        if !["http", "https"].contains(&url.scheme()) {
            return Some("has to begin with https:// or http://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Some("must not hold credentials");
        }
        if !url.has_host() {
            return Some("has no host");
        }
        match literal(&url) {
            Some(address) if !self.may_reach(address) => Some("leads to an address that is not public"),
            _ => None,
        }
    }

    /// The same of a browser's push service, which has to be reached by https but in the networks that the operator names.
    pub fn why_no_push_service(&self, url: &Url) -> Option<&'static str> {
        let named = |address: IpAddr| self.allowed.iter().any(|network| network.contains(&address.to_canonical()));
        match self.why_not(url.as_str()) {
            None if url.scheme() == "http" && !literal(url).is_some_and(named) => Some("has to begin with https://"),
            why => why,
        }
    }

    /// The client for requests to such addresses: it follows no redirect, and a try ends after `patience`.
    pub fn client(&self, patience: Duration) -> Result<reqwest::Client, Fault> {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would look names up by itself.
            .no_proxy()
            .dns_resolver(Arc::new(CheckedNames(self.clone())))
            .connect_timeout(Duration::from_secs(5))
            .timeout(patience)
            .user_agent(concat!("couplet/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Fault::new(format!("the HTTP client for addresses of others can't be made: {error}")))
    }
}

/// The address, where it need not be looked up.
fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
        Host::Domain(name) => is_local(name).then(|| IpAddr::from([127, 0, 0, 1])),
    }
}

/// Names of this machine (RFC 6761 section 6.3).
fn is_local(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// Looks names up, and gives only addresses that may be reached.
pub struct CheckedNames(pub Targets);

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let targets = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> =
                found.into_iter().filter(|address| targets.may_reach(address.ip())).collect();
            if allowed.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Targets;
    use rstest::rstest;

    #[rstest]
    #[case("http://127.0.0.1/")]
    #[case("http://127.1/")]
    #[case("http://0x7f000001/")]
    #[case("http://2130706433/")]
    #[case("http://0/")]
    #[case("http://localhost:9000/")]
    #[case("http://LOCALHOST./")]
    #[case("http://hook.localhost/")]
    #[case("http://10.1.2.3/")]
    #[case("http://169.254.169.254/latest/meta-data/")]
    #[case("http://192.168.0.1/")]
    #[case("http://[::1]/")]
    #[case("http://[::]/")]
    #[case("http://[::ffff:127.0.0.1]/")]
    #[case("http://[64:ff9b::7f00:1]/")]
    #[case("http://[2002:7f00:1::]/")]
    #[case("http://[fd00::1]/")]
    #[case("http://[fe80::1]/")]
    #[case("http://255.255.255.255/")]
    #[case("ftp://example.com/")]
    #[case("file:///etc/passwd")]
    #[case("https://user:password@example.com/")]
    #[case("/hook")]
    #[case("https://example.com/hook#part")]
    #[case("https://example.com/a hook")]
    #[case("https://example.com/\thook")]
    #[case("https://")]
    fn what_is_not_public_is_no_target(#[case] url: &str) {
        assert!(Targets::new(Vec::new()).why_not(url).is_some());
    }

    #[rstest]
    #[case("https://hooks.example.com/verify?x=1")]
    #[case("http://93.184.215.14:8080/")]
    #[case("https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/")]
    fn what_is_public_is_a_target(#[case] url: &str) {
        assert_eq!(Targets::new(Vec::new()).why_not(url), None);
    }

    #[rstest]
    #[case("http://push.example.com/1", false)]
    #[case("http://93.184.215.14/1", false)]
    #[case("https://10.0.0.1/1", false)]
    #[case("https://push.example.com/1", true)]
    #[case("http://127.0.0.1:4000/1", true)]
    #[case("http://localhost:4000/1", true)]
    fn a_push_service_is_reached_by_https_but_in_named_networks(#[case] url: &str, #[case] fine: bool) {
        let targets = Targets::new(vec!["127.0.0.0/8".parse().unwrap()]);
        assert_eq!(targets.why_no_push_service(&url.parse().unwrap()).is_none(), fine);
    }

    #[test]
    fn networks_that_the_operator_names_are_targets() {
        let targets = Targets::new(vec!["127.0.0.0/8".parse().unwrap()]);
        assert_eq!(targets.why_not("http://127.0.0.1:4000/"), None);
        assert_eq!(targets.why_not("http://localhost:4000/"), None);
        assert!(targets.why_not("http://10.0.0.1/").is_some());
    }
}
