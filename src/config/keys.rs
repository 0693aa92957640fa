//! Owns the table of keys: the only place where a key's name, variable, default and meaning are written.

mod push;
mod sms;
mod twilio;

/// A configuration key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name in the file, with a dot before the last part of a section.
    pub name: &'static str,
    /// Its environment variable.
    pub variable: &'static str,
    /// What holds when it is not given; `None` when there is nothing to fall back on.
    pub default: Option<&'static str>,
    /// A value to show in the example file when there is no default.
    pub example: &'static str,
    /// What it means, in one or two lines.
    pub meaning: &'static str,
}

const fn key(
    name: &'static str,
    variable: &'static str,
    default: Option<&'static str>,
    example: &'static str,
    meaning: &'static str,
) -> Key {
    Key { name, variable, default, example, meaning }
}

/// Every key there is.
pub const KEYS: &[Key] = &ALL;

const ALL: [Key; SERVER.len() + sms::KEYS.len() + twilio::KEYS.len() + push::KEYS.len() + TELLING.len()] =
    joined([SERVER, sms::KEYS, twilio::KEYS, push::KEYS, TELLING]);

/// Tables, one after the other. It is worked out by the compiler, for which a wrong place is an error.
#[expect(clippy::indexing_slicing, reason = "worked out at compile time")]
const fn joined<const PARTS: usize, const MANY: usize>(parts: [&[Key]; PARTS]) -> [Key; MANY] {
    let mut all = [parts[0][0]; MANY];
    let (mut part, mut from, mut to) = (0, 0, 0);
    while part < PARTS {
        while from < parts[part].len() {
            all[to] = parts[part][from];
            (from, to) = (from + 1, to + 1);
        }
        (part, from) = (part + 1, 0);
    }
    all
}

const SERVER: &[Key] = &[
    key(
        "public_url",
        "COUPLET_PUBLIC_URL",
        None,
        "https://auth.example.com",
        "The address that platforms and browsers use; the issuer of all tokens. Required by `serve`.\nhttps unless the host is loopback.",
    ),
    key(
        "service_name",
        "COUPLET_SERVICE_NAME",
        None,
        "Example Lights",
        "What people know the service as; shown on pages. The host of public_url when not given.",
    ),
    key("listen", "COUPLET_LISTEN", Some("127.0.0.1:8080"), "", "Where the public listener binds."),
    key(
        "admin_listen",
        "COUPLET_ADMIN_LISTEN",
        Some("127.0.0.1:8081"),
        "",
        "Where `serve` answers /healthz, /readyz and /metrics for the operator, apart from the public.",
    ),
    key(
        "database_url",
        "DATABASE_URL",
        None,
        "postgres://couplet@localhost/couplet",
        "postgres://USER:PASSWORD@HOST/DATABASE for PostgreSQL and what speaks its protocol, sqlite:PATH for a file.\nThe embedded SQLite in the data directory when not given.",
    ),
    key("data_dir", "COUPLET_DATA_DIR", Some("./data"), "", "Where the program keeps files of its own."),
    key(
        "master_key_file",
        "COUPLET_MASTER_KEY_FILE",
        None,
        "/etc/couplet/couplet.key",
        "A file with 32 random bytes in base64 (`openssl rand -base64 32`), under which private keys are encrypted.\nRequired by `serve`; `dev` makes one in the data directory. Keep a copy: without it the database is of no use.",
    ),
    key(
        "trusted_proxies",
        "COUPLET_TRUSTED_PROXIES",
        None,
        "10.0.0.0/8, fd00::/8",
        "Networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, separated by commas.\nNone when not given.",
    ),
    key(
        "tls.certificate_file",
        "COUPLET_TLS_CERTIFICATE_FILE",
        None,
        "/etc/couplet/tls/fullchain.pem",
        "With both files the public listener speaks TLS itself: the certificate in PEM, then those of its issuers.\nA renewed pair is taken up within seconds. Leave both out when a proxy terminates TLS.",
    ),
    key(
        "tls.key_file",
        "COUPLET_TLS_KEY_FILE",
        None,
        "/etc/couplet/tls/privkey.pem",
        "The certificate's private key in PEM (PKCS#8, SEC1 or PKCS#1), without a passphrase.",
    ),
    key(
        "limits.connections",
        "COUPLET_LIMITS_CONNECTIONS",
        Some("10000"),
        "",
        "Open connections of the public listener. Further ones wait; from three quarters on, idle ones are closed early.",
    ),
    key(
        "limits.connections_per_address",
        "COUPLET_LIMITS_CONNECTIONS_PER_ADDRESS",
        Some("1000"),
        "",
        "Open connections of one address (of one /64 with IPv6); further ones are closed. Trusted proxies are not counted.\n`off` switches it off.",
    ),
    key(
        "limits.head_timeout",
        "COUPLET_LIMITS_HEAD_TIMEOUT",
        Some("10s"),
        "",
        "How long the head of a connection's first request may take, and a TLS handshake.",
    ),
    key(
        "limits.request_timeout",
        "COUPLET_LIMITS_REQUEST_TIMEOUT",
        Some("60s"),
        "",
        "How long a whole request may take until its answer begins; from 10s to 70s. Its body has to arrive in half of that.",
    ),
    key(
        "limits.answer_timeout",
        "COUPLET_LIMITS_ANSWER_TIMEOUT",
        Some("30s"),
        "",
        "How long who asked may take to fetch the answer once their side is full.",
    ),
    key(
        "limits.keep_alive",
        "COUPLET_LIMITS_KEEP_ALIVE",
        Some("60s"),
        "",
        "How long a connection stays open between two requests. A proxy's own time has to be shorter.",
    ),
    key(
        "limits.head",
        "COUPLET_LIMITS_HEAD",
        Some("48KiB"),
        "",
        "The largest request line and headers, from 20KiB to 128KiB; and never more than 96 headers.",
    ),
    key("limits.body", "COUPLET_LIMITS_BODY", Some("64KiB"), "", "The largest body of a request."),
    key("tokens.code_ttl", "COUPLET_TOKENS_CODE_TTL", Some("5m"), "", "How long an authorization code lives."),
    key(
        "tokens.access_ttl",
        "COUPLET_TOKENS_ACCESS_TTL",
        Some("1h"),
        "",
        "How long an access token lives. Alexa asks for at least 6m.",
    ),
    key(
        "tokens.refresh_ttl",
        "COUPLET_TOKENS_REFRESH_TTL",
        Some("none"),
        "",
        "How long a link lives without use; `none` means until it is revoked, which platforms expect.",
    ),
    key(
        "tokens.refresh_grace",
        "COUPLET_TOKENS_REFRESH_GRACE",
        Some("60s"),
        "",
        "How long a code exchange or a rotated refresh token whose answer was lost can be repeated.",
    ),
    key(
        "password.memory_kib",
        "COUPLET_PASSWORD_MEMORY_KIB",
        Some("19456"),
        "",
        "Memory of one argon2id hash, in KiB.",
    ),
    key("password.iterations", "COUPLET_PASSWORD_ITERATIONS", Some("2"), "", "Passes of one argon2id hash."),
    key("password.parallelism", "COUPLET_PASSWORD_PARALLELISM", Some("1"), "", "Lanes of one argon2id hash."),
    key(
        "throttle.sign_ins_per_address",
        "COUPLET_THROTTLE_SIGN_INS_PER_ADDRESS",
        Some("100/5m"),
        "",
        "Failed sign-ins from one address before it has to wait, as COUNT/TIME; `off` switches the brake off.",
    ),
    key(
        "throttle.sign_ins_per_account",
        "COUPLET_THROTTLE_SIGN_INS_PER_ACCOUNT",
        Some("10/5m"),
        "",
        "Failed sign-ins to one account by browsers new to it, before those have to wait, as COUNT/TIME; `off`\nswitches the brake off. A browser in which its owner has signed in before has a count of its own.",
    ),
];

