//! Owns what is written to the terminal: for people in lines, for scripts as JSON. A reader that goes away is no failure.

use std::io::Write;

use serde::Serialize;

use crate::cli::CliError;

/// Writes text to standard output as it is.
pub fn out(text: &str) {
    let mut stdout = std::io::stdout().lock();
    // Who reads may stop at any time, as `head` does.
    drop(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()));
}

/// Writes a line to standard output.
pub fn line(text: &str) {
    out(&format!("{text}\n"));
}

/// Writes each line of an error to standard error, with our name before it.
pub fn complain(text: &str) {
    let mut stderr = std::io::stderr().lock();
    for line in text.lines() {
        drop(writeln!(stderr, "couplet: {line}"));
    }
}

/// Writes a hint to standard error, so that standard output stays for programs.
pub fn hint(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}

/// Writes a value as JSON.
pub fn json(value: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| CliError::Failed(error.to_string()))?;
    line(&text);
    Ok(())
}

/// Writes names and values, one a line, the values in one column.
pub fn fields(fields: &[(&str, String)]) {
    let width = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in fields {
        line(&format!("{name:width$}  {value}"));
    }
}
