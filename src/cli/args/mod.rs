//! Owns the shape of the command line. Leaves doing what it says to one file per command.

mod client;
mod push;
mod token;
mod twilio;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use client::{ClientCommand, ClientOptions, PartnerOptions};
pub use push::{PushAccountCommand, PushCommand};
pub use token::{TokenCommand, TokenOptions};
pub use twilio::TwilioOptions;

/// OAuth 2.0 authorization server for account linking.
#[derive(Debug, Parser)]
#[command(name = "couplet", version, about, propagate_version = true)]
pub struct Arguments {
    /// The configuration file [default: couplet.toml if there is one; variable: COUPLET_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// First run: a demo user, a demo Alexa client and a page that walks through a whole link
    Dev,
    /// The server
    Serve {
        /// Do not apply pending migrations first
        #[arg(long)]
        no_migrate: bool,
    },
    /// Applies pending migrations and exits
    Migrate,
    /// The OAuth clients
    #[command(subcommand)]
    Client(ClientCommand),
    /// The users
    #[command(subcommand)]
    User(UserCommand),
    /// The links
    #[command(subcommand)]
    Grant(GrantCommand),
    /// The signing keys and the master key
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Makes a Twilio access token, for a try or a script; it stands alone on standard output
    #[command(subcommand)]
    Token(TokenCommand),
    /// Text messages
    #[command(subcommand)]
    Sms(SmsCommand),
    /// Push verification
    #[command(subcommand)]
    Push(PushCommand),
    /// Plays a platform against a server and tells whether it would be content
    #[command(subcommand)]
    Simulate(SimulateCommand),
    /// Deletes what has expired (the server does so by itself as well)
    Purge {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Commands about users. USER is a login or a user id.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Creates a user; prints the user id
    Add {
        /// A user name or an email address
        login: String,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
        /// A phone number, such as +14155550100
        #[arg(long)]
        phone: Option<String>,
        /// An email address
        #[arg(long)]
        email: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Lists the users
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows a user
    Show {
        /// A login or a user id
        user: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Sets the password, read from standard input, and ends browser sessions; links stay
    SetPassword {
        /// A login or a user id
        user: String,
        /// Read the password from standard input; it is read from there anyway
        #[arg(long)]
        password_stdin: bool,
    },
    /// Whether sign-ins are approved on a device of the user's before anybody is let in
    SetApproval {
        /// A login or a user id
        user: String,
        /// on or off
        #[arg(value_parser = ["on", "off"])]
        switch: String,
    },
    /// Keeps a user out and stops all links from refreshing
    Disable {
        /// A login or a user id
        user: String,
    },
    /// Lets a disabled user in again
    Enable {
        /// A login or a user id
        user: String,
    },
    /// Forgets a user with all links
    Delete {
        /// A login or a user id
        user: String,
    },
}

/// Commands about links.
#[derive(Debug, Subcommand)]
pub enum GrantCommand {
    /// Lists the links
    List {
        /// Only those of this user (a login or a user id)
        #[arg(long)]
        user: Option<String>,
        /// Only those of this client
        #[arg(long)]
        client: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows a link
    Show {
        /// The link's id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Ends a link
    Revoke {
        /// The link's id
        id: String,
    },
}

/// Commands about keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Lists the published keys
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Signs with a new key from now on; the former one stays published until its last token has ended
    Rotate {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Seals everything anew under another master key while servers run; killed and run again, it goes on
    RotateMaster {
        /// A file with the new master key, as `openssl rand -base64 32` prints it
        #[arg(long, value_name = "FILE")]
        new_key_file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Commands about text messages.
#[derive(Debug, Subcommand)]
pub enum SmsCommand {
    /// Sends a test message by the Generic template
    Test {
        /// To which number, such as +14155550100
        #[arg(long)]
        to: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// The platforms that can be played.
#[derive(Debug, Subcommand)]
pub enum SimulateCommand {
    /// Amazon Alexa
    Alexa(SimulateOptions),
}

/// Against what, and as whom, to rehearse.
#[derive(Debug, Args)]
pub struct SimulateOptions {
    /// The server [default: public_url]
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// The platform's client at the server
    #[arg(long)]
    pub client_id: String,
    /// Read the client's secret from standard input; it is read from there anyway
    #[arg(long)]
    pub client_secret_stdin: bool,
    /// The login of a test user
    #[arg(long)]
    pub user: String,
    /// A file with the test user's password
    #[arg(long, value_name = "FILE")]
    pub password_file: PathBuf,
    /// The vendor id in the platform's redirect URIs [default: looked up in this server's own database]
    #[arg(long)]
    pub vendor_id: Option<String>,
    /// A redirect URI of the client in place of the platform's own; repeat for more
    #[arg(long = "redirect-uri", value_name = "URI")]
    pub redirect_uris: Vec<String>,
    /// The scope to ask for, separated by blanks [default: none, so that the server grants what is registered]
    #[arg(long)]
    pub scope: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
