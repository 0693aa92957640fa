//! Owns the credentials of back ends: an account SID and an auth token, which is kept sealed because webhooks are signed with it.

use std::sync::Arc;

use subtle::ConstantTimeEq;

use crate::model::push::account::PushAccount;
use crate::model::push::sid::AccountSid;
use crate::model::random::{Randomness, bytes};
use crate::model::secret::PlainSecret;
use crate::model::time::Clock;
use crate::push::Push;
use crate::push::error::Refusal;
use crate::push::own_people::OWN_ACCOUNT;
use crate::store::Store;
use crate::tokens::keys::{KeyFailure, Keys};
use crate::tokens::seal::Place;

fn place(row: &str) -> Place<'_> {
    Place { table: "push_accounts", column: "auth_token", row }
}

/// The auth token of an account.
pub(super) async fn auth_token(keys: &Keys, account: &PushAccount) -> Result<PlainSecret, KeyFailure> {
    let row = account.sid.0.hyphenated().to_string();
    let token = keys.unseal(place(&row), &account.sealed_token).await?;
    Ok(String::from_utf8_lossy(&token).into_owned().into())
}

/// Makes an account; gives its auth token, which can't be read again.
pub async fn add(
    store: &Arc<dyn Store>,
    keys: &Keys,
    clock: &dyn Clock,
    randomness: &dyn Randomness,
) -> Result<(PushAccount, PlainSecret), KeyFailure> {
    let (account, token) = make(keys, clock, randomness, AccountSid::random(randomness))?;
    store.add_push_account(&account).await?;
    Ok((account, token))
}

/// An account with a fresh auth token, stored nowhere yet.
pub(super) fn make(
    keys: &Keys,
    clock: &dyn Clock,
    randomness: &dyn Randomness,
    sid: AccountSid,
) -> Result<(PushAccount, PlainSecret), KeyFailure> {
    let token: String = bytes::<16>(randomness).iter().map(|byte| format!("{byte:02x}")).collect();
    let row = sid.0.hyphenated().to_string();
    let sealed_token = keys.seal(place(&row), token.as_bytes())?;
    Ok((PushAccount { sid, sealed_token, created_at: clock.now() }, token.into()))
}

impl Push {
    /// The account whose credentials these are.
    pub(super) async fn account(&self, user: &str, token: &PlainSecret) -> Result<AccountSid, super::Denied> {
        let wrong = || Refusal::unauthorized("the account SID or the auth token is wrong");
        let sid = AccountSid::parse(user).filter(|sid| *sid != OWN_ACCOUNT).ok_or_else(wrong)?;
        let account = self.store.push_account(sid).await?.ok_or_else(wrong)?;
        let expected = auth_token(&self.keys, &account).await.map_err(|failure| failure.map(|never| match never {}))?;
        let same: bool = expected.expose().as_bytes().ct_eq(token.expose().as_bytes()).into();
        if same { Ok(sid) } else { Err(wrong().into()) }
    }
}
