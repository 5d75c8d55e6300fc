//! `lpp-score`: log-probabilities of language models: minimal pairs, multiple choice, surprisal, perplexity, generated
//! texts.

mod choices;
mod generate;
mod ids;
mod make_pairs;
mod outcome;
mod pairs;
mod scorer;
mod text;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lpp_cli::{CommonArgs, Program};

/// Scores items, texts and tokens with a language model.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  lpp-score pairs --model gpt2 blimp/ -o pairs.csv\n  lpp-score choices --format arc --model-dir \
                  models/gpt2 ARC-Easy-Test.jsonl -o choices.csv\n  lpp-score text --study study --model gpt2 --lang en"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: CommonArgs,
}

/// The doc comments of the arguments are the help texts.
#[derive(Debug, Subcommand)]
enum Command {
    Pairs(pairs::PairsArgs),
    Choices(choices::ChoicesArgs),
    Text(text::TextArgs),
    Generate(generate::GenerateArgs),
    Ids(ids::IdsArgs),
    MakePairs(make_pairs::MakePairsArgs),
}

impl Program for Cli {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|cli: Cli| match cli.command {
        Command::Pairs(args) => args.run(&cli.common),
        Command::Choices(args) => args.run(&cli.common),
        Command::Generate(args) => args.run(&cli.common),
        Command::Text(args) => args.run(&cli.common),
        Command::MakePairs(args) => args.run(&cli.common),
        Command::Ids(args) => args.run(&cli.common),
    })
}
