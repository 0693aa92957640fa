//! Owns what a right code opens: signing in, making an account, setting a new password. Leaves codes to `text_codes/`.

use std::net::IpAddr;

use crate::identity::Identity;
use crate::identity::password::{Busy, SHORTEST};
use crate::identity::sign_in::Proven;
use crate::identity::text_codes::{CodeHolder, CodeRefusal, TextCodes};
use crate::model::approval::FirstFactor;
use crate::model::failure::{Failure, StoreError};
use crate::model::ids::UserId;
use crate::model::login::Login;
use crate::model::secret::PlainSecret;
use crate::model::text_message::CodeUsage;
use crate::model::user::User;
use crate::store::users::AddUser;

/// What somebody brings who has been sent a code.
#[derive(Debug)]
pub struct ShownCode<'a> {
    /// Who, and for what.
    pub holder: CodeHolder<'a>,
    /// The code.
    pub code: &'a str,
    /// The new password, where one is asked for.
    pub password: PlainSecret,
}

impl Identity {
    /// Whether this use of a code asks for a new password.
    pub fn asks_password(usage: CodeUsage) -> bool {
        matches!(usage, CodeUsage::Register | CodeUsage::ForgotPassword)
    }

    /// Checks a code, and does what it is for.
    pub async fn enter_by_code(&self, texts: &TextCodes, shown: ShownCode<'_>) -> Result<Proven, Failure<CodeRefusal>> {
        let ShownCode { holder, code, password } = shown;
        let asks_password = Self::asks_password(holder.usage);
        if asks_password && password.expose().chars().count() < SHORTEST {
            return Err(Failure::Refused(CodeRefusal::ShortPassword));
        }
        let admitted = self.admit_try(texts, &holder).map_err(Failure::Refused)?;
        // Before the code is used, so that a busy machine leaves it as it is.
        let hash = match asks_password {
            true => match self.hash_for(holder.address, &password).await {
                Ok(hash) => Some(hash),
                Err(Busy) => {
                    admitted.end(None);
                    return Err(Failure::Refused(CodeRefusal::Busy));
                }
            },
            false => None,
        };
        self.try_code(texts, &holder, code, admitted).await?;
        let user = match (holder.usage, hash) {
            (CodeUsage::Register, Some(hash)) => self.register(texts, &holder, hash).await?,
            (CodeUsage::ForgotPassword, Some(hash)) => self.reset_password(&holder, &hash).await?,
            _ => self.owner_of(holder.phone).await?,
        };
        let user = user.ok_or(Failure::Refused(CodeRefusal::NoWay))?;
        Ok(Proven::by(user, FirstFactor::TextCode))
    }

    /// A hash in one of the places that an address has, as for passwords of accounts that nobody knows.
    async fn hash_for(&self, address: IpAddr, password: &PlainSecret) -> Result<String, Busy> {
        let _place = self.hasher.place(None, address, false)?;
        self.hasher.hash(password).await
    }

    /// The new account. Who has one already and may sign in by code is signed in to it, with the password that it has.
    async fn register(
        &self,
        texts: &TextCodes,
        holder: &CodeHolder<'_>,
        password_hash: String,
    ) -> Result<Option<User>, StoreError> {
        let known = async || match texts.policy.sign_in {
            true => self.owner_of(holder.phone).await,
            false => Ok(None),
        };
        if !self.store.users_by_phone(holder.phone, 1).await?.is_empty() {
            return known().await;
        }
        let Ok(login) = Login::parse(holder.phone.as_str()) else { return Ok(None) };
        let user = User {
            id: UserId::random(&*self.randomness),
            login,
            email: None,
            phone: Some(holder.phone.clone()),
            password_hash: Some(password_hash),
            password_by_code: false,
            disabled_at: None,
            approval: false,
            disowned_at: None,
            sign_in_epoch: 0,
            created_at: self.clock.now(),
        };
        match self.store.add_user(&user).await? {
            AddUser::Added => Ok(Some(user)),
            AddUser::LoginTaken => known().await,
        }
    }

    /// The account with its new password; all other browsers are signed out.
    async fn reset_password(&self, holder: &CodeHolder<'_>, hash: &str) -> Result<Option<User>, StoreError> {
        let Some(user) = self.owner_of(holder.phone).await? else { return Ok(None) };
        if !self.store.set_password_by_code(user.id, hash).await? {
            return Ok(None);
        }
        // Read again: signing everybody out has begun a new epoch.
        self.store.user(user.id).await
    }
}
