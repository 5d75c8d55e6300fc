//! `lpp-ridge`: nested cross-validated ridge regression on plain arrays.

mod args;
mod input;
mod job;
mod order;
mod outputs;
mod summary;

use std::process::ExitCode;

fn main() -> ExitCode {
    lpp_cli::run(|args: args::Args| {
        let args = order::in_order(args)?;
        job::run(&args)
    })
}