const TELLING: &[Key] = &[
    key(
        "log.format",
        "COUPLET_LOG_FORMAT",
        None,
        "json",
        "pretty or json. pretty on a terminal, else json, when not given. The level is set by RUST_LOG.",
    ),
    key(
        "telemetry.otlp_endpoint",
        "COUPLET_TELEMETRY_OTLP_ENDPOINT",
        None,
        "http://127.0.0.1:4318",
        "The OpenTelemetry collector that takes traces of requests (OTLP over HTTP; /v1/traces is added).\nNothing is traced when not given.",
    ),
];

/// The section whose keys are the operator's own scope tokens.
pub const SCOPES: &str = "scopes";
/// The variable of [`SCOPES`].
pub const SCOPES_VARIABLE: &str = "COUPLET_SCOPES";

/// Names the configuration file; no key of it.
pub const CONFIG_VARIABLE: &str = "COUPLET_CONFIG";

/// The example file: every key with its default, commented out.
pub fn example() -> String {
    let mut text = String::from(
        "# Couplet's configuration. Every key is shown with its default, or with an example when there is none.\n\
         # Each can also be given as the environment variable named beside it, which wins. Unknown keys are an error.\n",
    );
    let mut section = "";
    for key in KEYS {
        let (in_section, name) = key.name.rsplit_once('.').unwrap_or(("", key.name));
        if in_section != section {
            section = in_section;
            text.push_str(&format!("\n[{section}]\n"));
        }
        let meaning: String = key.meaning.lines().map(|line| format!("# {line}\n")).collect();
        let value = key.default.unwrap_or(key.example);
        text.push_str(&format!("\n{meaning}# {}\n# {name} = {}\n", key.variable, quoted(value)));
    }
    text.push_str(&format!(
        "\n[{SCOPES}]\n\n# Permissions in words, as the consent page shows them after \"will be able to\": one key per scope token.\n\
         # {SCOPES_VARIABLE}: the same as TOKEN=WORDS, separated by semicolons.\n\
         # \"lights:write\" = \"switch your lights\"\n",
    ));
    text
}

fn quoted(value: &str) -> String {
    let bare =
        value.bytes().all(|b| b.is_ascii_digit()) || ["true", "false"].contains(&value) || value.starts_with('[');
    if bare { value.to_owned() } else { format!("\"{value}\"") }
}
