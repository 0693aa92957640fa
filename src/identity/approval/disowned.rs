//! Owns "this was not me": whoever began that sign-in knows the password, so it is withdrawn, all browsers are signed out, and
//! the person is told. Who began with a code has the number: then the password stays, and only the account page tells. It
//! happens whether or not the stranger's page ever looks again, and again after a crash until it is done. Links stay.

use std::time::Duration;

use crate::identity::Identity;
use crate::identity::text_codes::{Message, TextCodes};
use crate::model::approval::Disowned;
use crate::model::failure::StoreError;
use crate::model::phone::Phone;
use crate::model::time::after;
use crate::store::approvals::Disown;

/// As many as are dealt with at a time.
const MOST: u32 = 100;

/// Whoever should have told the person for so long has died meanwhile: longer than a message waits and is tried.
const TELLING: Duration = Duration::from_secs(300);

impl Identity {
    /// Deals with all sign-ins that their person said were not theirs: first all passwords are withdrawn, then the people are
    /// told, beside this. What fails is logged and tried again, and keeps nobody else waiting.
    pub async fn withdraw_disowned(&self, service: &str) -> Result<(), StoreError> {
        let found = self.store.disowned(self.clock.now(), MOST).await?;
        let mut untold = Vec::new();
        for disowned in &found {
            match self.withdraw(disowned).await {
                Ok(true) => untold.push(disowned),
                Ok(false) => {}
                Err(error) => tell_of(disowned, &error),
            }
        }
        for disowned in untold {
            if let Err(error) = self.tell(disowned, service).await {
                tell_of(disowned, &error);
            }
        }
        Ok(())
    }

    /// Withdraws what is not withdrawn yet; gives whether the person is for us to tell.
    async fn withdraw(&self, disowned: &Disowned) -> Result<bool, StoreError> {
        let Disowned { id: approval, user_id: user, by_code, .. } = *disowned;
        let (now, telling) = (self.clock.now(), after(self.clock.now(), TELLING));
        if disowned.is_withdrawn {
            return self.store.begin_telling(approval, now, telling).await;
        }
        match self.store.disown(disowned, now, telling).await? {
            Disown::Withdrawn => {
                tracing::warn!(%user, %approval, by_code, "a person said that a sign-in was not them; all are signed out");
                Ok(true)
            }
            Disown::Outdated => {
                tracing::warn!(%user, %approval, "a person said that a sign-in from before the last change was not them");
                self.store.told_of_disowned(approval).await.map(|()| false)
            }
            Disown::Overtaken => Ok(false),
        }
    }

    /// By text message, where there is a number that is not the stranger's; their account page tells them too.
    async fn tell(&self, disowned: &Disowned, service: &str) -> Result<(), StoreError> {
        let texts = self.texts.as_ref().filter(|_| !disowned.by_code);
        let phone = match texts {
            Some(_) => self.store.user(disowned.user_id).await?.and_then(|user| user.phone),
            None => None,
        };
        match texts.zip(phone) {
            Some((texts, phone)) => self.send(texts, phone, disowned, service),
            None => self.store.told_of_disowned(disowned.id).await?,
        }
        Ok(())
    }

    /// Where too many messages wait, or a process dies, it is tried again.
    fn send(&self, texts: &TextCodes, phone: Phone, disowned: &Disowned, service: &str) {
        let Some(place) = texts.place() else { return };
        let words = format!(
            "{service}: you said that a sign-in was not you. Your password no longer works and you are signed out \
             everywhere. Set a new password; your links go on."
        );
        let (sent, store, disowned) =
            (place.take(Some(Message::Words(phone, words))), self.store.clone(), disowned.clone());
        tokio::spawn(async move {
            if sent.await.is_ok()
                && let Err(error) = store.told_of_disowned(disowned.id).await
            {
                tell_of(&disowned, &error);
            }
        });
    }
}

fn tell_of(disowned: &Disowned, error: &StoreError) {
    let Disowned { id, user_id, .. } = disowned;
    tracing::error!(user = %user_id, approval = %id, %error, "a sign-in that was not the person's is not dealt with yet");
}
