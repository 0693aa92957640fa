//! Owns the strict reading of `application/x-www-form-urlencoded` text: queries and bodies. Leaves the meaning of each
//! parameter to the rooms.

use std::fmt;

use thiserror::Error;

/// The decoded parameters of a request, in order. Prints their names only: values may be secrets.
#[derive(Clone, Default)]
pub struct Parameters(Vec<(String, String)>);

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Why a text can't be decoded at all.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Malformed {
    /// A `%` without two hexadecimal digits.
    #[error("a percent sign must be followed by two hexadecimal digits")]
    PercentEncoding,
    /// Bytes that are no UTF-8.
    #[error("parameters must be UTF-8")]
    Utf8,
    /// A NUL character, which no parameter needs and some databases refuse.
    #[error("parameters must not contain NUL")]
    Nul,
}

/// The name of a parameter that was sent more than once (RFC 6749 section 3.1).
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{0} is given more than once")]
pub struct Repeated(pub &'static str);

impl Parameters {
    /// Decodes a query or a form body.
    pub fn parse(raw: &[u8]) -> Result<Self, Malformed> {
        let pairs = raw.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        pairs.map(decode_pair).collect::<Result<_, _>>().map(Self)
    }

    /// These and those of another part of the request.
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// The value of `name`, `None` when it is absent or empty (RFC 6749 section 3.1 treats both alike).
    pub fn one(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        let first = values.next();
        match values.next() {
            Some(_) => Err(Repeated(name)),
            None => Ok(first.map(String::as_str).filter(|value| !value.is_empty())),
        }
    }

    /// All names and values, in order.
    pub fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }

    /// Every value of `name` that is not empty, in order: for parameters that may be repeated.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str());
        values.filter(|value| !value.is_empty())
    }

    /// The parameters called one of `names`, encoded again, no longer than a browser would write them.
    pub fn encoded(&self, names: &[&str]) -> String {
        let kept = self.0.iter().filter(|(key, _)| names.contains(&key.as_str()));
        let pairs = kept.map(|(key, value)| format!("{}={}", encode_shortly(key), encode_shortly(value)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

fn decode_pair(pair: &[u8]) -> Result<(String, String), Malformed> {
    let mut halves = pair.splitn(2, |byte| *byte == b'=');
    let key = decode(halves.next().unwrap_or_default())?;
    let value = decode(halves.next().unwrap_or_default())?;
    Ok((key, value))
}

/// Decodes one form-encoded name or value: `+` is a space, `%xx` a byte.
pub fn decode(raw: &[u8]) -> Result<String, Malformed> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
                match (digit(), digit()) {
                    (Some(high), Some(low)) => u8::try_from(high << 4 | low).unwrap_or_default(),
                    _ => return Err(Malformed::PercentEncoding),
                }
            }
            byte => byte,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| Malformed::Utf8)?;
    if text.contains('\0') { Err(Malformed::Nul) } else { Ok(text) }
}

/// Encodes for a query of our own, which comes back to [`decode`]: what a query may hold stays as it is, since forms encode it
/// once more.
fn encode_shortly(text: &str) -> String {
    encode_except(text, b"-._~!$'()*,/:;@?").replace("%20", "+")
}

/// Percent-encodes everything but unreserved characters, so that no later step can misread a `+` or a `/`.
pub fn encode(text: &str) -> String {
    encode_except(text, b"-._~")
}

fn encode_except(text: &str, kept: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{Malformed, Parameters, Repeated, decode, encode};
    use rstest::rstest;

    #[rstest]
    #[case(b"a=%", Malformed::PercentEncoding)]
    #[case(b"a=%4", Malformed::PercentEncoding)]
    #[case(b"a=%+1", Malformed::PercentEncoding)]
    #[case(b"a=%ff", Malformed::Utf8)]
    #[case(b"a=\xff", Malformed::Utf8)]
    #[case(b"a=%00", Malformed::Nul)]
    fn malformed_text_is_refused(#[case] raw: &[u8], #[case] why: Malformed) {
        assert_eq!(Parameters::parse(raw).unwrap_err(), why);
    }

    #[test]
    fn a_repeated_parameter_is_named() {
        let parameters = Parameters::parse(b"scope=a&state=x&scope=a").unwrap();
        assert_eq!(parameters.one("scope"), Err(Repeated("scope")));
        assert_eq!(parameters.one("state"), Ok(Some("x")));
    }

    #[test]
    fn an_empty_value_counts_as_absent() {
        let parameters = Parameters::parse(b"state=&scope").unwrap();
        assert_eq!(parameters.one("state"), Ok(None));
        assert_eq!(parameters.one("scope"), Ok(None));
    }

    #[test]
    fn every_character_survives_encoding_and_decoding() {
        let text: String = ('\u{1}'..'\u{300}').chain("日本 🔗".chars()).collect();
        assert_eq!(decode(encode(&text).as_bytes()).unwrap(), text);
        let parameters = Parameters(vec![("state".into(), text.clone())]);
        let again = Parameters::parse(parameters.encoded(&["state"]).as_bytes()).unwrap();
        assert_eq!(again.one("state"), Ok(Some(text.as_str())));
    }
}
