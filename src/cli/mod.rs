//! The street: owns what an operator or developer types and what they read back. Leaves every decision to the rooms.

mod args;
mod client;
mod dev;
mod grant;
mod keys;
mod migrate;
mod open;
mod print;
mod purge;
mod push;
mod rotate_master;
mod serve;
mod simulate;
mod sms;
mod token;
mod user;

use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::args::{Arguments, Command, PushCommand};
use crate::cli::print::{complain, out};
use crate::config::{Problems, Purpose};
use crate::model::failure::{Fault, StoreError};

/// Why a command did not do what it was told.
#[derive(Debug)]
pub enum CliError {
    /// Wrong usage or configuration: exit code 2. Each line is one problem with its mend.
    Usage(String),
    /// It failed: exit code 1.
    Failed(String),
}

impl CliError {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            CliError::Usage(_) => 2,
            CliError::Failed(_) => 1,
        }
    }

    /// What is told, with the mend.
    pub fn words(&self) -> &str {
        let (CliError::Usage(words) | CliError::Failed(words)) = self;
        words
    }
}

impl From<Problems> for CliError {
    fn from(problems: Problems) -> Self {
        Self::Usage(problems.to_string())
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                Self::Failed(format!("{error}; check database_url and that the database runs"))
            }
            StoreError::ReadOnly { .. } | StoreError::NotMigrated => Self::Failed(error.to_string()),
            StoreError::Corrupt { .. } => Self::Failed(format!("{error}; restore the row from a backup, or delete it")),
        }
    }
}

impl From<Fault> for CliError {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault.to_string())
    }
}

/// Reads the arguments, runs one command, gives the exit code.
pub async fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            out(&error.render().to_string());
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            complain(&one_line(&error));
            return ExitCode::from(2);
        }
    };
    match execute(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error.words());
            ExitCode::from(error.code())
        }
    }
}

async fn execute(arguments: Arguments) -> Result<(), CliError> {
    let config = |purpose| open::config(arguments.config.as_deref(), purpose);
    match arguments.command {
        Command::Dev => dev::run(config(Purpose::Dev)?).await,
        Command::Serve { no_migrate } => serve::run(config(Purpose::Serve)?, no_migrate).await,
        Command::Migrate => migrate::run(&config(Purpose::Tool)?).await,
        Command::Client(command) => client::run(&config(Purpose::Tool)?, command).await,
        Command::User(command) => user::run(&config(Purpose::Tool)?, command).await,
        Command::Grant(command) => grant::run(&config(Purpose::Tool)?, command).await,
        Command::Keys(command) => keys::run(&config(Purpose::Tool)?, command).await,
        Command::Token(command) => token::run(&config(Purpose::Mint)?, &command),
        Command::Push(PushCommand::Account(command)) => push::run(&config(Purpose::Tool)?, command).await,
        Command::Simulate(command) => simulate::run(&config(Purpose::Tool)?, command).await,
        Command::Sms(command) => sms::run(&config(Purpose::Tool)?, command).await,
        Command::Purge { json } => purge::run(&config(Purpose::Tool)?, json).await,
    }
}

/// A usage error in one line, with where to read on. A value where none belongs is not said again: it may be a secret.
fn one_line(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "name a subcommand; `couplet --help` and `couplet SUBCOMMAND --help` list them".to_owned();
    }
    let text = error.render().to_string();
    let told = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let told: Vec<&str> = told.filter(|line| !line.is_empty() && !line.starts_with("For more")).collect();
    let mut told = told.join(" ").replace(" tip:", ";");
    if let (ErrorKind::TooManyValues, Some(ContextValue::String(value))) =
        (error.kind(), error.get(ContextKind::InvalidValue))
    {
        told = told.replace(value, "…");
    }
    format!("{}; see `couplet --help`", told.strip_prefix("error: ").unwrap_or(&told))
}
