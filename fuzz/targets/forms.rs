//! Posted forms of ours: the cookie of the browser in one line, the body in the next. Only the form that was made for a browser
//! counts in it.

use std::sync::{Arc, OnceLock};

use actix_web::http::header::{COOKIE, HeaderValue};
use actix_web::test::TestRequest;
use couplet::app::{App, Parts, SystemClock};
use couplet::config::{Config, Purpose};
use couplet::model::parameters::Parameters;
use couplet::store::open::{DatabaseUrl, Migrations, open};
use couplet::tokens::master_key::MasterKey;
use couplet::web::extract::csrf;
use tempfile::TempDir;

use super::Counting;

/// A browser, and the form that was made for it.
struct Made {
    app: App,
    cookie: String,
    field: String,
    _folder: TempDir,
}

fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let url = DatabaseUrl::Sqlite(folder.path().join("couplet.db"));
            let parts = Parts {
                store: open(&url, Migrations::Apply).await.expect("a database"),
                master_key: MasterKey::from_bytes([7; 32]),
                clock: Arc::new(SystemClock),
                randomness: Arc::new(Counting),
            };
            let config = Config::load(None, &|_| None, Purpose::Tool).expect("the defaults");
            let app = App::assemble(&config, "http://localhost:8080", parts).await.expect("an app");
            let token = csrf::fresh_token(&app, None);
            let cookie = token.cookie.expect("a fresh token has a cookie");
            let cookie = format!("{}={}", cookie.name(), cookie.value());
            Made { app, cookie, field: token.field, _folder: folder }
        })
    })
}

pub fn run(data: &[u8]) {
    let Made { app, cookie, field, .. } = made();
    let Ok(text) = std::str::from_utf8(data) else { return };
    let text = text.replace("COOKIE", cookie).replace("FIELD", field);
    let (header, body) = text.split_once('\n').unwrap_or((&text, ""));
    let (Ok(value), Ok(form)) = (HeaderValue::from_str(header), Parameters::parse(body.as_bytes())) else { return };
    let request = TestRequest::default().insert_header((COOKIE, value)).to_http_request();
    if csrf::check(&request, app, None, &form).is_ok() {
        assert!(header.contains(cookie.as_str()), "a form counts in another browser");
        assert_eq!(form.one("csrf"), Ok(Some(field.as_str())));
    }
}
