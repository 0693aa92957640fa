//! Owns the shape of `couplet push …`.

use clap::Subcommand;

/// Commands about push verification.
#[derive(Debug, Subcommand)]
pub enum PushCommand {
    /// The credentials of back ends that call /v2/
    #[command(subcommand)]
    Account(PushAccountCommand),
}

/// Commands about accounts.
#[derive(Debug, Subcommand)]
pub enum PushAccountCommand {
    /// Makes an account; prints its SID and, this once, its auth token
    Add {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Lists the accounts
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Forgets an account with all its services, factors and challenges
    Delete {
        /// The account's SID, AC and 32 hexadecimal digits
        account_sid: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}
