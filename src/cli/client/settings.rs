//! Owns turning an operator's words into the settings of a client, new or changed. Leaves platform facts to `platforms/`.

use crate::cli::CliError;
use crate::cli::args::ClientOptions;
use crate::cli::client::{client_id, twilio};
use crate::model::approval::ApprovalPolicy;
use crate::model::client::{AccessTokenFormat, ClientSettings, GrantType, RefreshPolicy};
use crate::model::redirect_uri::RedirectUri;
use crate::model::scope::Scope;
use crate::platforms::preset::{ALL, Preset};

/// Stands for no client at all in `--backend-of`.
const NOBODY: &str = "none";

/// The settings of a new client.
pub fn new(options: &ClientOptions, public: bool) -> Result<ClientSettings, CliError> {
    let base = match preset_of(options)? {
        Some(preset) => preset.settings(),
        None => ClientSettings::default(),
    };
    let settings = changed_from(base, options, public)?;
    let is_mere_backend =
        !options.backend_of.is_empty() && options.grants.is_empty() && settings.redirect_uris.is_empty();
    let settings =
        ClientSettings { grant_types: if is_mere_backend { Vec::new() } else { settings.grant_types }, ..settings };
    if settings.name.is_empty() {
        return Err(usage("--name", "is missing; say what people read on the consent page"));
    }
    let needs_redirect = settings.grant_types.contains(&GrantType::AuthorizationCode);
    if needs_redirect && settings.redirect_uris.is_empty() {
        return Err(match &settings.preset {
            Some(_) => usage(
                "--vendor-id",
                "is missing; it is the end of the redirect URLs on the skill's account-linking page, M and capital letters and digits",
            ),
            None => usage("--redirect-uri", "is missing; give at least one"),
        });
    }
    Ok(settings)
}

/// The settings of an existing client after a change; what is not named stays.
pub fn changed(current: &ClientSettings, options: &ClientOptions, public: bool) -> Result<ClientSettings, CliError> {
    let base = match preset_of(options)? {
        Some(preset) => ClientSettings {
            name: current.name.clone(),
            redirect_uris: current.redirect_uris.clone(),
            scope: current.scope.clone(),
            grant_types: current.grant_types.clone(),
            require_pkce: current.require_pkce,
            introspect_any: current.introspect_any,
            backend_of: current.backend_of.clone(),
            exchange_grant_id: current.exchange_grant_id,
            approval: current.approval,
            twilio: current.twilio.clone(),
            ..preset.settings()
        },
        None => current.clone(),
    };
    changed_from(base, options, public)
}

fn changed_from(
    mut settings: ClientSettings,
    options: &ClientOptions,
    public: bool,
) -> Result<ClientSettings, CliError> {
    if let Some(name) = &options.name {
        settings.name = checked_name(name)?;
    }
    settings.redirect_uris = redirect_uris(&settings, options, public)?;
    if options.scopes.iter().any(|scope| scope.contains(',')) {
        return Err(usage("--scope", "has a comma; repeat the option for each scope"));
    }
    if !options.scopes.is_empty() {
        let scope = Scope::parse(&options.scopes.join(" "));
        settings.scope = scope.map_err(|why| usage("--scope", &why.to_string()))?;
    }
    if !options.grants.is_empty() {
        settings.grant_types = options.grants.iter().map(|grant| grant_type(grant)).collect::<Result<_, _>>()?;
    }
    match options.access_token.as_deref() {
        Some("jwt") => settings.access_token = AccessTokenFormat::Jwt,
        Some(_) => settings.access_token = AccessTokenFormat::Opaque,
        None => {}
    }
    match options.refresh.as_deref() {
        Some("stable") => settings.refresh = RefreshPolicy::Stable,
        Some("rotate") => settings.refresh = RefreshPolicy::Rotate,
        Some(_) => settings.refresh = RefreshPolicy::Strict,
        None => {}
    }
    settings.require_pkce = options.require_pkce.unwrap_or(settings.require_pkce);
    settings.introspect_any = options.introspect_any.unwrap_or(settings.introspect_any);
    settings.exchange_grant_id = options.exchange_grant_id.unwrap_or(settings.exchange_grant_id);
    if !options.backend_of.is_empty() {
        let named = options.backend_of.iter().filter(|id| *id != NOBODY);
        settings.backend_of = named.map(|id| client_id(id)).collect::<Result<_, _>>()?;
    }
    if let Some(switch) = &options.repeat_exchange {
        settings.repeat_exchange = switch == "on";
    }
    match options.sign_in_approval.as_deref() {
        Some("never") => settings.approval = ApprovalPolicy::Never,
        Some("enrolled") => settings.approval = ApprovalPolicy::Enrolled,
        Some(_) => settings.approval = ApprovalPolicy::Required,
        None => {}
    }
    settings.twilio = twilio::changed(&settings.twilio, &options.twilio)?;
    check_limits(&settings, public)?;
    Ok(settings)
}

