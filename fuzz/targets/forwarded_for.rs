//! `X-Forwarded-For` as proxies and liars write it. Lines are header lines.

use std::net::IpAddr;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use couplet::web::extract::client_ip;
use ipnet::IpNet;

pub fn run(data: &[u8]) {
    let lines = data.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok());
    let lines: Vec<HeaderValue> = lines.take(8).collect();
    let request = |peer: &str| {
        let request = TestRequest::default().peer_addr(format!("{peer}:4711").parse().expect("an address"));
        let header = HeaderName::from_static("x-forwarded-for");
        lines
            .iter()
            .fold(request, |request, line| request.append_header((header.clone(), line.clone())))
            .to_http_request()
    };
    let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().expect("a network"), "fd00::/8".parse().expect("a network")];
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));

    let stranger: IpAddr = [198, 51, 100, 9].into();
    assert_eq!(client_ip::read(&request("198.51.100.9"), &trusted), stranger, "a stranger is believed");
    assert_eq!(client_ip::read(&request("198.51.100.9"), &[]), stranger);

    // Behind a proxy: whatever the client itself wrote stands further left than what the proxy added, and changes nothing.
    let seen = client_ip::read(&request("10.0.0.1"), &trusted);
    assert_eq!(seen, seen.to_canonical(), "one client has two addresses");
    let last = lines.last().and_then(|line| line.to_str().ok()).unwrap_or_default();
    if let Ok(added) = last.rsplit(',').next().unwrap_or_default().trim().parse::<IpAddr>() {
        let added = added.to_canonical();
        assert!(is_trusted(&added) || seen == added, "{added} was added by the proxy, {seen} was believed");
    }
}
