//! Owns reading which page of a list is asked for.

use crate::model::parameters::Parameters;
use crate::model::push::paging::{Cursor, PageRequest};
use crate::push::error::Refusal;
use crate::push::form::Form;

/// Reads `PageSize`, `Page`, `PageToken` and `Order`. One SDK sends the token back as `pageToken`.
pub(super) fn page_request(query: &Parameters) -> Result<PageRequest, Refusal> {
    let form = Form::new(query);
    let token = match form.raw("PageToken")? {
        Some(token) => Some(token),
        None => form.raw("pageToken")?,
    };
    let number = form.number("Page", 0..=u32::MAX)?.unwrap_or_default();
    let cursor = match token {
        Some(token) => Cursor::read(token).ok_or_else(|| form.refuse("PageToken is none of ours"))?,
        None => Cursor::Skip(number),
    };
    let descending = match form.raw("Order")? {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err(form.refuse("Order has to be asc or desc")),
    };
    let size = form.number("PageSize", 1..=PageRequest::MOST)?.unwrap_or(PageRequest::SIZE);
    Ok(PageRequest { number, size, cursor, descending })
}
