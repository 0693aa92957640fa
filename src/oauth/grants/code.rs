//! Owns the authorization code grant at the token endpoint (RFC 6749 section 4.1.3): proof of possession, then redemption,
//! then the rule against replay. Leaves the shared phases to `mod.rs`.

use crate::model::failure::Failure;
use crate::model::grant::{ActiveGrant, Grant, GrantState};
use crate::model::parameters::Parameters;
use crate::model::time::after;
use crate::oauth::Protocol;
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::error::Refusal;
use crate::oauth::grants::refresh::current_from;
use crate::oauth::grants::{Issue, TRIES, never_settled, no_grant};
use crate::store::grants::{OwnedGrant, RedeemCode};
use crate::tokens::opaque::{AuthorizationCode, RefreshToken};

/// A code whose presenter showed everything it is bound to. Made only by [`prove`]; only such a code is redeemed, and only
/// its replay is punished.
struct ProvenCode {
    first_refresh: RefreshToken,
}

impl Protocol {
    pub(super) async fn redeem(
        &self,
        client: &AuthenticatedClient,
        code: &AuthorizationCode,
        mut owned: OwnedGrant,
        parameters: &Parameters,
    ) -> Result<(Issue, Grant), Failure<Refusal>> {
        let proven = self.prove(client, code, &owned.grant, parameters)?;
        for _ in 0..TRIES {
            if !owned.owner_enabled {
                return Err(no_grant("the user is disabled").into());
            }
            match &owned.grant.state {
                GrantState::Revoked { .. } => return Err(no_grant("the link was revoked").into()),
                GrantState::Active(active) => return self.repeat(client, &proven, &owned.grant, active).await,
                GrantState::Issued if self.clock.now() >= owned.grant.code.expires_at => {
                    self.store.end_issued(owned.grant.id, self.clock.now()).await?;
                    return Err(no_grant("the code has expired").into());
                }
                GrantState::Issued => {}
            }
            let refresh = &proven.first_refresh;
            let hash = &owned.grant.code.hash;
            match self.store.redeem_code(owned.grant.id, hash, &refresh.secret.hash(), self.clock.now()).await? {
                RedeemCode::Redeemed => return Ok((issue(proven.first_refresh, &owned.grant), owned.grant)),
                RedeemCode::Spent => owned = self.look_again(&owned).await?,
            }
        }
        Err(never_settled())
    }

    /// Proof of possession: the same secret, client, redirect URI and verifier, in this order, before anything is decided.
    fn prove(
        &self,
        client: &AuthenticatedClient,
        code: &AuthorizationCode,
        grant: &Grant,
        parameters: &Parameters,
    ) -> Result<ProvenCode, Refusal> {
        if !grant.code.hash.matches(&code.secret) {
            return Err(no_grant("the code is not the one that was issued"));
        }
        if grant.client_id != client.id {
            return Err(no_grant("the code was issued to another client"));
        }
        let with_pkce = check_verifier(grant, parameters)?;
        match parameters.one("redirect_uri")? {
            Some(received) if received == grant.code.redirect_uri.as_str() => {}
            Some(_) => return Err(no_grant("redirect_uri is not the one of the authorization request")),
            None if !grant.code.redirect_uri_given => {}
            None if with_pkce && client.settings.lenient_redirect_uri => {}
            None => return Err(no_grant("redirect_uri is missing")),
        }
        Ok(ProvenCode { first_refresh: code.first_refresh(self.keys.tokens()) })
    }

    /// A proven code came a second time: because the answer was lost, or as a replay (RFC 6749 section 4.1.2).
    async fn repeat(
        &self,
        client: &AuthenticatedClient,
        proven: &ProvenCode,
        grant: &Grant,
        active: &ActiveGrant,
    ) -> Result<(Issue, Grant), Failure<Refusal>> {
        let settings = &client.settings;
        let in_time = self.clock.now() < after(active.redeemed_at, self.policy.refresh_grace);
        if !settings.repeat_exchange || client.is_public() || !in_time {
            return Err(self.punish(grant, "the code was redeemed before").await?);
        }
        let current = current_from(&proven.first_refresh, &active.refresh, self.keys.tokens());
        let current = current.ok_or_else(|| no_grant("the link has moved on too far to repeat its exchange"))?;
        Ok((issue(current, grant), grant.clone()))
    }
}

/// RFC 7636 section 4.6; a verifier without a challenge is a downgrade (RFC 9700 section 4.8.2). Tells whether PKCE was used.
fn check_verifier(grant: &Grant, parameters: &Parameters) -> Result<bool, Refusal> {
    match (&grant.code.challenge, parameters.one("code_verifier")?) {
        (None, None) => Ok(false),
        (Some(challenge), Some(verifier)) if challenge.is_met_by(verifier) => Ok(true),
        (Some(_), Some(_)) => Err(no_grant("code_verifier does not meet the code_challenge")),
        (Some(_), None) => {
            Err(no_grant("code_verifier is missing though the authorization request had a code_challenge"))
        }
        (None, Some(_)) => Err(no_grant("code_verifier came though the authorization request had no code_challenge")),
    }
}

fn issue(refresh: RefreshToken, grant: &Grant) -> Issue {
    Issue { refresh, scope: grant.scope.clone() }
}
