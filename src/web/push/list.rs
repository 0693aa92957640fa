//! Owns the form of lists. The addresses of their neighbours are absolute, since clients follow them as they are.

use actix_web::HttpResponse;
use serde_json::{Value, json};

use crate::model::parameters::{Parameters, encode};
use crate::model::push::paging::{Cursor, Page};
use crate::web::push::reply::found;

/// The parameters that every page of a list keeps.
const KEPT: [&str; 3] = ["FactorSid", "Status", "Order"];

/// A page of the list `key` at `address`, asked for with `query`.
pub fn list<T>(
    key: &str,
    address: &str,
    query: &Parameters,
    page: &Page<T>,
    shown: impl Fn(&T) -> Value,
) -> HttpResponse {
    let kept: Vec<String> =
        KEPT.iter().flat_map(|name| query.all(name).map(move |value| parameter(name, value))).collect();
    let (number, size) = (page.request.number, page.request.size);
    let url = |number: u32, cursor: Cursor| {
        let token = cursor.token().map(|token| parameter("PageToken", &token));
        let own = [parameter("PageSize", &size.to_string()), parameter("Page", &number.to_string())];
        let all: Vec<String> = kept.iter().cloned().chain(own).chain(token).collect();
        format!("{address}?{}", all.join("&"))
    };
    found(&json!({
        key: page.rows.iter().map(shown).collect::<Vec<_>>(),
        "meta": {
            "page": number,
            "page_size": size,
            "first_page_url": url(0, Cursor::Skip(0)),
            "previous_page_url": page.previous.map(|cursor| url(number.saturating_sub(1), cursor)),
            "url": url(number, page.request.cursor),
            "next_page_url": page.next.map(|cursor| url(number.saturating_add(1), cursor)),
            "key": key,
        },
    }))
}

fn parameter(name: &str, value: &str) -> String {
    format!("{name}={}", encode(value))
}
