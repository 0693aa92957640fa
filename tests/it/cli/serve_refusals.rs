//! `serve` does not start on an unsafe or incomplete configuration, and says how to mend it.

use std::os::unix::fs::PermissionsExt;

use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::program::Program;

#[test]
fn without_public_url_and_master_key_both_are_told() {
    let ran = Program::new().run("serve");
    assert_eq!((ran.code, ran.err.lines().count()), (Some(2), 2), "{ran:?}");
    assert!(ran.err.contains("couplet: public_url is missing; "), "{ran:?}");
    assert!(ran.err.contains("couplet: master_key_file is missing; make one with `openssl rand -base64 32"), "{ran:?}");
}

#[rstest]
#[case("http://auth.example.com", "https")]
#[case("http://127.0.0.1.example.com", "https")]
#[case("http://192.168.1.5:8080", "https")]
#[case("ftp://127.0.0.1", "https")]
#[case("auth.example.com", "write it whole")]
#[case("https://auth.example.com/oauth", "scheme and host only")]
#[case("https://user@auth.example.com", "scheme and host only")]
fn an_unsafe_public_url_is_refused(#[case] url: &str, #[case] mend: &str) {
    let ran = Program::new().set_up_to_serve().with("COUPLET_PUBLIC_URL", url).run("serve");
    let (what, how) = ran.refused(2).split_once("; ").unwrap();
    assert!(what.starts_with("COUPLET_PUBLIC_URL ") && how.contains(mend), "{ran:?}");
}

#[rstest]
#[case::missing("nowhere.key", "does not exist")]
#[case::unreadable(".", "")]
#[case::empty("empty.key", "32 random bytes in base64")]
#[case::too_short("short.key", "32 random bytes in base64")]
#[case::binary("binary.key", "32 random bytes in base64")]
fn a_key_file_that_holds_no_key_is_refused(#[case] file: &str, #[case] words: &str) {
    let program = Program::new().set_up_to_serve().with("COUPLET_MASTER_KEY_FILE", file);
    program.write("empty.key", "");
    program.write("short.key", "aHVudGVyMg==\n");
    std::fs::write(program.folder.path().join("binary.key"), [0xff; 32]).unwrap();
    let ran = program.run("serve");
    let told = ran.refused(2);
    assert!(told.starts_with("master_key_file ") && told.contains(file) && told.contains(words), "{told}");
    assert!(!told.contains("aHVudGVyMg"), "{told}");
    let mend = told.rsplit_once("; ").unwrap().1;
    // Permissions are the mend for a file that can't be read, and for no other.
    assert_eq!(mend.contains("this user"), words.is_empty(), "{told}");
}

#[tokio::test]
async fn a_key_file_that_others_can_read_is_warned_of() {
    let program = Program::new().set_up_to_serve();
    let (before, file) = (program.serve("serve").await, program.folder.path().join("couplet.key"));
    assert!(!before.log().contains("chmod"), "{}", before.log());
    drop(before);
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(program.serve("serve").await.log().contains("chmod 600"));
}

#[test]
fn a_key_that_does_not_fit_the_database_is_refused() {
    let program = Program::new().set_up_to_serve();
    program.run("keys list").done();
    program.write("couplet.key", "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=\n");
    let ran = program.run("serve");
    assert!(ran.refused(1).contains("master"), "it must name the master key: {ran:?}");
}

#[test]
fn too_little_memory_for_hashing_is_refused() {
    let program = Program::new().set_up_to_serve().with("COUPLET_PASSWORD_MEMORY_KIB", "7");
    assert!(program.run("serve").refused(2).contains("password.memory_kib"));
}

#[test]
fn an_address_in_use_is_told_with_its_key() {
    for (variable, key) in [("COUPLET_LISTEN", "listen: "), ("COUPLET_ADMIN_LISTEN", "admin_listen: ")] {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let program = Program::new().set_up_to_serve().with(variable, &taken.local_addr().unwrap().to_string());
        assert!(program.run("serve").refused(1).starts_with(key));
    }
}

#[rstest]
#[tokio::test]
async fn no_migrate_on_an_empty_database_is_refused_with_the_mend(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = Program::on(backend).await.set_up_to_serve();
    let ran = program.run("serve --no-migrate");
    assert!(ran.refused(1).contains("couplet migrate"), "{ran:?}");
    program.run("migrate").done();
    program.serve("serve --no-migrate").await;
}
