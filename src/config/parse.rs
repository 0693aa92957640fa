//! Owns reading single values, each failure as the words that mend it. Leaves which key has which value to `mod.rs`.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use super::{LogFormat, Rate};
use crate::model::redirect_uri::is_loopback;
use crate::model::secret::PlainSecret;
use crate::store::open::DatabaseUrl;

/// Where things are remembered.
pub fn parse_database(text: &str) -> Result<DatabaseUrl, String> {
    let mend = || "write postgres://USER:PASSWORD@HOST/DATABASE, or sqlite:PATH without options".to_owned();
    DatabaseUrl::parse(text).ok_or_else(mend)
}

/// The issuer: https, but for loopback.
pub fn parse_public_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "write it whole, for example https://auth.example.com".to_owned())?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    match url.scheme() {
        _ if !bare || url.password().is_some() || url.host_str().is_none() => {
            Err("give scheme and host only, for example https://auth.example.com".to_owned())
        }
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err("use https; plain http is for loopback only".to_owned()),
        _ => Err("use https".to_owned()),
    }
}

/// Where a listener binds.
pub fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write an IP address and a port, for example 127.0.0.1:8080".to_owned())
}

/// Networks or addresses, separated by commas.
pub fn parse_networks(text: &str) -> Result<Vec<IpNet>, String> {
    let network = |part: &str| part.parse().or_else(|_| part.parse().map(|address: std::net::IpAddr| address.into()));
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(network)
        .collect::<Result<_, _>>()
        .map_err(|_| "write networks separated by commas, for example 10.0.0.0/8,fd00::/8".to_owned())
}

/// A time, zero included.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let mend = || "write a duration such as 90s, 10m, 1h or 30d".to_owned();
    let duration = humantime::parse_duration(text).map_err(|_| mend())?;
    // A thousand years stay within what dates can be added to.
    if duration > Duration::from_secs(1000 * 366 * 86_400) { Err(mend()) } else { Ok(duration) }
}

/// A time of a second or more.
pub fn parse_lifetime(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if duration < Duration::from_secs(1) {
        return Err("write at least 1s".to_owned());
    }
    Ok(duration)
}

/// Whether something is so.
pub fn parse_switch(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err("write on or off".to_owned()),
    }
}

/// A whole number from 1.
pub fn parse_count(text: &str) -> Result<u32, String> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| "write a whole number from 1".to_owned())
}

/// So many within a time.
pub fn parse_rate(text: &str) -> Result<Rate, String> {
    let mend = || "write COUNT/TIME such as 10/5m, or off".to_owned();
    let (count, per) = text.split_once('/').ok_or_else(mend)?;
    let per = parse_lifetime(per.trim()).map_err(|_| mend())?;
    Ok(Rate { count: parse_count(count.trim()).map_err(|_| mend())?, per })
}

/// Where traces go.
pub fn parse_collector(text: &str) -> Result<Url, String> {
    let mend = || "write the collector's address, for example http://127.0.0.1:4318".to_owned();
    let url = Url::parse(text).map_err(|_| mend())?;
    let plain = matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none();
    if plain && url.fragment().is_none() { Ok(url) } else { Err(mend()) }
}

/// How logs look.
pub fn parse_log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "pretty" => Ok(LogFormat::Pretty),
        "json" => Ok(LogFormat::Json),
        _ => Err("write pretty or json".to_owned()),
    }
}

/// The secret in a file's first line; an error in words that continue a key.
pub fn first_line(path: &Path) -> Result<PlainSecret, String> {
    let text = std::fs::read_to_string(path).map(PlainSecret::from);
    let text = text.map_err(|error| format!("{} can't be read: {error}", path.display()))?;
    match text.expose().lines().next().map(str::trim) {
        None | Some("") => Err(format!("{} is empty", path.display())),
        Some(line) => Ok(line.to_owned().into()),
    }
}
