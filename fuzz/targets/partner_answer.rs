//! What a partner's token endpoint may answer: two bytes for the status, then the body.

use couplet::partners::answer::{CallFault, read};

pub fn run(data: &[u8]) {
    let Some((status, body)) = data.split_first_chunk::<2>() else { return };
    let status = match status {
        [0 | b'{', _] => 200,
        [1, _] => 400,
        other => u16::from_be_bytes(*other) % 1000,
    };
    match read(status, body) {
        Ok(issued) => {
            assert_eq!(status, 200, "tokens of an answer that is no success");
            let usable = |token: &str| !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
            assert!(usable(issued.access.expose()), "an access token that no header can carry");
            assert!(issued.refresh.is_none_or(|refresh| usable(refresh.expose())));
        }
        Err(fault) => {
            // It goes to the log and to the operator's screen.
            let told = fault.to_string();
            assert!(told.len() <= 100 && told.is_ascii() && !told.contains('\n'), "{told}");
            if let CallFault::Refused(code) = fault {
                let text = String::from_utf8_lossy(body);
                assert!(status != 200 && text.contains(code.split('_').next().unwrap_or_default()));
            }
        }
    }
}
