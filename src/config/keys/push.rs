//! The keys of push verification.

use super::{Key, key};

/// They stand together.
pub const KEYS: &[Key] = &[
    key(
        "push.webhook_networks",
        "COUPLET_PUSH_WEBHOOK_NETWORKS",
        None,
        "127.0.0.0/8, 10.0.0.0/8",
        "Networks that are not public and to which webhooks of push verification, and messages to browsers, may be posted all\nthe same, separated by commas; there a browser's push service may be reached by plain http too. None when not given.",
    ),
    key(
        "push.allowed_origins",
        "COUPLET_PUSH_ALLOWED_ORIGINS",
        None,
        "https://app.example.com",
        "Web pages that may be devices of push verification by script, as origins separated by commas. None when not given.\nThis server's own pages need no entry.",
    ),
    key(
        "push.web_push",
        "COUPLET_PUSH_WEB_PUSH",
        Some("on"),
        "",
        "Whether messages go to browsers (Web Push). The address of its push service is what each browser says.",
    ),
    key(
        "push.contact",
        "COUPLET_PUSH_CONTACT",
        None,
        "mailto:operator@example.com",
        "Where push services of browsers find you when something is wrong: a mailto: or https: address.\npublic_url when not given.",
    ),
    key(
        "push.fcm_service_account_file",
        "COUPLET_PUSH_FCM_SERVICE_ACCOUNT_FILE",
        None,
        "/etc/couplet/firebase.json",
        "The service account's JSON file from the Firebase console; with it messages go to Android phones.",
    ),
    key(
        "push.fcm_base_url",
        "COUPLET_PUSH_FCM_BASE_URL",
        Some("https://fcm.googleapis.com"),
        "",
        "Where Firebase Cloud Messaging is; only a stand-in is elsewhere.",
    ),
    key(
        "push.apns_key_file",
        "COUPLET_PUSH_APNS_KEY_FILE",
        None,
        "/etc/couplet/AuthKey_ABC123DEFG.p8",
        "The key file (.p8) from Apple's developer console; with it and the next three messages go to Apple's devices.",
    ),
    key("push.apns_key_id", "COUPLET_PUSH_APNS_KEY_ID", None, "ABC123DEFG", "The key's id, 10 characters."),
    key("push.apns_team_id", "COUPLET_PUSH_APNS_TEAM_ID", None, "DEF123GHIJ", "The team's id, 10 characters."),
    key(
        "push.apns_topic",
        "COUPLET_PUSH_APNS_TOPIC",
        None,
        "com.example.app",
        "The app to which messages go: its bundle id.",
    ),
    key(
        "push.apns_base_url",
        "COUPLET_PUSH_APNS_BASE_URL",
        Some("https://api.push.apple.com"),
        "",
        "Where Apple takes them: https://api.sandbox.push.apple.com for apps that Xcode installs.",
    ),
];
