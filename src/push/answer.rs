//! Owns what a device signs when it answers a challenge, and the check of it.

use serde_json::{Map, Value, json};

use crate::model::push::challenge::{Answer, Challenge};
use crate::model::push::date::written;
use crate::model::time::Timestamp;
use crate::push::error::{PushCode, Refusal};
use crate::push::signatures::{DeviceKey, Jws};

/// The members of a challenge that a device signs, as the header tells it. None of them changes while the challenge is
/// pending, and none is ever missing.
pub const SIGNED: [&str; 10] = [
    "sid",
    "account_sid",
    "service_sid",
    "identity",
    "factor_sid",
    "date_created",
    "expiration_date",
    "details",
    "hidden_details",
    "status",
];

/// The longest answer that is read, unless the challenge itself is longer.
const LONGEST: usize = 5456;

/// How much longer than the challenge in our form a device's may be: each character escaped, then Base64.
const ESCAPED: usize = 8;

/// The members that are signed, as every answer about the challenge shows them.
pub fn signed_members(challenge: &Challenge, now: Timestamp) -> Map<String, Value> {
    let scope = &challenge.scope;
    let values = [
        json!(challenge.sid.to_string()),
        json!(scope.account.to_string()),
        json!(scope.service.to_string()),
        json!(scope.identity.as_str()),
        json!(challenge.factor.to_string()),
        json!(written(challenge.created_at)),
        json!(written(challenge.expires_at)),
        json!(challenge.details),
        json!(challenge.hidden_details),
        json!(challenge.standing(now).as_str()),
    ];
    SIGNED.iter().map(|name| (*name).to_owned()).zip(values).collect()
}

/// What the device says, if it signed that with this key, over exactly what it was shown. Members are compared by value:
/// platforms write the same JSON in different ways. `status` is what the device answers in place of what it was shown.
pub fn check(key: &DeviceKey, payload: &str, shown: &Map<String, Value>) -> Result<Answer, Refusal> {
    let refused = |why: &'static str| Refusal::new(PushCode::ChallengeVerificationFailed, why);
    let longest = LONGEST.max(json!(shown).to_string().len().saturating_mul(ESCAPED));
    let token = Some(payload).filter(|payload| payload.len() <= longest).and_then(Jws::parse);
    let Some(token) = token else {
        return Err(Refusal::new(PushCode::InvalidRequest, "Invalid parameter: AuthPayload is no signed token"));
    };
    if !key.signed(&token) {
        return Err(refused("Challenge verification failed: the answer is not signed with the factor's key by ES256"));
    }
    let same = |(name, value): (&String, &Value)| name == "status" || token.payload.get(name) == Some(value);
    if !shown.iter().all(same) {
        return Err(refused("Challenge verification failed: what was signed is not this challenge"));
    }
    let status = token.payload.get("status").and_then(Value::as_str).and_then(Answer::parse);
    status.ok_or_else(|| refused("Challenge verification failed: the answer is neither approved nor denied"))
}
