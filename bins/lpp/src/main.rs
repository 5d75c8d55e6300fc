//! `lpp`: one command that finds the others.

mod completions;

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{self, ExitCode};

use anyhow::anyhow;
use clap::{Command, Parser};
use lpp_cli::{CommonArgs, Program};

/// What each program does, by its name without `lpp-`.
const PROGRAMS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/programs.rs"));

/// The programs in the order in which a study needs them.
const ORDER: &[(&str, &[&str])] = &[
    ("The whole study", &["run", "report"]),
    ("What comes in", &["fetch", "import", "simulate"]),
    (
        "Words and language models",
        &["align", "extract", "score", "glove", "random", "controls"],
    ),
    (
        "Scans",
        &[
            "resample",
            "mask",
            "clean",
            "average",
            "surface",
            "rois",
            "regressors",
        ],
    ),
    ("Brain scores and numbers", &["fit", "ridge", "analyze"]),
];

/// Brain encoding with language models
///
/// `lpp fit …` is `lpp-fit …`. The program is taken from the folder of this one, then from PATH.
#[derive(Debug, Parser)]
#[command(
    version,
    subcommands = programs(),
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_help = "Example:\n  lpp run --study my-study\n  lpp fit --help"
)]
struct Cli {
    #[command(flatten)]
    common: CommonArgs,
}

/// The programs as shells and the help text see them.
fn programs() -> impl Iterator<Item = Command> {
    PROGRAMS
        .iter()
        .map(|(name, about)| Command::new(*name).about(*about).disable_help_flag(true))
}

impl Program for Cli {
    fn common(&self) -> &CommonArgs {
        &self.common
    }

    fn completions(shell: &str) -> Option<String> {
        completions::script(shell, PROGRAMS)
    }
}

fn main() -> ExitCode {
    // All flags behind a program are its own, --help and --man too.
    let mut words = env::args_os().skip(1);
    let program = words.next().and_then(|word| {
        let known = PROGRAMS.iter().find(|(name, _)| word == **name);
        known.map(|(name, _)| *name)
    });
    if let Some(name) = program {
        return lpp_cli::failed(&become_program(name, words));
    }
    lpp_cli::run(|_: Cli| lpp_cli::print_results(listing().lines()))
}

/// Runs the program in place of this one; returns only why that failed.
fn become_program(name: &str, flags: impl Iterator<Item = OsString>) -> anyhow::Error {
    let Some(program) = found(name) else {
        return anyhow!(
            "no program lpp-{name} beside lpp or in PATH; build or unpack it, or add its folder to PATH"
        );
    };
    let error = process::Command::new(&program).args(flags).exec();
    anyhow::Error::new(error).context(format!("cannot start {}", program.display()))
}

/// The program's file: beside this one, or in `PATH`.
fn found(name: &str) -> Option<PathBuf> {
    let beside = env::current_exe()
        .ok()
        .and_then(|own| own.parent().map(PathBuf::from));
    let path = env::var_os("PATH").unwrap_or_default();
    beside
        .into_iter()
        .chain(env::split_paths(&path))
        .map(|folder| folder.join(format!("lpp-{name}")))
        .find(|program| program.is_file())
}

/// All programs with what they do, in the order of a study.
fn listing() -> String {
    let line = |name: &&str| {
        let about = PROGRAMS.iter().find(|(known, _)| known == name);
        format!("  {name:<11} {}", about.map_or("", |(_, about)| about))
    };
    let group = |(title, names): &(&str, &[&str])| {
        let lines: Vec<String> = names.iter().map(line).collect();
        format!("\n{title}\n{}", lines.join("\n"))
    };
    let groups: Vec<String> = ORDER.iter().map(group).collect();
    format!(
        "lpp PROGRAM …; lpp PROGRAM --help explains one.\n{}",
        groups.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_is_listed_once() {
        let mut listed: Vec<&str> = ORDER
            .iter()
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        listed.sort_unstable();
        let known: Vec<&str> = PROGRAMS.iter().map(|(name, _)| *name).collect();
        assert_eq!(listed, known);
    }
}
