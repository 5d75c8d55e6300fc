//! Common parts of the programs of lpp-rs: flags, logging, progress, exit codes.
//!
//! A program is a clap struct with [`CommonArgs`], a function from it to a result, and one line:
//!
//! ```no_run
//! use clap::Parser;
//! use lpp_cli::{CommonArgs, Program};
//!
//! /// Counts words.
//! #[derive(Debug, Parser)]
//! #[command(version)]
//! struct Args {
//!     #[command(flatten)]
//!     common: CommonArgs,
//! }
//!
//! impl Program for Args {
//!     fn common(&self) -> &CommonArgs {
//!         &self.common
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     lpp_cli::run(|args: Args| lpp_cli::print_line("0 words"))
//! }
//! ```
//!
//! Exit status: 0 for success, 1 for an error, which is explained in one line on stderr, 2 for wrong usage.

mod args;
mod bar;
mod choice;
mod help;
mod logging;
mod message;
mod outcome;
mod output;
mod program;
mod threads;

pub use args::{
    AnnotationArgs, CommonArgs, ScanArgs, StudyArgs, SubjectArgs, language, model, published_language,
    subject,
};
pub use bar::{ProgressReport, progress};
pub use choice::choice;
pub use outcome::{Outcome, counted, print_outcomes};
pub use output::output_file;
pub use program::{COMMIT, Program, failed, print_json, print_line, print_result, print_results, run};

/// [`lpp_steps::Software`] of the program that expands it.
#[macro_export]
macro_rules! software {
    () => {
        $crate::Software {
            program: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            commit: $crate::COMMIT,
        }
    };
}

pub use lpp_steps::Software;
