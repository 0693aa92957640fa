//! Owns token introspection (RFC 7662). Leaves reading tokens to `presented_token.rs`.

use serde::Serialize;

use crate::model::client::RefreshPolicy;
use crate::model::failure::Failure;
use crate::model::grant::GrantState;
use crate::oauth::Protocol;
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::error::{ErrorCode, Refusal};
use crate::oauth::grants::TokenRequest;
use crate::oauth::grants::refresh::{Standing, standing};
use crate::oauth::presented_token::{AccessToken, PresentedToken};
use crate::store::grants::{Link, OwnedGrant};

/// The answer (RFC 7662 section 2.2). Times are seconds since 1970.
#[derive(Debug, Default, Serialize)]
pub struct Introspection {
    active: bool,
    #[serde(flatten)]
    facts: Option<Facts>,
}

#[derive(Debug, Serialize)]
struct Facts {
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    client_id: String,
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    sub: String,
    aud: String,
    iss: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    /// Of ours: names the link, for work while no user is there.
    grant_id: String,
}

impl Protocol {
    /// Tells the client about a token: one read, no write but the first sight of a rotated token's successor.
    pub async fn introspect(&self, request: &TokenRequest) -> Result<Introspection, Failure<Refusal>> {
        let missing = || Refusal::new(ErrorCode::InvalidRequest, "token is missing");
        let token = self.read_token(request.parameters.one("token")?.ok_or_else(missing)?).await?;
        let (client, owned) = self.client_and_grant(request, token.as_ref().map(PresentedToken::grant_id)).await?;
        if client.is_public() {
            return Err(Refusal::new(ErrorCode::InvalidClient, "introspection is for clients with a secret").into());
        }
        let (Some(token), Some(owned)) = (token, owned) else { return Ok(Introspection::default()) };
        let Some(policy) = policy_for(&client, &owned) else { return Ok(Introspection::default()) };
        self.describe(policy, &token, &owned).await
    }

    async fn describe(
        &self,
        policy: RefreshPolicy,
        token: &PresentedToken,
        owned: &OwnedGrant,
    ) -> Result<Introspection, Failure<Refusal>> {
        let GrantState::Active(active) = &owned.grant.state else { return Ok(Introspection::default()) };
        if !owned.owner_enabled {
            return Ok(Introspection::default());
        }
        let facts = match token {
            PresentedToken::Access(token) => {
                self.is_in_force(token, owned).await?.then(|| self.access_facts(token, owned))
            }
            PresentedToken::Refresh(token) => {
                let (now, grace) = (self.clock.now(), self.policy.refresh_grace);
                let dead = standing(token, &active.refresh, policy, now, grace) == Standing::Dead;
                (!dead && !self.is_idle(active)).then(|| self.facts(owned))
            }
        };
        Ok(Introspection { active: facts.is_some(), facts })
    }

    fn facts(&self, owned: &OwnedGrant) -> Facts {
        Facts {
            scope: owned.grant.scope.to_string(),
            client_id: owned.grant.client_id.to_string(),
            username: owned.login.to_string(),
            token_type: None,
            exp: None,
            iat: None,
            sub: owned.grant.user_id.to_string(),
            aud: self.policy.issuer.clone(),
            iss: self.policy.issuer.clone(),
            jti: None,
            grant_id: owned.grant.id.to_string(),
        }
    }

    fn access_facts(&self, token: &AccessToken, owned: &OwnedGrant) -> Facts {
        Facts {
            scope: token.scope(&owned.grant.scope).to_string(),
            token_type: Some("Bearer"),
            exp: Some(token.expires_at.timestamp()),
            iat: Some(token.issued_at.timestamp()),
            jti: Some(token.id.to_jti()),
            ..self.facts(owned)
        }
    }
}

/// The refresh policy of the client that a token was issued to, when this client may see it and that one is enabled.
fn policy_for(client: &AuthenticatedClient, link: &Link) -> Option<RefreshPolicy> {
    let owner = &link.client;
    let sees = client.id == owner.id || client.settings.introspect_any || client.serves(&owner.id);
    (sees && owner.enabled).then_some(owner.settings.refresh)
}
