//! Where configuration comes from, and how its problems are told.

use rstest::rstest;

use crate::support::program::{Program, Ran};

/// Each line of a complaint, without the program's name.
fn complaints(ran: &Ran) -> Vec<&str> {
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    ran.err.lines().map(|line| line.strip_prefix("couplet: ").unwrap()).collect()
}

#[test]
fn all_problems_are_told_at_once_one_a_line_with_key_and_mend() {
    let program = Program::new();
    program.write(
        "couplet.toml",
        "public_url = \"http://auth.example.com\"\nlisten = \"here\"\ntrusted_proxies = \"10.0.0.0/99\"\n\
         [tokens]\ncode_ttl = \"soon\"\n[password]\niterations = 0\n[throttle]\nsign_ins_per_account = \"many\"\n\
         [log]\nformat = \"loud\"\n[colours]\nsky = \"blue\"\n",
    );
    let ran = program.run("serve");
    let told = complaints(&ran);
    let keys = [
        "colours.sky ",
        "public_url ",
        "listen ",
        "trusted_proxies ",
        "tokens.code_ttl ",
        "password.iterations ",
        "throttle.sign_ins_per_account ",
        "log.format ",
        "master_key_file ",
    ];
    for key in keys {
        let about: Vec<_> = told.iter().filter(|line| line.starts_with(key)).collect();
        assert_eq!(about.len(), 1, "{key} in {told:?}");
        assert!(about[0].split_once("; ").is_some_and(|(_, mend)| !mend.is_empty()), "{}", about[0]);
    }
    assert_eq!(told.len(), keys.len(), "{told:?}");
}

#[rstest]
#[case::misspelt("public_ulr = \"https://a.example\"", "public_ulr is no key; did you mean public_url?")]
#[case::in_a_section("[tokens]\nacess_ttl = \"1h\"", "tokens.acess_ttl is no key; did you mean tokens.access_ttl?")]
#[case::of_nothing_like_it("zebra = 1", "zebra is no key; remove it; couplet.example.toml lists all keys")]
#[case::without_a_name("\"\" = 5", "\"\" is no key; remove it; couplet.example.toml lists all keys")]
fn an_unknown_key_is_refused_with_the_nearest_one(#[case] text: &str, #[case] words: &str) {
    let program = Program::new();
    program.write("couplet.toml", text);
    assert_eq!(program.run("user list").refused(2), words);
}

#[rstest]
#[case::no_toml("listen = \"127.0.0.1:1\"\nthis is hunter2\n", "near line 2")]
#[case::a_value_of_the_wrong_kind("listen = true\n", "listen has a value of the wrong kind")]
fn a_file_that_can_not_be_read_is_told_in_one_line(#[case] text: &str, #[case] words: &str) {
    let program = Program::new();
    program.write("couplet.toml", text);
    let ran = program.run("user list");
    assert!(ran.refused(2).contains(words), "{ran:?}");
    assert!(!ran.err.contains("hunter2"), "{ran:?}");
}

#[test]
fn a_named_file_must_exist() {
    for (program, arguments) in [
        (Program::new(), "--config nowhere.toml user list"),
        (Program::new().with("COUPLET_CONFIG", "nowhere.toml"), "user list"),
    ] {
        let ran = program.run(arguments);
        assert!(ran.refused(2).starts_with("nowhere.toml can't be read"), "{ran:?}");
    }
}

#[rstest]
#[case::misunderstood("mysql://couplet:hunter2@localhost/couplet", 2)]
#[case::bad_port("postgres://couplet:hunter2@localhost:port/couplet", 2)]
#[case::away("postgres://couplet:hunter2@127.0.0.1:9/couplet", 1)]
fn the_password_of_a_database_is_never_told(#[case] url: &str, #[case] code: i32) {
    let ran = Program::new().with("DATABASE_URL", url).run("migrate");
    assert!(ran.refused(code).to_lowercase().contains("database"), "{ran:?}");
    assert!(!ran.err.contains("hunter2"), "{ran:?}");
}

#[test]
fn a_variable_that_looks_like_ours_and_is_none_is_told() {
    let ran = Program::new().with("COUPLET_LISTEM", "127.0.0.1:1").run("user list --json");
    assert_eq!(ran.json(), serde_json::json!([]));
    assert!(ran.err.contains("COUPLET_LISTEM"), "{ran:?}");
}

const ADD: &str = "client add --preset alexa --vendor-id M2TESTVENDOR0 --json";

/// The public URL in force, as the settings for the platform's console show it.
fn public_url(ran: &Ran) -> String {
    let url = ran.json()["console"]["Access Token URI"].as_str().unwrap().to_owned();
    url.strip_suffix("/oauth2/token").unwrap().to_owned()
}

#[test]
fn the_environment_wins_over_the_file() {
    let program = Program::new();
    program.write("couplet.toml", "public_url = \"https://file.example\"\n");
    assert_eq!(public_url(&program.run(ADD)), "https://file.example");
    let program = program.with("COUPLET_PUBLIC_URL", "https://environment.example");
    assert_eq!(public_url(&program.run(ADD)), "https://environment.example");
    let program = program.with("COUPLET_PUBLIC_URL", "http://environment.example");
    assert!(program.run(ADD).refused(2).starts_with("COUPLET_PUBLIC_URL "), "the name that the operator used");
}

#[test]
fn the_argument_wins_over_the_variable_over_the_usual_name() {
    let program = Program::new();
    for name in ["couplet", "variable", "argument"] {
        program.write(&format!("{name}.toml"), &format!("public_url = \"https://{name}.example\"\n"));
    }
    assert_eq!(public_url(&program.run(ADD)), "https://couplet.example");
    let program = program.with("COUPLET_CONFIG", "variable.toml");
    assert_eq!(public_url(&program.run(ADD)), "https://variable.example");
    assert_eq!(public_url(&program.run(&format!("--config argument.toml {ADD}"))), "https://argument.example");
}

#[test]
fn an_empty_variable_is_as_if_not_set() {
    let program = Program::new().with("DATABASE_URL", "").with("COUPLET_LISTEN", "");
    program.run("migrate").done();
    assert!(program.folder.path().join("data/couplet.db").exists());
}
