//! `lpp-fetch`: the data set, precomputed files, word vectors, batteries of items and models.

mod args;
mod data;
mod glove;
mod items;
mod listing;
mod model;
mod precomputed;
mod published;
mod software;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lpp_cli::{CommonArgs, Program};

use crate::args::NetworkArgs;

/// Downloads the files that a study needs, and verifies them.
///
/// A file gets its final name when its size and hash are right. To resume an interrupted download, run the command
/// again. Proxies are read from HTTPS_PROXY and NO_PROXY.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Parser)]
#[command(
    name = "lpp-fetch",
    version,
    after_help = "Examples:\n  lpp-fetch data --study study --lang en --dry-run\n  lpp-fetch data --study study --subject EN057 \
                  --threads 4\n  lpp-fetch precomputed --study study --lang en,fr\n  lpp-fetch glove --study study\n  \
                  lpp-fetch items blimp --study study\n  lpp-fetch model gpt2 pythia-6.9b_step1000\n  lpp-fetch verify study"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    common: CommonArgs,
}

/// The doc comments of the arguments are the help texts.
#[derive(Debug, Subcommand)]
enum Command {
    Data(data::DataArgs),
    Precomputed(precomputed::PrecomputedArgs),
    Glove(glove::GloveArgs),
    Items(items::ItemsArgs),
    Model(model::ModelArgs),
    Verify(verify::VerifyArgs),
}

impl Program for Cli {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|cli: Cli| match cli.command {
        Command::Data(args) => args.run(&cli.network, &cli.common),
        Command::Precomputed(args) => args.run(&cli.network, &cli.common),
        Command::Glove(args) => args.run(&cli.network, &cli.common),
        Command::Items(args) => args.run(&cli.network, &cli.common),
        Command::Model(args) => args.run(&cli.network, &cli.common),
        Command::Verify(args) => args.run(&cli.common),
    })
}
