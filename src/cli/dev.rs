//! Owns `couplet dev`: the demo user, client and partner, and what the developer reads. Leaves keeping their secrets to `kept`
//! and playing the platform to `rehearse/dev.rs`.

mod kept;
mod messages;
mod push_service;

use std::sync::Arc;

use url::Url;

use self::kept::Kept;

use crate::app::{App, SystemClock, SystemRandomness, outbound};
use crate::cli::args::ClientOptions;
use crate::cli::client::{console, new_client};
use crate::cli::print::{fields, line};
use crate::cli::serve::{address, bind, serve};
use crate::cli::user::new_user;
use crate::cli::{CliError, open};
use crate::config::Config;
use crate::model::client::{Client, Credentials};
use crate::model::login::Login;
use crate::model::partner::{Partner, PartnerName, PartnerUrl};
use crate::model::redirect_uri::RedirectUri;
use crate::model::scope::Scope;
use crate::model::secret::PlainSecret;
use crate::model::time::Clock;
use crate::model::user::User;
use crate::partners::PartnerConfiguration;
use crate::rehearse::dev::{PARTNER, Rehearsal};
use crate::rehearse::login_with_amazon::LoginWithAmazon;
use crate::store::open::{Migrations, open as open_store};
use crate::tokens::master_key::MasterKey;
use crate::web::routes::{DEV_AMAZON_TOKEN, DEV_CALLBACK, DEV_MESSAGES, DEV_PUSHES};

const LOGIN: &str = "demo";

/// The demo user's number, which nobody has (555-0100 is kept free for fiction).
const PHONE: &str = "+14155550100";

const CLIENT: &str = "alexa-demo";

/// The demo client's own id at Login with Amazon.
const AMAZON_CLIENT: &str = "amzn1.application-oa2-client.demo";

/// Stands in the platform's redirect URIs until the developer's own vendor id is known.
const VENDOR: &str = "MDEMO00000000";

/// What the demo client may ask for, with the words for it.
const SCOPES: [(&str, &str); 2] =
    [("lights:read", "see which of your lights are on"), ("lights:write", "switch your lights on and off")];

/// Makes what is missing and serves.
pub async fn run(mut config: Config) -> Result<(), CliError> {
    if !config.listen.ip().is_loopback() {
        let words = format!("listen is {}; `dev` binds loopback only, such as 127.0.0.1:8080", config.listen);
        return Err(CliError::Usage(words));
    }
    let _until_the_end = crate::telemetry::begin(config.log_format, None)?;
    for (token, words) in SCOPES {
        config.scopes.entry(token.to_owned()).or_insert_with(|| words.to_owned());
    }
    config.service_name.get_or_insert_with(|| "Demo Lights".to_owned());
    let listener = bind("listen", config.listen)?;
    let base_url = format!("http://{}", address(&listener)?);
    let issuer = config.public_url.as_ref().map_or_else(|| base_url.clone(), |_| open::issuer(&config));
    // The database first: it makes the data directory.
    let store = open_store(&config.database, Migrations::Apply).await?;
    std::fs::create_dir_all(&config.data_dir)
        .map_err(|error| CliError::Failed(format!("data_dir {}: {error}", config.data_dir.display())))?;
    let master_key = MasterKey::read_or_create(&open::dev_key_file(&config), &SystemRandomness)?;
    let kept = Kept::read_or_make(&config.data_dir.join("dev.json"))?;
    let messages = messages::stand_in(&mut config, &base_url)?;
    let push_service = push_service::stand_in(&mut config, &base_url, address(&listener)?)?;
    let mut app = open::assemble(&config, &issuer, store, master_key).await?;
    ensure_user(&config, &app, &kept).await?;
    let client = ensure_client(&app, &kept.client_secret, &format!("{base_url}{DEV_CALLBACK}")).await?;
    let token_url = format!("{base_url}{DEV_AMAZON_TOKEN}");
    let two_way = ensure_partner(&app, &client, &token_url, &kept.amazon_client_secret).await?;
    let mut rehearsal = rehearsal(&config, &issuer, &base_url, &client, kept)?;
    rehearsal.amazon = rehearsal.amazon.filter(|_| two_way);
    rehearsal.messages = messages;
    rehearsal.push_service = push_service;
    tell(&base_url, &rehearsal);
    app.rehearsal = Some(rehearsal);
    serve(app, listener, None).await
}

/// The demo user, with the password that the page shows. A user of the same name whom somebody else made is not touched.
async fn ensure_user(config: &Config, app: &App, kept: &Kept) -> Result<(), CliError> {
    let password: PlainSecret = kept.password.clone().into();
    let login = Login::parse(LOGIN).map_err(|why| CliError::Failed(why.to_string()))?;
    let Some(user) = app.store.user_by_login(&login).await? else {
        let user = User { id: kept.user_id, ..new_user(config, LOGIN, Some(password), Some(PHONE), None).await? };
        app.store.add_user(&user).await?;
        return Ok(());
    };
    if user.id != kept.user_id {
        return Err(foreign("user", LOGIN));
    }
    let busy = |_| CliError::Failed("hashing the demo password failed; start again".to_owned());
    let hasher = &app.identity.hasher;
    if !hasher.verify(&password, user.password_hash.as_deref()).await.map_err(busy)? {
        app.store.set_password(user.id, &hasher.hash(&password).await.map_err(busy)?).await?;
    }
    app.store.enable_user(user.id).await?;
    Ok(())
}

