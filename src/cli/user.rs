//! Owns `couplet user …`.

use std::sync::Arc;

use serde::Serialize;

use crate::app::{SystemClock, SystemRandomness};
use crate::cli::args::UserCommand;
use crate::cli::{CliError, open, print};
use crate::config::Config;
use crate::identity::password::{Busy, PasswordHasher, SHORTEST};
use crate::model::email::Email;
use crate::model::failure::Failure;
use crate::model::ids::UserId;
use crate::model::login::Login;
use crate::model::phone::Phone;
use crate::model::secret::PlainSecret;
use crate::model::time::Clock;
use crate::model::user::User;
use crate::push::Denied;
use crate::push::own_people::{devices_in, forget_in};
use crate::store::Store;
use crate::store::users::AddUser;

/// As many users as are read at once.
const PAGE: u32 = 500;

#[derive(Serialize)]
struct Listed {
    user_id: String,
    login: String,
    email: Option<String>,
    phone: Option<String>,
    has_password: bool,
    disabled: bool,
    approval: bool,
    created_at: String,
}

/// A user with what others know of them.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    user: Listed,
    devices: usize,
}

impl From<&User> for Listed {
    fn from(user: &User) -> Self {
        Self {
            user_id: user.id.to_string(),
            login: user.login.to_string(),
            email: user.email.as_ref().map(ToString::to_string),
            phone: user.phone.as_ref().map(ToString::to_string),
            has_password: user.password_hash.is_some(),
            disabled: !user.is_enabled(),
            approval: user.approval,
            created_at: user.created_at.to_rfc3339(),
        }
    }
}

/// Runs a command about users.
pub async fn run(config: &Config, command: UserCommand) -> Result<(), CliError> {
    match command {
        UserCommand::Add { login, password_stdin, phone, email, json } => {
            let password = if password_stdin { Some(read_password()?) } else { None };
            let user = new_user(config, &login, password, phone.as_deref(), email.as_deref()).await?;
            add(config, &user, json).await
        }
        UserCommand::List { json } => list(&*open::store_telling(config).await?, json).await,
        UserCommand::Show { user, json } => {
            let (store, user) = existing(config, &user).await?;
            let devices = devices_in(&*store, user.id, SystemClock.now()).await.map_err(of_push)?;
            show(&user, devices.len(), json)
        }
        UserCommand::SetPassword { user, password_stdin: _ } => {
            let (store, user) = existing(config, &user).await?;
            let hash = hash(config, &read_password()?).await?;
            told(store.set_password(user.id, &hash).await?, &user, "has a new password and is signed out everywhere")
        }
        UserCommand::SetApproval { user, switch } => {
            let (store, user) = existing(config, &user).await?;
            set_approval(&*store, &user, switch == "on").await
        }
        UserCommand::Disable { user } => {
            let (store, user) = existing(config, &user).await?;
            store.disable_user(user.id, SystemClock.now()).await?;
            told(true, &user, "is disabled")
        }
        UserCommand::Enable { user } => {
            let (store, user) = existing(config, &user).await?;
            store.enable_user(user.id).await?;
            told(true, &user, "is enabled")
        }
        UserCommand::Delete { user } => {
            let (store, user) = existing(config, &user).await?;
            // First, for nobody finds them without the user.
            forget_in(&*store, user.id).await.map_err(of_push)?;
            told(store.delete_user(user.id).await?, &user, "is deleted with all links and devices")
        }
    }
}

async fn existing(config: &Config, user: &str) -> Result<(Arc<dyn Store>, User), CliError> {
    let store = open::store(config).await?;
    let user = find(&*store, user).await?;
    Ok((store, user))
}

async fn add(config: &Config, user: &User, json: bool) -> Result<(), CliError> {
    if open::store_telling(config).await?.add_user(user).await? == AddUser::LoginTaken {
        let words = format!("there is a user {} already; choose another login", user.login);
        return Err(CliError::Failed(words));
    }
    if user.password_hash.is_none() {
        let login = &user.login;
        print::hint(&format!(
            "couplet: {login} has no password and can't sign in yet; `couplet user set-password {login}`"
        ));
    }
    show(user, 0, json)
}

