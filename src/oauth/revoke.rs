//! Owns token revocation (RFC 7009): whichever token of a link is revoked, the whole link ends. Leaves reading tokens to
//! `presented_token.rs`.

use crate::model::failure::Failure;
use crate::oauth::Protocol;
use crate::oauth::error::{ErrorCode, Refusal};
use crate::oauth::grants::TokenRequest;
use crate::oauth::presented_token::PresentedToken;

impl Protocol {
    /// Ends the link of the presented token. An unknown token is no error (RFC 7009 section 2.2); another client's is, and
    /// ends nothing.
    pub async fn revoke(&self, request: &TokenRequest) -> Result<(), Failure<Refusal>> {
        let missing = || Refusal::new(ErrorCode::InvalidRequest, "token is missing");
        let token = self.read_token(request.parameters.one("token")?.ok_or_else(missing)?).await?;
        let (client, owned) = self.client_and_grant(request, token.as_ref().map(PresentedToken::grant_id)).await?;
        let (Some(token), Some(owned)) = (token, owned) else { return Ok(()) };
        if owned.grant.client_id != client.id {
            return Err(Refusal::new(ErrorCode::UnauthorizedClient, "the token was issued to another client").into());
        }
        // An access token that has ended ends nothing more, wherever it was found (RFC 7009 section 2.2).
        if matches!(&token, PresentedToken::Access(token) if self.clock.now() >= token.expires_at) {
            return Ok(());
        }
        self.store.revoke_grant(owned.grant.id, self.clock.now()).await?;
        Ok(())
    }
}
