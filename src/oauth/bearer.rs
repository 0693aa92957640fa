//! Owns finding the link behind a bearer token (RFC 6750). Leaves what its user may to the endpoints.

use crate::model::failure::Failure;
use crate::model::secret::PlainSecret;
use crate::oauth::Protocol;
use crate::oauth::error::{ErrorCode, Refusal};
use crate::oauth::presented_token::PresentedToken;
use crate::store::grants::Link;

impl Protocol {
    /// The link of an access token that introspection would call active: in force, of a user and a client that are enabled.
    pub async fn bearer_link(&self, bearer: Option<&PlainSecret>) -> Result<Link, Failure<Refusal>> {
        let link = self.link_behind(bearer).await?;
        if !link.client.enabled {
            return Err(dead("the client is disabled").into());
        }
        Ok(link)
    }

    /// The link of an access token that is in force.
    pub(super) async fn link_behind(&self, bearer: Option<&PlainSecret>) -> Result<Link, Failure<Refusal>> {
        let bearer = bearer.ok_or_else(|| dead("there is no bearer token in the request"))?;
        let token = self.read_token(bearer.expose()).await?;
        let Some(PresentedToken::Access(token)) = token else {
            return Err(dead("the token is no access token of ours").into());
        };
        let link = self.store.link(token.id.grant_id).await?;
        let link = link.ok_or_else(|| dead("the token's link does not exist"))?;
        if !self.is_in_force(&token, &link).await? {
            return Err(dead("the token is not in force").into());
        }
        Ok(link)
    }
}

/// The same words for every cause: they decide nothing for the platform and could help a thief.
pub(super) fn dead(cause: &'static str) -> Refusal {
    Refusal::because(ErrorCode::InvalidToken, "the access token is missing, unknown, or not in force any more", cause)
}
