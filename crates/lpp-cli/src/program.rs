//! From the command line to the exit code.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use clap::Parser;
use serde::Serialize;

use crate::message::{MOST, fit, printable};
use crate::{CommonArgs, help, logging, threads};

/// Commit of the source that the program was built from, if git knows it.
pub const COMMIT: Option<&str> = option_env!("LPP_COMMIT");

/// The command line of a program.
pub trait Program: Parser {
    /// The flags that all programs have.
    fn common(&self) -> &CommonArgs;

    /// The completions of a shell (bash, zsh, fish), of a program whose completions are not those of its flags alone.
    #[must_use]
    fn completions(_shell: &str) -> Option<String> {
        None
    }
}

/// Whether to print no status lines (`--quiet`).
static QUIET: AtomicBool = AtomicBool::new(false);

/// Parses the command line, starts logging and threads, calls `program`, and converts its result to an exit code.
///
/// `--completions SHELL` and `--man` print a completion script or a man page instead.
pub fn run<P: Program>(program: impl FnOnce(P) -> anyhow::Result<()>) -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let mut command = help::shown(P::command());
    if let Some(text) = help::for_shell(&command, &arguments, P::completions) {
        return match text {
            Ok(text) => printed(&text),
            Err(error) => usage(&error.to_string()),
        };
    }
    let matches = command.try_get_matches_from_mut(arguments);
    let args = match matches.and_then(|matches| P::from_arg_matches(&matches)) {
        Ok(args) => args,
        Err(error) => return explained(&error),
    };
    logging::start(args.common().level());
    QUIET.store(args.common().quiet(), Ordering::Relaxed);
    report_panics_in_one_line();
    lpp_files::name_makers(lpp_study::maker_of);
    let threads = args.common().threads();
    tracing::debug!(
        "{} {}, {threads} threads",
        command.get_name(),
        command.get_version().unwrap_or_default()
    );
    match threads::start(threads).and_then(|()| program(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints help and version on stdout, and usage errors on stderr, as short as every message.
fn explained(error: &clap::Error) -> ExitCode {
    let text = error.render();
    if !error.use_stderr() {
        let text = if io::stdout().is_terminal() {
            text.ansi().to_string()
        } else {
            text.to_string()
        };
        return printed(text.as_bytes());
    }
    let plain = text.to_string();
    if plain.lines().any(|line| line.chars().count() > MOST) {
        let first = plain.lines().next().unwrap_or_default();
        return usage(first.strip_prefix("error: ").unwrap_or(first));
    }
    // Whether stderr can be written to or not, the status says it.
    let _ = error.print();
    ExitCode::from(2)
}

/// Explains an error of a program that did not get as far as [`run`].
#[must_use]
pub fn failed(error: &anyhow::Error) -> ExitCode {
    tracing_free_error(&format!("{error:#}"));
    ExitCode::FAILURE
}

fn usage(text: &str) -> ExitCode {
    tracing_free_error(text);
    ExitCode::from(2)
}

fn printed(text: &[u8]) -> ExitCode {
    match write_out(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing_free_error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints a status line on stdout, unless the program is quiet. A closed pipe (`| head`) is not an error.
///
/// # Errors
/// If stdout cannot be written to.
pub fn print_line(text: impl AsRef<str>) -> anyhow::Result<()> {
    if QUIET.load(Ordering::Relaxed) {
        return Ok(());
    }
    print_result(text)
}

/// Prints a requested result on stdout in one line, even if the program is quiet. What files and names hold makes no lines of its
/// own, and no codes for the terminal.
///
/// # Errors
/// If stdout cannot be written to.
pub fn print_result(line: impl AsRef<str>) -> anyhow::Result<()> {
    print_results([line])
}

/// Prints a result of several lines, each as [`print_result`] does.
///
/// # Errors
/// If stdout cannot be written to.
pub fn print_results(lines: impl IntoIterator<Item = impl AsRef<str>>) -> anyhow::Result<()> {
    let mut text = String::new();
    for line in lines {
        text.push_str(&printable(line.as_ref()));
        text.push('\n');
    }
    write_out(text.as_bytes())
}

fn write_out(text: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(e).context("cannot write to stdout"),
        _ => Ok(()),
    }
}

/// Prints `value` on stdout as one JSON object.
///
/// # Errors
/// If it cannot be converted to JSON, or stdout cannot be written to.
pub fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    write_out((with_controls_escaped(&text) + "\n").as_bytes())
}

/// JSON escapes the control characters of ASCII, but not the others, which some terminals obey too.
fn with_controls_escaped(json: &str) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_control() && c != '\n' {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

/// Prints an error on stderr before logging has started.
fn tracing_free_error(text: &str) {
    let _ = writeln!(io::stderr(), "error: {}", fit(text, MOST - 7));
}

/// Prints a panic, which is a bug in lpp-rs, as one line that users can report.
fn report_panics_in_one_line() {
    std::panic::set_hook(Box::new(|info| {
        if lpp_files::panics_are_caught() {
            return;
        }
        let place = info
            .location()
            .map_or_else(String::new, |l| format!(" at {}:{}", l.file(), l.line()));
        let text = info.payload_as_str().unwrap_or("unknown");
        tracing_free_error(&format!("internal error{place}, please report it: {text}"));
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_no_codes_for_terminals_and_means_the_same() {
        let value = serde_json::json!({ "a\u{9b}2J": "\u{1b}[2J\u{7f}\nü" });
        let text = with_controls_escaped(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
