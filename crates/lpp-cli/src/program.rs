//! From the command line to the exit code.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap_complete::Shell;
use serde::Serialize;

use crate::{CommonArgs, logging, threads};

/// Commit of the source that the program was built from, where git knew it.
pub const COMMIT: Option<&str> = option_env!("LPP_COMMIT");

/// The command line of a program.
pub trait Program: Parser {
    /// The flags that all programs have.
    fn common(&self) -> &CommonArgs;
}

/// Parses the command line, starts logging and threads, calls `program`, and turns its result into an exit code.
///
/// `--completions SHELL` and `--man`, as the first argument, print a completion script or a man page instead.
pub fn run<P: Program>(program: impl FnOnce(P) -> anyhow::Result<()>) -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(code) = print_for_shell::<P>(&arguments) {
        return code;
    }
    let args = P::parse_from(arguments);
    logging::start(args.common().level());
    report_panics_in_one_line();
    match threads::start(args.common().threads()).and_then(|()| program(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{}", one_line(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

/// Writes a line to stdout. A reader that went away (`| head`) is no error.
///
/// # Errors
/// If stdout cannot be written to.
pub fn print_line(text: impl AsRef<str>) -> anyhow::Result<()> {
    match writeln!(io::stdout(), "{}", text.as_ref()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(()),
    }
}

/// Writes `value` to stdout as one JSON object.
///
/// # Errors
/// If it cannot be written as JSON or stdout cannot be written to.
pub fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print_line(serde_json::to_string_pretty(value)?)
}

fn print_for_shell<P: Program>(arguments: &[OsString]) -> Option<ExitCode> {
    let mut command = P::command();
    let name = command.get_name().to_owned();
    let mut out = io::stdout();
    match arguments.get(1)?.to_str()? {
        "--man" => Some(match clap_mangen::Man::new(command).render(&mut out) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        }),
        "--completions" => {
            let shell = arguments
                .get(2)
                .and_then(|s| s.to_str())
                .and_then(|s| s.parse::<Shell>().ok());
            let Some(shell) = shell else {
                tracing_free_error("--completions takes bash, elvish, fish, powershell or zsh");
                return Some(ExitCode::from(2));
            };
            clap_complete::generate(shell, &mut command, name, &mut out);
            Some(ExitCode::SUCCESS)
        }
        _ => None,
    }
}

/// Before logging has started there is only stderr itself.
fn tracing_free_error(text: &str) {
    let _ = writeln!(io::stderr(), "error: {text}");
}

/// A panic is a mistake of ours; its message still is one line that can be reported.
fn report_panics_in_one_line() {
    std::panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map_or_else(String::new, |l| format!(" at {}:{}", l.file(), l.line()));
        let text = info.payload_as_str().unwrap_or("unknown");
        tracing_free_error(&format!(
            "internal error{place}, please report it: {}",
            one_line(text)
        ));
    }));
}

fn one_line(text: &str) -> String {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
