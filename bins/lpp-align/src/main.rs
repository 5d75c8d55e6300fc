//! `lpp-align`: which tokens make up each word.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use lpp_cli::{AnnotationArgs, CommonArgs, Outcome, Program, StudyArgs};
use lpp_fetch::{Content, ModelRequest};
use lpp_preparation::AlignJob;
use lpp_study::Study;
use lpp_text::Context;

/// Writes a table of words and their tokens, for inspecting an alignment.
///
/// Columns: run,word_index,word,onset,offset,window,token_start,token_end_window,token_end,tokens. Runs, words, windows
/// and tokens are numbered from 0. Times are in seconds. token_end is one past the last token.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  lpp-align --lang en --tokenizer models/gpt2 --max-len 1024 -o align.csv\n  lpp-align --model \
                  gpt2 --max-len 1024 -o align.csv"
)]
struct Args {
    #[command(flatten)]
    study: StudyArgs,
    /// A tokenizer.json, or a folder with tokenizer.json or with vocab.json and merges.txt
    #[arg(long, value_name = "DIR_OR_JSON", required_unless_present = "model")]
    tokenizer: Option<PathBuf>,
    /// Use the tokenizer of this model, from the study or the hub (gpt2, ORG/NAME)
    #[arg(long, value_name = "NAME", value_parser = lpp_cli::model, conflicts_with = "tokenizer")]
    model: Option<String>,
    /// Branch, tag or commit on the hub
    #[arg(long, value_name = "REVISION", requires = "model")]
    revision: Option<String>,
    /// Do not use the network, like HF_HUB_OFFLINE=1
    #[arg(long)]
    offline: bool,
    /// Tokens per window: the model's max_position_embeddings
    #[arg(long, value_name = "N", visible_alias = "window")]
    max_len: usize,
    /// Tokens by which windows advance [default: 64]
    #[arg(long, value_name = "TOKENS", conflicts_with = "context")]
    advance: Option<usize>,
    /// A context for each word, as in lpp-extract: words:N, tokens:N or run
    #[arg(long, value_name = "CONTEXT")]
    context: Option<Context>,
    /// The text: lpp_en_text.zip, a folder of text files, or one file [default: the study's, or the words]
    #[arg(long, value_name = "ZIP_OR_DIR")]
    text: Option<PathBuf>,
    #[command(flatten)]
    annotation: AnnotationArgs,
    /// Output table
    #[arg(short, long, value_name = "CSV", value_parser = lpp_cli::output_file(&[".csv"]))]
    output: PathBuf,
    #[command(flatten)]
    common: CommonArgs,
}

impl Program for Args {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl Args {
    fn job(self) -> anyhow::Result<AlignJob> {
        let study = self.study.open_without(self.annotation.replaced())?;
        let tokenizer = self.tokenizer(&study)?;
        let annotation = self.annotation.source(&study, self.study.lang);
        Ok(AlignJob {
            tokenizer,
            text: self.text.or_else(|| annotation.text(&study)),
            annotation,
            max_len: self.max_len,
            advance: self.advance,
            context: self.context,
            output: self.output,
            force: self.study.force,
        })
    }

    /// The tokenizer given, or that of the model.
    fn tokenizer(&self, study: &Study) -> anyhow::Result<PathBuf> {
        if let Some(tokenizer) = &self.tokenizer {
            return Ok(tokenizer.clone());
        }
        let request = ModelRequest {
            name: self.model.clone().context("give --tokenizer or --model")?,
            revision: self.revision.clone(),
            content: Content::Tokenizer,
            offline: self.offline,
            n_threads: self.common.threads(),
        };
        Ok(request.locate(study, &lpp_cli::progress(&self.common))?.tokenizer)
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        let common = args.common.clone();
        let job = args.job()?;
        let report = job.run(lpp_cli::software!())?;
        let outcome = Outcome::new(&job.output, report.up_to_date).count("words", report.n_words);
        lpp_cli::print_outcomes(&common, &[outcome])
    })
}
