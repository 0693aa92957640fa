//! Owns signing in with a password, and recognising a signed-in browser again. Leaves hashing to `password.rs`.

use std::net::IpAddr;
use std::ops::Deref;
use std::time::Duration;

use crate::identity::Identity;
use crate::identity::device::Device;
use crate::identity::held_secret::HeldSecret;
use crate::identity::password::Busy;
use crate::model::approval::{ApprovalPolicy, FirstFactor};
use crate::model::failure::{Failure, StoreError};
use crate::model::ids::{ApprovalId, SignInId};
use crate::model::login::Login;
use crate::model::secret::{PlainSecret, TokenSecret, sha256};
use crate::model::time::{Timestamp, after};
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

/// A person whose browser showed a valid session cookie. Made only by [`Identity::recognise`] and [`Identity::let_in`].
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

    /// Whether the sign-in was approved on a device, or by a second code.
    pub fn is_approved(&self) -> bool {
        self.sign_in.approved
    }

    /// Whether this session may see and change the person's account.
    pub fn may_manage(&self) -> bool {
        self.is_approved() || !ApprovalPolicy::default().asks(&self.user)
    }

    /// Whether this session may add and remove the person's devices. Once there is one, only an approved session may: else who
    /// has no more than the password would add one of their own and approve with it.
    pub fn may_change_devices(&self, has_devices: bool) -> bool {
        self.may_manage() && (self.is_approved() || !has_devices)
    }

    /// What this session shows of the person: the factor by which it began.
    pub fn proven(&self) -> Proven {
        Proven::by(self.user.clone(), self.sign_in.first)
    }
}

impl Deref for SignedInUser {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

/// A person who has shown who they are, by one factor or by two. Made only where that is checked: [`Identity::sign_in`],
/// [`Identity::enter_by_code`], [`Identity::look`] and for a session [`SignedInUser::proven`].
#[derive(Debug)]
pub struct Proven {
    user: User,
    first: FirstFactor,
    approval: Option<Spent>,
}

/// The approval that was used up for a session.
#[derive(Debug)]
pub(super) struct Spent {
    /// Which.
    pub id: ApprovalId,
    /// The secret in the browser's cookie.
    pub secret: TokenSecret,
    /// When it was used up.
    pub at: Timestamp,
}

impl Spent {
    /// The session's row and secret. They follow from the approval, so that a browser that did not read our answer gets the
    /// same session when it asks again, and no second one. Who reads the database learns neither secret.
    fn session(&self) -> (SignInId, TokenSecret) {
        let secret = TokenSecret::from_bytes(sha256(&[b"session of an approval", self.secret.expose()]));
        (SignInId(self.id.0), secret)
    }
}

impl Proven {
    /// By one factor.
    pub(super) fn by(user: User, first: FirstFactor) -> Self {
        Self { user, first, approval: None }
    }

    /// By two, of which this was the first.
    pub(super) fn approved(user: User, first: FirstFactor, approval: Spent) -> Self {
        Self { user, first, approval: Some(approval) }
    }

    /// Who it is.
    pub fn user(&self) -> &User {
        &self.user
    }

    /// Whether by two factors.
    pub fn is_approved(&self) -> bool {
        self.approval.is_some()
    }

    /// By what they showed it first.
    pub fn first(&self) -> FirstFactor {
        self.first
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
    /// Checks a password. An unknown user takes as long as a wrong password and gets the same words.
    pub async fn sign_in(
        &self,
        username: &str,
        password: &PlainSecret,
        origin: Origin,
    ) -> Result<Proven, Failure<SignInRefusal>> {
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
        let user = user?;
        let first = if user.password_by_code { FirstFactor::PasswordByCode } else { FirstFactor::Password };
        Ok(Proven::by(user, first))
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

    /// Begins the session of somebody who has shown enough, in a browser that may be known. One approval begins one session,
    /// however often it is shown.
    pub async fn let_in(&self, proven: Proven, browser: Option<Device>) -> Result<Welcome, StoreError> {
        let Proven { user, first, approval } = proven;
        let now = approval.as_ref().map_or_else(|| self.clock.now(), |approval| approval.at);
        let (id, secret) = match &approval {
            Some(approval) => approval.session(),
            None => (SignInId::random(&*self.randomness), TokenSecret::random(&*self.randomness)),
        };
        let sign_in = SignIn {
            id,
            user_id: user.id,
            secret_hash: secret.hash(),
            epoch: user.sign_in_epoch,
            first,
            approved: approval.is_some(),
            created_at: now,
            expires_at: after(now, SIGN_IN_LIFE),
        };
        self.store.add_sign_in(&sign_in).await?;
        let session = HeldSecret { id: sign_in.id.0, secret }.encode();
        let browser = browser.unwrap_or_else(|| Device::fresh(&*self.randomness));
        let device = browser.with(&self.keys.tokens().device, &user.login);
        Ok(Welcome { user: SignedInUser { user, sign_in }, session, device })
    }

    /// The person whose browser shows this cookie, if it still counts.
    pub async fn recognise(&self, cookie: &str) -> Result<Option<SignedInUser>, StoreError> {
        let Some(HeldSecret { id, secret }) = HeldSecret::parse(cookie) else { return Ok(None) };
        let found = self.store.sign_in(SignInId(id)).await?;
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
