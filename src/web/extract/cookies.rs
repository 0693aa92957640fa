//! Owns finding a cookie in a request, to the byte. HTTP libraries forgive what a neighbour on another subdomain can use: white
//! space of Unicode around a name, so that it passes for one with the `__Host-` prefix; a byte that is no UTF-8, which hides
//! every other cookie.

use actix_web::HttpRequest;
use actix_web::http::header::COOKIE;

/// The value of the cookie of that very name (RFC 6265 section 4.2.1). One that comes with two values is none: a browser sends
/// them only when somebody planted one.
pub fn read<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let lines = request.headers().get_all(COOKIE);
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let mut values = pairs.filter_map(|pair| trim(pair).strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    let first = values.next()?;
    if values.any(|value| value != first) {
        return None;
    }
    std::str::from_utf8(first).ok()
}

/// Without the white space that HTTP knows: blanks and tabs.
fn trim(pair: &[u8]) -> &[u8] {
    let is_text = |byte: &u8| !matches!(byte, b' ' | b'\t');
    let start = pair.iter().position(is_text).unwrap_or(pair.len());
    let end = pair.iter().rposition(is_text).map_or(start, |last| last + 1);
    pair.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::read;
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;
    use rstest::rstest;

    const NAME: &str = "__Host-session";

    fn found(lines: &[&[u8]]) -> Option<String> {
        let add = |request: TestRequest, line: &&[u8]| {
            request.append_header(("Cookie", HeaderValue::from_bytes(line).unwrap()))
        };
        let request = lines.iter().fold(TestRequest::default(), add).to_http_request();
        read(&request, NAME).map(str::to_owned)
    }

    #[rstest]
    #[case::white_space_of_unicode("\u{2000}__Host-session=planted".as_bytes())]
    #[case::white_space_of_latin("\u{a0}__Host-session=planted".as_bytes())]
    #[case::next_line("\u{85}__Host-session=planted".as_bytes())]
    #[case::white_space_after("__Host-session\u{3000}=planted".as_bytes())]
    #[case::blank_before_the_sign(b"__Host-session =planted")]
    #[case::other_letters(b"__host-session=planted")]
    #[case::longer(b"x__Host-session=planted")]
    #[case::encoded(b"%5f_Host-session=planted")]
    #[case::in_quotes(b"a=\"b, __Host-session=planted\"")]
    #[case::two_values(b"__Host-session=planted; __Host-session=ours")]
    #[case::no_utf8(b"__Host-session=\xff")]
    #[case::no_value(b"__Host-session")]
    fn what_is_not_the_name_to_the_byte_is_not_taken(#[case] line: &[u8]) {
        assert_eq!(found(&[line]), None);
    }

    #[test]
    fn cookies_of_others_do_not_hide_ours() {
        let odd: [&[u8]; 4] =
            [b"odd=\xe9; __Host-session=ours", b"; ;=;x;", b"other=%ff", "\u{2000}__Host-session=x".as_bytes()];
        assert_eq!(found(&odd).as_deref(), Some("ours"));
        assert_eq!(found(&[b"a=b;\t__Host-session=ours "]).as_deref(), Some("ours"));
        assert_eq!(found(&[b"__Host-session=ours", b"__Host-session=ours"]).as_deref(), Some("ours"));
    }
}