fn check_limits(settings: &ClientSettings, public: bool) -> Result<(), CliError> {
    if public {
        check_public(settings)?;
    }
    let preset = settings.preset.as_deref().and_then(Preset::named);
    match preset {
        Some(preset) if settings.scope.len() > preset.max_scopes => {
            Err(usage("--scope", &format!("{} takes at most {} scopes", preset.title, preset.max_scopes)))
        }
        _ => Ok(()),
    }
}

/// What only a secret makes safe.
fn check_public(settings: &ClientSettings) -> Result<(), CliError> {
    if settings.preset.is_some() {
        return Err(usage("--public", "does not fit a platform, whose servers keep a secret and ask for one"));
    }
    if settings.refresh == RefreshPolicy::Stable {
        return Err(usage(
            "--refresh",
            "stable needs a client with a secret (RFC 9700 section 2.2.2); use rotate or strict",
        ));
    }
    if settings.repeat_exchange {
        return Err(usage("--repeat-exchange", "on needs a client with a secret: only that proves who repeats"));
    }
    if settings.introspect_any {
        return Err(usage("--introspect-any", "needs a client with a secret"));
    }
    if !settings.backend_of.is_empty() || settings.exchange_grant_id {
        return Err(usage("--backend-of and --exchange-grant-id", "need a client with a secret"));
    }
    Ok(())
}

/// The platform's own URIs for the vendor, then the given ones; without either, those there were.
fn redirect_uris(
    settings: &ClientSettings,
    options: &ClientOptions,
    public: bool,
) -> Result<Vec<RedirectUri>, CliError> {
    let given = options.redirect_uris.iter().map(|text| {
        RedirectUri::parse(text, public).map_err(|why| usage(&format!("--redirect-uri {text}"), &why.to_string()))
    });
    let given: Vec<RedirectUri> = given.collect::<Result<_, _>>()?;
    let preset = settings.preset.as_deref().and_then(Preset::named);
    let owned = |uri: &&RedirectUri| preset.is_some_and(|preset| preset.owns(uri));
    let mut uris: Vec<RedirectUri> = match (&options.vendor_id, preset) {
        (None, _) => settings.redirect_uris.iter().filter(|uri| given.is_empty() || owned(uri)).cloned().collect(),
        (Some(_), None) => return Err(usage("--vendor-id", "belongs to a platform; name it with --preset")),
        (Some(vendor_id), Some(preset)) => {
            // People copy the whole redirect URL, of which it is the end.
            let vendor_id = vendor_id.rsplit('/').next().unwrap_or(vendor_id);
            (preset.check_vendor_id)(vendor_id).map_err(|why| usage("--vendor-id", &why.to_string()))?;
            let of_vendor = preset.redirect_uris_of(vendor_id).map_err(|why| usage("--vendor-id", &why.to_string()))?;
            let kept = settings.redirect_uris.iter().filter(|uri| given.is_empty() && !owned(uri)).cloned();
            of_vendor.into_iter().chain(kept).collect()
        }
    };
    given.into_iter().for_each(|uri| {
        if !uris.contains(&uri) {
            uris.push(uri)
        }
    });
    Ok(uris)
}

fn preset_of(options: &ClientOptions) -> Result<Option<&'static Preset>, CliError> {
    let Some(name) = &options.preset else { return Ok(None) };
    let known = || ALL.iter().map(|preset| preset.name).collect::<Vec<_>>().join(", ");
    Preset::named(name).map(Some).ok_or_else(|| usage("--preset", &format!("{name} is unknown; known: {}", known())))
}

fn grant_type(name: &str) -> Result<GrantType, CliError> {
    let known = || GrantType::USUAL.map(GrantType::as_str).join(", ");
    match GrantType::parse(name) {
        Some(grant_type) if GrantType::USUAL.contains(&grant_type) => Ok(grant_type),
        Some(_) => Err(usage(
            "--grant",
            &format!(
                "{name} needs no permission of its own: `client set-partner` gives it, and --backend-of lets a backend use it"
            ),
        )),
        None => Err(usage("--grant", &format!("{name} is not supported; supported: {}", known()))),
    }
}

fn checked_name(name: &str) -> Result<String, CliError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(usage("--name", "has 1 to 100 characters and no control characters"));
    }
    Ok(name.to_owned())
}

/// Wrong usage of an option.
pub fn usage(what: &str, why: &str) -> CliError {
    CliError::Usage(format!("{what}: {why}"))
}
