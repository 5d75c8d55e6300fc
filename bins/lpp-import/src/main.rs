//! `lpp-import`: other people's words, runs, features and parcels in a study.

mod atlas;
mod bids;
mod export;
mod features;
mod place;
mod words;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lpp_cli::{CommonArgs, Program};

use crate::place::Place;

/// Brings data of other programs into a study: words with times, runs of scans, features and atlases. Writes a study as BIDS
/// derivatives.
#[derive(Debug, Parser)]
#[command(
    name = "lpp-import",
    version,
    after_help = "Examples:\n  lpp-import words align/*.TextGrid --tier words --lang de --study my-study\n  \
                  lpp-import bids derivatives/fmriprep --task story --space T1w --study my-study\n  \
                  lpp-import features own/*.npy --name own --rows words --lang de --study my-study\n  \
                  lpp-import atlas parcels.nii.gz --labels parcels.tsv --study my-study\n  \
                  lpp-import export my-derivatives --study my-study --lang de"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    common: CommonArgs,
}

/// The doc comments of the arguments are the help texts.
#[derive(Debug, Subcommand)]
enum Command {
    Words(words::WordsArgs),
    Bids(bids::BidsArgs),
    Features(features::FeaturesArgs),
    Atlas(atlas::AtlasArgs),
    Export(export::ExportArgs),
}

impl Program for Cli {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|cli: Cli| match cli.command {
        Command::Words(args) => args.run(&cli.place, &cli.common),
        Command::Bids(args) => args.run(&cli.place, &cli.common),
        Command::Features(args) => args.run(&cli.place, &cli.common),
        Command::Atlas(args) => args.run(&cli.place, &cli.common),
        Command::Export(args) => args.run(&cli.place, &cli.common),
    })
}
