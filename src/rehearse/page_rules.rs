//! Owns what a page must be to work inside the platform's app: HTML, no pop-ups, and a policy that lets the user return.
//! Leaves forms to `form` and the parameters of the redirect to `redirect`.

use scraper::{ElementRef, Html};
use url::Url;

use super::browser::{Departure, Page};
use super::report::Fault;

/// Calls that web views of the platforms' apps block or that open windows they cannot show.
const POP_UP_CALLS: [&str; 4] = ["window.open(", "alert(", "confirm(", "prompt("];

/// Checks that a page loads.
pub(super) fn check_loads(page: &Page) -> Result<(), Fault> {
    let recorded = &page.recorded;
    check_available(recorded.status)?;
    if recorded.status != 200 {
        return Err(Fault::new(
            "page_status",
            "a page with status 200",
            format!("status {}", recorded.status),
            "check client_id, the registered redirect URIs and scopes; the server's log names the cause",
        ));
    }
    let is_html = recorded.is_media_type("text/html") || recorded.is_media_type("application/xhtml+xml");
    if !is_html {
        return Err(Fault::new(
            "page_not_html",
            "a page of type text/html",
            "another or no content type",
            "serve the sign-in and consent pages as text/html",
        ));
    }
    Ok(())
}

/// Checks that the server did not say that the fault is its own.
pub(super) fn check_available(status: u16) -> Result<(), Fault> {
    if status < 500 {
        return Ok(());
    }
    Err(Fault::new(
        "server_unavailable",
        "a server that can answer",
        format!("status {status}"),
        "see the server's log, its database, and the proxy before it; then run again",
    ))
}

/// Checks that a page holds nothing a web view cannot show.
pub(super) fn check_stays_in_its_window(page: &Page) -> Result<(), Fault> {
    match pop_up(&page.recorded.body) {
        None => Ok(()),
        Some(found) => Err(Fault::new(
            "page_pop_up",
            "a page that stays in its window",
            format!("{found} in it"),
            "say it in the page itself: web views show no pop-up windows, tabs or dialogs",
        )),
    }
}

/// Checks that the policy of the page lets its form end at the redirect URI: Chromium applies `form-action` to the
/// redirect that answers a form.
pub(super) fn check_form_action(departure: &Departure, redirect_uri: &str) -> Result<(), Fault> {
    let (Some(page_url), Ok(target)) = (&departure.page_url, Url::parse(redirect_uri)) else {
        return Ok(());
    };
    let mut policies = departure.page_policies.iter().flat_map(|header| header.split(','));
    match policies.find(|policy| !allows_form_action(policy, page_url, &target)) {
        None => Ok(()),
        Some(_) => Err(Fault::new(
            "form_action_blocks_redirect",
            format!("a form that may end at {}", target.origin().ascii_serialization()),
            "a Content-Security-Policy whose form-action does not allow it",
            "leave form-action out on the consent page, or add the platform's hosts",
        )),
    }
}

fn allows_form_action(policy: &str, page_url: &Url, target: &Url) -> bool {
    let mut directives = policy.split(';').map(str::split_ascii_whitespace);
    let sources = directives
        .find_map(|mut words| words.next().filter(|name| name.eq_ignore_ascii_case("form-action")).map(|_| words));
    let Some(mut sources) = sources else {
        return true;
    };
    sources.any(|source| allows_source(&source.to_ascii_lowercase(), page_url, target))
}

fn allows_source(source: &str, page_url: &Url, target: &Url) -> bool {
    let (scheme, rest) = match source.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, source),
    };
    match source {
        "*" => true,
        "'self'" => page_url.origin() == target.origin(),
        _ if source.ends_with(':') => source.trim_end_matches(':') == target.scheme(),
        _ => {
            let host = rest.split(['/', ':']).next().unwrap_or_default();
            let seen = target.host_str().unwrap_or_default();
            let matches_host = match host.strip_prefix('*') {
                Some(suffix) => seen.ends_with(suffix),
                None => seen == host,
            };
            matches_host && scheme.is_none_or(|scheme| scheme == target.scheme())
        }
    }
}

/// The first thing in a page that would open a window or a dialog.
fn pop_up(body: &str) -> Option<String> {
    let html = Html::parse_document(body);
    let mut elements = html.root_element().descendants().filter_map(ElementRef::wrap);
    elements.find_map(|element| {
        let opens_a_tab = |name| {
            let target = element.attr(name);
            target.is_some_and(|target| target.eq_ignore_ascii_case("_blank"))
        };
        if opens_a_tab("target") || opens_a_tab("formtarget") {
            return Some("target=_blank".to_owned());
        }
        scripts_of(&element).iter().find_map(|script| pop_up_call(script))
    })
}

fn scripts_of(element: &ElementRef<'_>) -> Vec<String> {
    let mut scripts: Vec<String> = element
        .value()
        .attrs()
        .filter(|(name, value)| name.starts_with("on") || value.trim_start().starts_with("javascript:"))
        .map(|(_, value)| value.to_owned())
        .collect();
    if element.value().name() == "script" {
        scripts.push(element.text().collect());
    }
    scripts
}

fn pop_up_call(script: &str) -> Option<String> {
    let is_whole_word = |at: usize| {
        let before = script.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$')
    };
    let called = |call: &str| script.match_indices(call).any(|(at, _)| is_whole_word(at));
    POP_UP_CALLS.iter().find(|call| called(call)).map(|call| format!("{})", call))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(policy: &str, target: &str) -> bool {
        let page = Url::parse("https://a.example/consent").unwrap();
        allows_form_action(policy, &page, &Url::parse(target).unwrap())
    }

    #[test]
    fn a_dialog_in_a_script_or_an_attribute_is_a_pop_up() {
        assert_eq!(pop_up("<script>window.alert('x')</script>").unwrap(), "alert()");
        assert_eq!(pop_up("<a href='javascript:window.open(1)'>x</a>").unwrap(), "window.open()");
        assert_eq!(pop_up("<a href=/help target=_BLANK>x</a>").unwrap(), "target=_blank");
    }

    #[test]
    fn words_in_the_text_and_longer_names_are_no_pop_up() {
        assert_eq!(pop_up("<p>We never alert() you</p><script>showAlert(); myalert(1)</script>"), None);
    }

    #[test]
    fn self_alone_blocks_the_way_to_the_platform() {
        assert!(!allows("default-src 'none'; form-action 'self'", "https://p.example/cb"));
        assert!(!allows("form-action 'none'", "https://p.example/cb"));
    }

    #[test]
    fn a_named_host_or_no_form_action_lets_the_redirect_through() {
        assert!(allows("default-src 'self'", "https://p.example/cb"));
        assert!(allows("form-action 'self' https://p.example", "https://p.example/cb"));
        assert!(allows("form-action 'self' *.amazon.com", "https://layla.amazon.com/cb"));
        assert!(allows("form-action https:", "https://p.example/cb"));
    }
}
