//! Redirect URIs: one line is registered, the next one received.

use couplet::model::redirect_uri::RedirectUri;
use url::Url;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (registered, received) = text.split_once('\n').unwrap_or((text, text));
    for public in [false, true] {
        let Ok(uri) = RedirectUri::parse(registered, public) else { continue };
        assert_eq!(uri.as_str(), registered, "a registered redirect URI keeps its bytes");
        check(registered, public);
        assert!(uri.matches(registered, public));
        if uri.matches(received, public) && received != registered {
            only_the_port_differs(registered, received, public);
        }
    }
}

/// What a browser would make of it.
fn check(registered: &str, public: bool) {
    assert!(registered.len() <= RedirectUri::MAX_LENGTH && registered.bytes().all(|b| b.is_ascii_graphic()));
    assert!(!registered.contains(['#', '*', '\\']));
    let url = Url::parse(registered).expect("a registered redirect URI is a URL");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    match url.scheme() {
        "https" => assert!(url.host_str().is_some_and(|host| !host.is_empty())),
        "http" => assert!(matches!(url.host_str(), Some("localhost" | "[::1]")) || is_loopback(&url)),
        scheme => assert!(public && !["javascript", "data", "file", "vbscript", "blob"].contains(&scheme)),
    }
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().and_then(|host| host.parse::<std::net::Ipv4Addr>().ok()).is_some_and(|ip| ip.is_loopback())
}

/// RFC 8252 section 7.3.
fn only_the_port_differs(registered: &str, received: &str, public: bool) {
    assert!(public, "only public clients choose a port");
    let (mut one, mut other) = (Url::parse(registered).expect("a URL"), Url::parse(received).expect("a URL"));
    assert!(
        ["127.0.0.1", "[::1]"].contains(&one.host_str().unwrap_or_default()),
        "only loopback literals have any port"
    );
    one.set_port(None).expect("http has ports");
    other.set_port(None).expect("http has ports");
    assert_eq!(one, other);
}
