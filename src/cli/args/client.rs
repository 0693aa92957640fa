//! Owns the shape of `couplet client …`. Leaves what the choices mean to `cli/client/settings.rs`.

use clap::{Args, Subcommand};

use super::TwilioOptions;

/// What an operator may choose about a client.
#[derive(Clone, Debug, Default, Args)]
pub struct ClientOptions {
    /// What people read on the consent page and in their account
    #[arg(long)]
    pub name: Option<String>,
    /// The platform, which sets redirect URIs and policies: alexa
    #[arg(long)]
    pub preset: Option<String>,
    /// The vendor id in the platform's redirect URIs; at Alexa M and capital letters and digits
    #[arg(long)]
    pub vendor_id: Option<String>,
    /// A redirect URI, compared exactly; repeat for more
    #[arg(long = "redirect-uri", value_name = "URI")]
    pub redirect_uris: Vec<String>,
    /// A scope the client may ask for; repeat for more
    #[arg(long = "scope", value_name = "SCOPE")]
    pub scopes: Vec<String>,
    /// A grant type the client may use; repeat for more [default: authorization_code and refresh_token]
    #[arg(long = "grant", value_name = "GRANT")]
    pub grants: Vec<String>,
    /// The form of access tokens [default: opaque for platform presets, else jwt]
    #[arg(long, value_parser = ["jwt", "opaque"])]
    pub access_token: Option<String>,
    /// What a refresh does to the refresh token [default: stable for platform presets, else rotate]
    #[arg(long, value_parser = ["stable", "rotate", "strict"])]
    pub refresh: Option<String>,
    /// Demand PKCE of a client with a secret
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "true|false")]
    pub require_pkce: Option<bool>,
    /// Whether the identical code exchange, repeated because its answer was lost, continues the link
    #[arg(long, value_parser = ["on", "off"])]
    pub repeat_exchange: Option<String>,
    /// Let the client introspect tokens of all clients (a resource server)
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "true|false")]
    pub introspect_any: Option<bool>,
    /// A service's backend: let it introspect this client's tokens and get its partner tokens; repeat for more clients, `none` for none any more
    #[arg(long = "backend-of", value_name = "CLIENT")]
    pub backend_of: Vec<String>,
    /// Let the client name a link by its grant id alone when it gets partner tokens, for work while no user is there
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "true|false")]
    pub exchange_grant_id: Option<bool>,
    /// Whose sign-ins on the way to a link are approved on a device: nobody's, those of users who switched it on, everybody's [default: enrolled]
    #[arg(long, value_parser = ["never", "enrolled", "required"])]
    pub sign_in_approval: Option<String>,
    /// What its users may have of Twilio.
    #[command(flatten)]
    pub twilio: TwilioOptions,
}

/// The partner's own authorization server, where a client's reciprocal codes are exchanged.
#[derive(Debug, Args)]
pub struct PartnerOptions {
    /// The partner's name, the audience of token exchanges: alexa, or another with --token-url
    #[arg(long)]
    pub partner: String,
    /// Its token endpoint [default for alexa: Login with Amazon's]
    #[arg(long, value_name = "URL")]
    pub token_url: Option<String>,
    /// Your client id there; for alexa the Alexa Client Id on the skill's Permissions page
    #[arg(long, value_name = "ID")]
    pub partner_client_id: String,
    /// Read your client secret there from standard input; it is read from there anyway
    #[arg(long)]
    pub partner_client_secret_stdin: bool,
    /// The scope of its tokens, told when the partner does not say it; repeat for more
    #[arg(long = "scope", value_name = "SCOPE")]
    pub scopes: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Commands about clients.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Registers a client; prints its secret once, and what to paste into the platform's console
    Add {
        #[command(flatten)]
        options: Box<ClientOptions>,
        /// The client's id [default: a new one]
        #[arg(long)]
        client_id: Option<String>,
        /// Read the client's secret from standard input instead of making one
        #[arg(long, conflicts_with = "public")]
        client_secret_stdin: bool,
        /// A client that can keep no secret, such as an app
        #[arg(long)]
        public: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Lists the clients
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows a client, and what to paste into the platform's console
    Show {
        /// The client's id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Changes a client; what is not named stays
    Set {
        /// The client's id
        id: String,
        #[command(flatten)]
        options: Box<ClientOptions>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Names the partner where this client's reciprocal codes are exchanged, which makes its links two-way
    SetPartner {
        /// The client's id
        id: String,
        #[command(flatten)]
        options: PartnerOptions,
    },
    /// Forgets the client's partner with all its tokens; links go on one-way
    RemovePartner {
        /// The client's id
        id: String,
    },
    /// Makes a new secret; the former one stays valid for a while
    RotateSecret {
        /// The client's id
        id: String,
        /// How long the former secret stays valid
        #[arg(long, default_value = "24h")]
        overlap: String,
        /// Read the new secret from standard input instead of making one
        #[arg(long)]
        client_secret_stdin: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Refuses the client from now on
    Disable {
        /// The client's id
        id: String,
    },
    /// Lets a disabled client in again
    Enable {
        /// The client's id
        id: String,
    },
    /// Forgets the client and all its links
    Delete {
        /// The client's id
        id: String,
    },
}
