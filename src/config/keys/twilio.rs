//! The keys of Twilio access tokens.

use super::{Key, key};

/// They stand together.
pub const KEYS: &[Key] = &[
    key(
        "twilio.account_sid",
        "COUPLET_TWILIO_ACCOUNT_SID",
        None,
        "AC00112233445566778899aabbccddeeff",
        "The account at Twilio whose access tokens the server and `couplet token` make. With it an API key is needed.",
    ),
    key(
        "twilio.api_key_sid",
        "COUPLET_TWILIO_API_KEY_SID",
        None,
        "SK00112233445566778899aabbccddeeff",
        "The API key that signs them: a standard or main one, of the account's own region.",
    ),
    key(
        "twilio.api_key_secret_file",
        "COUPLET_TWILIO_API_KEY_SECRET_FILE",
        None,
        "/etc/couplet/twilio-api-key-secret",
        "A file with the API key's secret on one line.",
    ),
    key(
        "twilio.api_key_secret",
        "COUPLET_TWILIO_API_KEY_SECRET",
        None,
        "what Twilio showed once",
        "The secret itself, which wins over the file: for environments that hand secrets over as variables.",
    ),
    key(
        "twilio.region",
        "COUPLET_TWILIO_REGION",
        None,
        "ie1",
        "The region of the API key; the United States when not given.",
    ),
    key(
        "twilio.allowed_origins",
        "COUPLET_TWILIO_ALLOWED_ORIGINS",
        None,
        "https://app.example.com",
        "Web pages that may fetch access tokens by script, as origins separated by commas. None when not given.\nApps on phones need no entry.",
    ),
];
