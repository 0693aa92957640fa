//! The configuration of text messages: whole or refused, with everything that is wrong named at once.

use couplet::config::{Config, Purpose};
use rstest::rstest;

use crate::support::program::Program;

const WHOLE: &str = "[sms.twilio]\naccountSID = \"AC0123456789abcdef0123456789abcdef\"\nauthToken = \"hunter2hunter2\"\n\
    fromMessagingServiceSID = \"MG0123456789abcdef0123456789abcdef\"\ndisableRiskCheck = true\n";

const TEMPLATES: &str = "templates = [{ usageType = \"Register\", content = \"{{code}}\" }, \
    { usageType = \"SignIn\", content = \"{{ code }}\" }, { usageType = \"ForgotPassword\", content = \"{{code}}\" }, \
    { usageType = \"Generic\", content = \"{{code}}\" }, { usageType = \"BindMfa\", content = \"none\" }]\n";

fn told(text: &str) -> Vec<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let problems = Config::load(Some(file.path()), &|_| None, Purpose::Tool).err();
    problems.map(|problems| problems.to_string().lines().map(str::to_owned).collect()).unwrap_or_default()
}

#[test]
fn every_problem_of_a_connector_is_told_at_once() {
    let some = "templates = [{ usageType = \"SignIn\", content = \"Hello\" }, { usageType = \"Generic\", content = \"{{code}}\" }]";
    let told = told(&format!(
        "[sms]\ncode_ttl = \"10s\"\ncode_tries = 101\ncountry = \"XX\"\n[sms.twilio]\n{some}\nbase_url = \"http://example.com\"\n"
    ));
    for beginning in [
        "sms.twilio.accountSID is missing; ",
        "sms.twilio.authToken is missing; ",
        "sms.twilio.fromMessagingServiceSID is missing; ",
        "sms.twilio.templates lacks Register, ForgotPassword; ",
        "sms.twilio.templates has no {{code}} in SignIn; ",
        "sms.twilio.base_url is \"http://example.com\"",
        "sms.code_ttl ",
        "sms.code_tries ",
        "sms.country ",
    ] {
        assert!(told.iter().any(|line| line.starts_with(beginning)), "{beginning} in {told:#?}");
    }
    assert_eq!(told.len(), 9, "{told:#?}");
}

#[rstest]
#[case::no_array("templates = \"hello\"\n")]
#[case::no_content("templates = [{ usageType = \"SignIn\" }]\n")]
fn templates_of_another_shape_are_refused_without_being_repeated(#[case] templates: &str) {
    let told = told(&format!("{WHOLE}{templates}"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("sms.twilio.templates is not understood; write an array"), "{told:?}");
}

#[test]
fn what_needs_a_connector_is_refused_without_one() {
    let told = told("[sms]\nregister = true\n");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("sms.register is on, but nothing sends text messages; "), "{told:?}");
}

#[test]
fn a_token_file_is_read_and_one_that_is_missing_keeps_the_server_from_starting() {
    let program = Program::new();
    let text = WHOLE.replace("authToken = \"hunter2hunter2\"", "authTokenFile = \"token\"");
    program.write("couplet.toml", &format!("public_url = \"https://a.example\"\n{text}{TEMPLATES}"));
    let ran = program.run("serve");
    assert!(ran.err.contains("sms.twilio.authTokenFile token can't be read"), "{ran:?}");
    program.write("token", "from the file\nand more");
    let ran = program.run("serve");
    assert!(!ran.err.contains("sms.") && ran.err.contains("master_key_file"), "{ran:?}");
}

#[test]
fn a_whole_connector_is_taken_and_its_token_never_told() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{WHOLE}{TEMPLATES}")).unwrap();
    let config = Config::load(Some(file.path()), &|_| None, Purpose::Tool).unwrap();
    let settings = config.sms.twilio.as_ref().unwrap().settings().unwrap();
    assert_eq!((settings.auth_token.expose(), settings.risk_check), ("hunter2hunter2", false));
    assert_eq!((config.sms.sign_in, config.sms.register, config.sms.forgot), (true, false, true));
    assert!(!format!("{config:?}").contains("hunter2"));
}
