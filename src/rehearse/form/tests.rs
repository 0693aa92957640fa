//! Owns the cases of forms as servers write them. Leaves sending them to the tests of whole rehearsals.

use super::*;

fn first(body: &str) -> Form {
    let url = Url::parse("https://a.example/oauth2/authorize?x=1").unwrap();
    forms(body, &url).into_iter().next().unwrap()
}

#[test]
fn a_form_without_a_password_is_no_sign_in_form() {
    let form = first("<form><input name=q></form>");
    assert!(form.sign_in("ada", "secret").is_none());
}

#[test]
fn a_form_that_only_refuses_can_not_agree() {
    let form = first("<form method=post><button name=decision value=deny>Deny</button></form>");
    assert!(form.agree().is_none());
}

#[test]
fn hidden_fields_are_kept_and_unchecked_boxes_are_not() {
    let form = first(
        "<form method=post action='/sign-in'><input type=hidden name=csrf value='a b&'>
         <input type=checkbox name=stay><input name=username><input type=password name=password>
         <button>Sign in</button></form>",
    );
    let sent = form.sign_in("ada", "p+w").unwrap();
    assert_eq!(sent.url.as_str(), "https://a.example/sign-in");
    assert_eq!(sent.body, "csrf=a+b%26&username=ada&password=p%2Bw");
}

#[test]
fn the_agreeing_button_is_sent_to_its_own_action() {
    let form = first(
        "<form method=post><button name=decision value=deny>Deny</button></form>
         <form id=f method=post action=/no></form>
         <button form=f formaction=/yes name=decision value=allow>Allow</button>",
    );
    assert!(form.agree().is_none());
    let url = Url::parse("https://a.example/").unwrap();
    let body = "<form id=f method=post action=/no></form>
         <button form=f formaction=/yes name=decision value=allow>Allow</button>";
    let form = forms(body, &url).into_iter().next().unwrap();
    let sent = form.agree().unwrap();
    assert_eq!(sent.url.as_str(), "https://a.example/yes");
    assert_eq!(sent.body, "decision=allow");
}

#[test]
fn a_get_form_replaces_the_query_of_its_action() {
    let form = first("<form action='/go?old=1'><input name=a value=1><button>Yes</button></form>");
    let sent = form.agree().unwrap();
    assert_eq!(sent.url.as_str(), "https://a.example/go?a=1");
    assert!(sent.body.is_empty());
}
