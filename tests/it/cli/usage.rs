//! Wrong usage is told in one line, with exit code 2; help is no error.

use rstest::rstest;

use crate::support::program::Program;

#[rstest]
#[case::no_command("", "couplet --help")]
#[case::unknown_command("frobnicate", "frobnicate")]
#[case::no_subcommand("client", "subcommand")]
#[case::unknown_option("serve --fast", "--fast")]
#[case::missing_argument("user add", "LOGIN")]
#[case::missing_value("client add --preset", "--preset")]
#[case::wrong_choice("client add --refresh never", "stable, rotate, strict")]
#[case::conflict("client add --name X --public --client-secret-stdin", "--client-secret-stdin")]
#[case::one_argument_too_many("user list all", "all")]
fn wrong_usage_is_told_in_one_line(#[case] arguments: &str, #[case] words: &str) {
    let ran = Program::new().run(arguments);
    assert!(ran.refused(2).contains(words), "{ran:?}");
    assert!(!ran.err.contains("error:"), "{ran:?}");
}

#[rstest]
#[case("client add --name App --client-secret=hunter2hunter2")]
#[case("client add --name App --client-secret-stdin=hunter2hunter2")]
#[case("user add ada --password=hunter2hunter2")]
#[case("user set-password ada --password-stdin=hunter2hunter2")]
fn no_secret_is_taken_from_the_arguments_or_said_again(#[case] arguments: &str) {
    let ran = Program::new().run(arguments);
    assert!(!ran.refused(2).contains("hunter2"), "{ran:?}");
}

#[test]
fn wrong_usage_leaves_nothing_behind() {
    let program = Program::new();
    program.run("client add --name X --redirect-uri relative").refused(2);
    program.run("user add two-words --phone 12").refused(2);
    assert!(!program.has_data());
}

#[rstest]
#[case("--help", "simulate")]
#[case("client add --help", "--vendor-id")]
#[case("--version", env!("CARGO_PKG_VERSION"))]
fn help_is_printed_and_no_error(#[case] arguments: &str, #[case] words: &str) {
    let ran = Program::new().run(arguments);
    assert!(ran.done().contains(words) && ran.err.is_empty(), "{ran:?}");
}