/// The user of a login or a user id.
pub async fn find(store: &dyn Store, text: &str) -> Result<User, CliError> {
    let by_id = match UserId::parse(text) {
        Some(id) => store.user(id).await?,
        None => None,
    };
    let found = match (by_id, Login::parse(text)) {
        (None, Ok(login)) => store.user_by_login(&login).await?,
        (found, _) => found,
    };
    found.ok_or_else(|| CliError::Failed(format!("there is no user {text}; `couplet user list` shows them")))
}

/// A user about to be added, with everything checked.
pub async fn new_user(
    config: &Config,
    login: &str,
    password: Option<PlainSecret>,
    phone: Option<&str>,
    email: Option<&str>,
) -> Result<User, CliError> {
    let wrong = |what: &str, why: String| CliError::Usage(format!("{what}: {why}"));
    Ok(User {
        id: UserId::random(&SystemRandomness),
        login: Login::parse(login).map_err(|why| wrong(login, why.to_string()))?,
        email: email.map(Email::parse).transpose().map_err(|why| wrong("--email", why.to_string()))?,
        phone: phone
            .map(|phone| Phone::typed(phone, config.sms.country))
            .transpose()
            .map_err(|why| wrong("--phone", why.to_string()))?,
        password_hash: match password {
            Some(password) => Some(hash(config, &password).await?),
            None => None,
        },
        password_by_code: false,
        disabled_at: None,
        approval: false,
        disowned_at: None,
        sign_in_epoch: 0,
        created_at: SystemClock.now(),
    })
}

fn read_password() -> Result<PlainSecret, CliError> {
    let password = open::secret_from_stdin("the password")?;
    if password.expose().chars().count() < SHORTEST {
        return Err(CliError::Usage(format!("the password is too short; choose at least {SHORTEST} characters")));
    }
    Ok(password)
}

async fn hash(config: &Config, password: &PlainSecret) -> Result<String, CliError> {
    let hasher = PasswordHasher::new(config.password, Arc::new(SystemRandomness))?;
    hasher.hash(password).await.map_err(|Busy| CliError::Failed("hashing the password failed; try again".to_owned()))
}

async fn set_approval(store: &dyn Store, user: &User, on: bool) -> Result<(), CliError> {
    let done = store.set_approval(user.id, on).await?;
    if on && devices_in(store, user.id, SystemClock.now()).await.map_err(of_push)?.is_empty() {
        let login = &user.login;
        print::hint(&format!(
            "couplet: {login} has no device yet and can only approve by a code by text message, if at all; \
             `couplet user set-approval {login} off` takes it back"
        ));
    }
    told(done, user, if on { "has to approve sign-ins on a device" } else { "signs in without approval" })
}

fn of_push(denied: Denied) -> CliError {
    match denied {
        Failure::Refused(refusal) => CliError::Failed(refusal.message().to_owned()),
        Failure::Store(error) => error.into(),
        Failure::Internal(fault) => fault.into(),
    }
}

fn told(done: bool, user: &User, what: &str) -> Result<(), CliError> {
    if !done {
        return Err(CliError::Failed(format!("{} was deleted meanwhile; nothing was changed", user.login)));
    }
    print::line(&format!("{} {what}.", user.login));
    Ok(())
}

async fn list(store: &dyn Store, json: bool) -> Result<(), CliError> {
    let mut after = None;
    let mut all = Vec::new();
    loop {
        let page = store.users(after, PAGE).await?;
        after = page.last().map(|user| user.id);
        for user in &page {
            let listed = Listed::from(user);
            if json {
                all.push(listed);
            } else {
                let disabled = if listed.disabled { "  disabled" } else { "" };
                print::line(&format!("{}  {}{disabled}", listed.user_id, listed.login));
            }
        }
        if after.is_none() {
            break;
        }
    }
    if json { print::json(&all) } else { Ok(()) }
}

fn show(user: &User, devices: usize, json: bool) -> Result<(), CliError> {
    let shown = Shown { user: user.into(), devices };
    if json {
        return print::json(&shown);
    }
    let listed = shown.user;
    let or_none = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
    print::fields(&[
        ("user_id", listed.user_id),
        ("login", listed.login),
        ("email", or_none(listed.email)),
        ("phone", or_none(listed.phone)),
        ("password", if listed.has_password { "set" } else { "none" }.to_owned()),
        ("disabled", listed.disabled.to_string()),
        ("approval", if listed.approval { "on" } else { "off" }.to_owned()),
        ("devices", devices.to_string()),
        ("created_at", listed.created_at),
    ]);
    Ok(())
}
