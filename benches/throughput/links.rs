//! Owns making many links and the codes and tokens of theirs that the server takes for its own. Leaves using them to the
//! scenarios.

use chrono::TimeDelta;
use couplet::app::{SystemClock, SystemRandomness};
use couplet::model::grant::CodeBinding;
use couplet::model::ids::{ClientId, UserId};
use couplet::model::redirect_uri::RedirectUri;
use couplet::model::scope::Scope;
use couplet::model::time::Clock;
use couplet::store::grants::NewGrant;
use couplet::tokens::jwt::AccessClaims;
use couplet::tokens::opaque::{AccessTokenId, AuthorizationCode, OpaqueAccessToken};

use crate::copies::Column;
use crate::stage::{REDIRECT_URI, SCOPE, Stage};

/// How long codes and access tokens live: longer than any run.
const LIFE: TimeDelta = TimeDelta::hours(1);

/// Many links of one client.
pub struct Links<'a> {
    stage: &'a Stage,
    client_id: &'static str,
    codes: Vec<(AuthorizationCode, UserId)>,
}

impl<'a> Links<'a> {
    /// Links whose code is not yet redeemed.
    pub fn issued(stage: &'a Stage, client_id: &'static str, count: usize) -> Self {
        Self::make(stage, client_id, fresh(count), false)
    }

    /// Links whose code was redeemed just now.
    pub fn active(stage: &'a Stage, client_id: &'static str, count: usize) -> Self {
        Self::make(stage, client_id, fresh(count), true)
    }

    /// Links with these codes, not yet redeemed.
    pub fn of(stage: &'a Stage, client_id: &'static str, codes: Vec<AuthorizationCode>) -> Self {
        Self::make(stage, client_id, codes, false)
    }

    fn make(stage: &'a Stage, client_id: &'static str, codes: Vec<AuthorizationCode>, active: bool) -> Self {
        let codes: Vec<_> = codes.into_iter().zip(stage.people.iter().copied().cycle()).collect();
        let refresh = |code: &AuthorizationCode| code.first_refresh(stage.keys.tokens()).secret.hash();
        let original = fresh(1).remove(0);
        stage.runtime.block_on(async {
            let grant = new_grant(&original, stage.people[0], client_id);
            stage.store.issue_code(&grant).await.unwrap();
            if active {
                let now = SystemClock.now();
                stage.store.redeem_code(grant.id, &grant.code.hash, &refresh(&original), now).await.unwrap();
            }
            let hashes = codes.iter().map(|(code, _)| code.secret.hash().as_bytes().to_vec());
            let mut columns = vec![
                Column::Ids("id", codes.iter().map(|(code, _)| code.grant_id.0).collect()),
                Column::Ids("user_id", codes.iter().map(|(_, person)| person.0).collect()),
                Column::Bytes("code_hash", hashes.collect()),
            ];
            if active {
                let hashes = codes.iter().map(|(code, _)| refresh(code).as_bytes().to_vec());
                columns.push(Column::Bytes("refresh_hash", hashes.collect()));
            }
            stage.database.copy("grants", original.grant_id.0, columns).await;
            stage.database.settle().await;
        });
        Self { stage, client_id, codes }
    }

    /// Their codes.
    pub fn codes(&self) -> Vec<String> {
        self.codes.iter().map(|(code, _)| code.encode().expose().to_owned()).collect()
    }

    /// Their refresh tokens.
    pub fn refresh_tokens(&self) -> Vec<String> {
        let keys = self.stage.keys.tokens();
        self.codes.iter().map(|(code, _)| code.first_refresh(keys).encode(keys).expose().to_owned()).collect()
    }

    /// An opaque access token of each.
    pub fn opaque_tokens(&self) -> Vec<String> {
        let (now, keys) = (SystemClock.now(), self.stage.keys.tokens());
        let token = |code: &AuthorizationCode| OpaqueAccessToken {
            id: AccessTokenId::random(code.grant_id, 0, &SystemRandomness),
            scope_mask: u64::MAX,
            issued_at: now,
            expires_at: now + LIFE,
        };
        self.codes.iter().map(|(code, _)| token(code).encode(keys).expose().to_owned()).collect()
    }

    /// A JWT of each.
    pub fn jwts(&self) -> Vec<String> {
        let now = SystemClock.now();
        let signer = self.stage.runtime.block_on(self.stage.keys.signer()).unwrap();
        let issuer = self.stage.server.issuer();
        let token = |(code, person): &(AuthorizationCode, UserId)| AccessClaims {
            iss: issuer.clone(),
            sub: person.to_string(),
            aud: issuer.clone(),
            exp: (now + LIFE).timestamp(),
            iat: now.timestamp(),
            jti: AccessTokenId::random(code.grant_id, 0, &SystemRandomness).to_jti(),
            client_id: self.client_id.to_owned(),
            scope: SCOPE.to_owned(),
        };
        self.codes.iter().map(|link| signer.sign(&token(link)).unwrap().expose().to_owned()).collect()
    }
}

fn fresh(count: usize) -> Vec<AuthorizationCode> {
    (0..count).map(|_| AuthorizationCode::random(&SystemRandomness)).collect()
}

fn new_grant(code: &AuthorizationCode, user_id: UserId, client_id: &str) -> NewGrant {
    let now = SystemClock.now();
    NewGrant {
        id: code.grant_id,
        user_id,
        client_id: ClientId::parse(client_id).unwrap(),
        scope: Scope::parse(SCOPE).unwrap(),
        code: CodeBinding {
            hash: code.secret.hash(),
            expires_at: now + LIFE,
            redirect_uri: RedirectUri::parse(REDIRECT_URI, false).unwrap(),
            redirect_uri_given: true,
            challenge: None,
        },
        created_at: now,
    }
}
