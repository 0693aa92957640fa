//! Owns "this was not me": whoever began that sign-in knows the password, so it is withdrawn, all browsers are signed out, and
//! the person is told. It happens whether or not the stranger's page ever looks again, and again after a crash until it is
//! done. Links stay.

use std::time::Duration;

use crate::identity::Identity;
use crate::model::approval::Disowned;
use crate::model::failure::StoreError;
use crate::model::time::before;
use crate::store::approvals::Disown;

/// As many as are dealt with at a time.
const MOST: u32 = 100;

/// Whoever should have told the person for so long has died meanwhile.
const TELLING: Duration = Duration::from_secs(60);

impl Identity {
    /// Deals with all approvals that ended within `within`, and that their person said were not theirs; gives how many.
    pub async fn withdraw_disowned(&self, service: &str, within: Duration) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let found = self.store.disowned(before(now, within), before(now, TELLING), MOST).await?;
        for disowned in &found {
            self.withdraw(disowned, service).await?;
        }
        Ok(found.len())
    }

    async fn withdraw(&self, disowned: &Disowned, service: &str) -> Result<(), StoreError> {
        let (user, approval) = (disowned.user_id, disowned.id);
        if !disowned.is_withdrawn {
            match self.store.disown(disowned, self.clock.now()).await? {
                Disown::Withdrawn => tracing::warn!(
                    %user, %approval, "a person said that a sign-in was not them; the password is withdrawn"
                ),
                Disown::Outdated => {
                    tracing::warn!(%user, %approval, "a person said that a sign-in from before the last change was not them");
                    return self.store.told_of_disowned(approval).await;
                }
                Disown::Overtaken => return Ok(()),
            }
        }
        self.tell(disowned, service).await?;
        self.store.told_of_disowned(approval).await
    }

    /// By text message, where there is a number; their account page tells them too.
    async fn tell(&self, disowned: &Disowned, service: &str) -> Result<(), StoreError> {
        let Some(texts) = &self.texts else { return Ok(()) };
        let phone = self.store.user(disowned.user_id).await?.and_then(|user| user.phone);
        let Some(phone) = phone else { return Ok(()) };
        let words = format!(
            "{service}: you said that a sign-in was not you. Your password no longer works and you are signed out \
             everywhere. Set a new password; your links go on."
        );
        if let Err(why) = texts.tell(&phone, &words).await {
            tracing::warn!(user = %disowned.user_id, class = why.class(), error = %why, "the person was not told by text message");
        }
        Ok(())
    }
}
