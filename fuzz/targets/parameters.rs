//! Queries and form bodies.

use couplet::model::parameters::{Parameters, decode, encode};

pub fn run(data: &[u8]) {
    one_value(data);
    let Ok(parameters) = Parameters::parse(data) else { return };
    for name in ["a", "state", "client_id", "redirect_uri"] {
        let again = Parameters::parse(parameters.encoded(&[name]).as_bytes()).expect("what we encode can be decoded");
        assert_eq!(again.one(name), parameters.one(name), "{name} changed on its way through a form");
    }
    // Nothing but the names is printed: values may be secrets.
    if let Ok(Some(value)) = parameters.one("state")
        && value.len() > 40
    {
        assert!(!format!("{parameters:?}").contains(value) || data.split(|b| *b == b'&').count() > 1);
    }
}

fn one_value(data: &[u8]) {
    if let Ok(value) = decode(data) {
        assert!(!value.contains('\0') && value.len() <= data.len());
        assert_eq!(decode(encode(&value).as_bytes()).as_deref(), Ok(value.as_str()));
    }
    if let Ok(text) = std::str::from_utf8(data)
        && !text.contains('\0')
    {
        assert_eq!(decode(encode(text).as_bytes()).as_deref(), Ok(text));
    }
}
