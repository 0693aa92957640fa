//! The keys of text messages.

use super::{Key, key};

/// They stand together.
pub const KEYS: &[Key] = &[
    key(
        "sms.sign_in",
        "COUPLET_SMS_SIGN_IN",
        Some("on"),
        "",
        "Whether people can sign in with a code by text message; on or off. Nothing is sent without the keys of sms.twilio.",
    ),
    key(
        "sms.register",
        "COUPLET_SMS_REGISTER",
        Some("off"),
        "",
        "Whether people can make an account with their phone number, at /register; on or off.",
    ),
    key(
        "sms.forgot",
        "COUPLET_SMS_FORGOT",
        Some("on"),
        "",
        "Whether people can set a new password with a code by text message, at /forgot; on or off.",
    ),
    key(
        "sms.country",
        "COUPLET_SMS_COUNTRY",
        None,
        "US",
        "The country whose numbers may be typed without + and country code, as two letters. None when not given.",
    ),
    key("sms.code_ttl", "COUPLET_SMS_CODE_TTL", Some("10m"), "", "How long such a code lives, from 60s to 60m."),
    key("sms.code_tries", "COUPLET_SMS_CODE_TRIES", Some("10"), "", "How many wrong codes end it, from 1 to 100."),
    key(
        "sms.messages_per_number",
        "COUPLET_SMS_MESSAGES_PER_NUMBER",
        Some("10/10m"),
        "",
        "Messages asked for to one number, as COUNT/TIME; `off` lifts the limit.",
    ),
    key(
        "sms.messages_per_address",
        "COUPLET_SMS_MESSAGES_PER_ADDRESS",
        Some("30/1h"),
        "",
        "Messages that one address asks for, as COUNT/TIME; `off` lifts the limit.",
    ),
    key(
        "sms.messages_per_country",
        "COUPLET_SMS_MESSAGES_PER_COUNTRY",
        Some("1000/1h"),
        "",
        "Messages asked for to the numbers of one country, as COUNT/TIME; `off` lifts the limit.\nIt bounds what somebody can make you spend.",
    ),
    key(
        "sms.wrong_codes_per_number",
        "COUPLET_SMS_WRONG_CODES_PER_NUMBER",
        Some("100/1h"),
        "",
        "Wrong codes for one number before it has to wait, as COUNT/TIME; `off` switches the brake off.",
    ),
    key(
        "sms.twilio.accountSID",
        "COUPLET_SMS_TWILIO_ACCOUNT_SID",
        None,
        "AC0123456789abcdef0123456789abcdef",
        "The Twilio account that sends text messages, as its console shows it.",
    ),
    key(
        "sms.twilio.authToken",
        "COUPLET_SMS_TWILIO_AUTH_TOKEN",
        None,
        "0123456789abcdef0123456789abcdef",
        "The account's secret. Better give authTokenFile.",
    ),
    key(
        "sms.twilio.authTokenFile",
        "COUPLET_SMS_TWILIO_AUTH_TOKEN_FILE",
        None,
        "/etc/couplet/twilio-auth-token",
        "A file with the account's secret in its first line. authToken, when given, wins over it.",
    ),
    key(
        "sms.twilio.fromMessagingServiceSID",
        "COUPLET_SMS_TWILIO_FROM_MESSAGING_SERVICE_SID",
        None,
        "MG0123456789abcdef0123456789abcdef",
        "The Messaging Service by which Twilio chooses the sender.",
    ),
    key(
        "sms.twilio.disableRiskCheck",
        "COUPLET_SMS_TWILIO_DISABLE_RISK_CHECK",
        Some("false"),
        "",
        "Whether Twilio leaves out its check of each message for fraud.",
    ),
    key(
        "sms.twilio.templates",
        "COUPLET_SMS_TWILIO_TEMPLATES",
        None,
        "[{ usageType = \"Register\", content = \"{{code}} is your code to register.\" }, { usageType = \"SignIn\", content = \"{{code}} is your code to sign in.\" }, { usageType = \"ForgotPassword\", content = \"{{code}} is your code to set a new password.\" }, { usageType = \"Generic\", content = \"{{code}} is your code.\" }]",
        "The texts by use; these four are required, each with {{code}}. {{application.name}} is what a person is about to\nlink or sign in to. In the variable the same as JSON.",
    ),
    key(
        "sms.twilio.base_url",
        "COUPLET_SMS_TWILIO_BASE_URL",
        Some("https://api.twilio.com"),
        "",
        "Where Twilio's API is; another address for a stand-in.",
    ),
];
