//! Owns signing in with a password, and recognising a signed-in browser again. Leaves hashing to `password.rs`.

use std::net::IpAddr;
use std::ops::Deref;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::identity::Identity;
use crate::identity::device::Device;
use crate::identity::password::Busy;
use crate::model::failure::{Failure, StoreError};
use crate::model::ids::SignInId;
use crate::model::login::Login;
use crate::model::secret::{PlainSecret, TokenSecret};
use crate::model::time::after;
use crate::model::user::{SignIn, User};
use crate::throttle::Wait;

/// How long a browser stays signed in: long enough to link and look around, short on a phone that others pick up.
pub const SIGN_IN_LIFE: Duration = Duration::from_secs(8 * 3600);

/// Why somebody is not signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInRefusal {
    /// Unknown user, wrong password, no password or disabled: one answer for all.
    WrongCredentials,
    /// Too many failures; wait.
    TooMany(Duration),
    /// More sign-ins at once than this machine can check; try again soon.
    Busy,
}

/// A person whose browser showed a valid session cookie. Made only by [`Identity::recognise`] and [`Identity::sign_in`].
#[derive(Debug)]
pub struct SignedInUser {
    user: User,
    sign_in: SignIn,
}

impl SignedInUser {
    /// Names the signed-in browser.
    pub fn sign_in_id(&self) -> SignInId {
        self.sign_in.id
    }
}

impl Deref for SignedInUser {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

/// Where an attempt to sign in comes from.
#[derive(Debug)]
pub struct Origin {
    /// The address of the request.
    pub address: IpAddr,
    /// The browser, if somebody has signed in with it before.
    pub device: Option<Device>,
}

/// What a browser gets in which somebody has just signed in.
#[derive(Debug)]
pub struct Welcome {
    /// Who it is.
    pub user: SignedInUser,
    /// The secret of the session.
    pub session: PlainSecret,
    /// The browser, which knows the account from now on.
    pub device: Device,
}

impl Identity {
    /// Signs a person in with a password. An unknown user takes as long as a wrong password and gets the same words.
    pub async fn sign_in(
        &self,
        username: &str,
        password: &PlainSecret,
        origin: Origin,
    ) -> Result<Welcome, Failure<SignInRefusal>> {
        let login = Login::parse(username).ok();
        let key = &self.keys.tokens().device;
        let known = origin.device.as_ref().zip(login.as_ref()).and_then(|(device, login)| device.known_for(key, login));
        let admission = self.doors.admit(login.as_ref(), origin.address, known);
        let admission = admission.map_err(|Wait(wait)| Failure::Refused(SignInRefusal::TooMany(wait)))?;
        let user = match self.hasher.place(login.as_ref(), origin.address, known.is_some()) {
            Ok(_place) => self.check_password(login.as_ref(), password).await,
            Err(Busy) => Err(Failure::Refused(SignInRefusal::Busy)),
        };
        if !matches!(user, Err(Failure::Refused(SignInRefusal::WrongCredentials))) {
            admission.forgive();
        }
        let (user, session) = self.begin(user?).await?;
        let device = origin.device.unwrap_or_else(|| Device::fresh(&*self.randomness)).with(key, &user.login);
        Ok(Welcome { user, session, device })
    }

    async fn check_password(
        &self,
        login: Option<&Login>,
        password: &PlainSecret,
    ) -> Result<User, Failure<SignInRefusal>> {
        let found = match login {
            Some(login) => self.store.user_by_login(login).await?,
            None => None,
        };
        let stored = found.as_ref().and_then(|user| user.password_hash.clone());
        let right = self.hasher.verify(password, stored.as_deref()).await;
        match (right, found, stored) {
            (Err(Busy), ..) => Err(Failure::Refused(SignInRefusal::Busy)),
            (Ok(true), Some(user), Some(stored)) if user.is_enabled() => {
                self.renew_hash(&user, &stored, password).await;
                Ok(user)
            }
            _ => Err(Failure::Refused(SignInRefusal::WrongCredentials)),
        }
    }

    /// Replaces a hash made with other costs than today's. Failing to do so does not keep anybody out.
    async fn renew_hash(&self, user: &User, stored: &str, password: &PlainSecret) {
        if self.hasher.is_current(stored) {
            return;
        }
        if let Ok(renewed) = self.hasher.hash(password).await
            && let Err(error) = self.store.rehash_password(user.id, stored, &renewed).await
        {
            tracing::warn!(user = %user.id, %error, "a password hash was not renewed");
        }
    }

    pub(super) async fn begin(&self, user: User) -> Result<(SignedInUser, PlainSecret), StoreError> {
        let secret = TokenSecret::random(&*self.randomness);
        let now = self.clock.now();
        let sign_in = SignIn {
            id: SignInId::random(&*self.randomness),
            user_id: user.id,
            secret_hash: secret.hash(),
            epoch: user.sign_in_epoch,
            created_at: now,
            expires_at: after(now, SIGN_IN_LIFE),
        };
        self.store.add_sign_in(&sign_in).await?;
        let text = URL_SAFE_NO_PAD.encode([sign_in.id.0.as_bytes().as_slice(), secret.expose()].concat());
        Ok((SignedInUser { user, sign_in }, text.into()))
    }

    /// The person whose browser shows this cookie, if it still counts.
    pub async fn recognise(&self, cookie: &str) -> Result<Option<SignedInUser>, StoreError> {
        let Some((id, secret)) = parse_cookie(cookie) else { return Ok(None) };
        let found = self.store.sign_in(id).await?;
        let now = self.clock.now();
        Ok(found
            .filter(|(sign_in, user)| {
                sign_in.secret_hash.matches(&secret)
                    && sign_in.epoch == user.sign_in_epoch
                    && now < sign_in.expires_at
                    && user.is_enabled()
            })
            .map(|(sign_in, user)| SignedInUser { user, sign_in }))
    }

    /// Signs a browser out.
    pub async fn sign_out(&self, user: &SignedInUser) -> Result<(), StoreError> {
        self.store.end_sign_in(user.sign_in.id).await
    }
}

/// Reads the value of a session cookie; `None` when it can't be one of ours.
pub fn parse_cookie(cookie: &str) -> Option<(SignInId, TokenSecret)> {
    let bytes = URL_SAFE_NO_PAD.decode(cookie).ok()?;
    let (id, secret) = bytes.split_at_checked(16)?;
    let id = Uuid::from_slice(id).ok()?;
    Some((SignInId(id), TokenSecret::from_bytes(secret.try_into().ok()?)))
}