fn foreign(what: &str, name: &str) -> CliError {
    CliError::Failed(format!(
        "this database has a {what} `{name}` that `dev` did not make and will not change; choose another COUPLET_DATA_DIR"
    ))
}

/// The demo client, with the secret that the page shows and this run's callback among its redirect URIs.
async fn ensure_client(app: &App, secret: &str, callback: &str) -> Result<Client, CliError> {
    let secret: PlainSecret = secret.to_owned().into();
    let id = crate::cli::client::client_id(CLIENT)?;
    let options = ClientOptions {
        preset: Some("alexa".to_owned()),
        vendor_id: Some(VENDOR.to_owned()),
        redirect_uris: vec![callback.to_owned()],
        scopes: SCOPES.iter().map(|(token, _)| (*token).to_owned()).collect(),
        ..ClientOptions::default()
    };
    app.store.add_client(&new_client(&options, Some(CLIENT), Some(&secret))?).await?;
    let gone = || CliError::Failed(format!("the client {CLIENT} was deleted meanwhile; start again"));
    let mut client = app.store.client(&id).await?.ok_or_else(gone)?;
    let now = SystemClock.now();
    if !matches!(&client.credentials, Credentials::Confidential(secrets) if secrets.accept(&secret, now)) {
        return Err(foreign("client", CLIENT));
    }
    app.store.enable_client(&id, true).await?;
    let callback = RedirectUri::parse(callback, false).map_err(|why| CliError::Failed(why.to_string()))?;
    if !client.settings.redirect_uris.contains(&callback) {
        let mut settings = client.settings.clone();
        settings.redirect_uris.retain(|uri| !uri.as_str().ends_with(DEV_CALLBACK));
        settings.redirect_uris.push(callback);
        app.store.change_settings(&id, &client.settings, &settings).await?;
        client.settings = settings;
    }
    Ok(client)
}

/// The demo client's partner: the stand-in for Login with Amazon that this very run serves at `token_url`. One that the developer
/// chose is not touched; tells whether it is the stand-in.
async fn ensure_partner(app: &App, client: &Client, token_url: &str, secret: &str) -> Result<bool, CliError> {
    let foreign = |partner: &Partner| partner.partner_client_id != AMAZON_CLIENT;
    if app.store.partner(&client.id).await?.as_ref().is_some_and(foreign) {
        return Ok(false);
    }
    let configuration = PartnerConfiguration {
        client_id: client.id.clone(),
        name: PartnerName::parse(PARTNER).map_err(|why| CliError::Failed(why.to_string()))?,
        token_url: PartnerUrl::parse(token_url).map_err(|why| CliError::Failed(why.to_string()))?,
        partner_client_id: AMAZON_CLIENT.to_owned(),
        client_secret: secret.to_owned().into(),
        scope: Scope::default(),
    };
    app.protocol.partners.configure(configuration).await?;
    Ok(true)
}

fn rehearsal(
    config: &Config,
    issuer: &str,
    base_url: &str,
    client: &Client,
    kept: Kept,
) -> Result<Rehearsal, CliError> {
    let url = |text: &str| Url::parse(text).map_err(|error| CliError::Failed(format!("{text}: {error}")));
    let secret: PlainSecret = kept.client_secret.into();
    let amazon_secret = kept.amazon_client_secret.into();
    let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
    let fields = console(config, issuer, client, Some(&secret));
    Ok(Rehearsal {
        login: LOGIN.to_owned(),
        password: kept.password.into(),
        phone: PHONE,
        client_id: client.id.to_string(),
        client_secret: secret,
        redirect_uri: format!("{base_url}{DEV_CALLBACK}"),
        public_url: url(issuer)?,
        base_url: url(base_url)?,
        console: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        http: outbound()?,
        amazon: Some(LoginWithAmazon::new(AMAZON_CLIENT, amazon_secret, clock, randomness)),
        messages: None,
        push_service: None,
        attempts: Default::default(),
    })
}

fn tell(base_url: &str, rehearsal: &Rehearsal) {
    line("Couplet dev. For development only, not for production: loopback, a demo user, a password on the page.\n");
    fields(&[
        ("Open", format!("{base_url}/")),
        ("User name", rehearsal.login.clone()),
        ("Password", rehearsal.password.expose().to_owned()),
        ("Phone", PHONE.to_owned()),
        ("Text messages", format!("{base_url}{DEV_MESSAGES}")),
        ("Push messages", format!("{base_url}{DEV_PUSHES}")),
    ]);
    line("\nFor the Alexa developer console, your skill, Build, Account Linking:\n");
    let console: Vec<_> = rehearsal.console.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    fields(&console);
    let public = rehearsal.public_url.scheme() == "https";
    if !public {
        line(
            "\nAlexa can't reach this machine. For a real skill, let a tunnel with an https address lead here and start `dev` with\n\
             COUPLET_PUBLIC_URL set to that address; this page stays on loopback, only the OAuth endpoints become public.",
        );
    }
    line(&format!(
        "\nThen register your own vendor id: `couplet client set {CLIENT} --vendor-id M…`, the end of the console's redirect URLs.\n\
         Stop with Ctrl-C."
    ));
}
