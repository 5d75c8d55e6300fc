//! Log-probabilities of given token ids.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use lpp_cli::{CommonArgs, Outcome};
use lpp_llm::{Identity, TokenScores};
use lpp_model_flags::RunFlags;
use lpp_steps::{Making, ScoreStep};

use lpp_llm::BATCH_TOKENS;

/// Writes log-probabilities of given token ids
///
/// The output has the tensors logprobs (NaN where there is none) and sums; with --context continuation_sums and
/// continuation_greedy; with --logits logits. Nothing is put in front of the rows.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Args)]
pub(crate) struct IdsArgs {
    /// Checkpoint folder
    #[arg(long, value_name = "DIR")]
    model_dir: PathBuf,
    /// Token ids: .npy, int64, [rows, tokens]
    #[arg(long, value_name = "NPY")]
    ids: PathBuf,
    /// Attention mask, 1 for tokens and 0 for padding on the right: .npy, int64, [rows, tokens]
    #[arg(long, value_name = "NPY")]
    attention_mask: Option<PathBuf>,
    /// Tokens of the context of each row, at least 1: .npy, int64, (rows)
    #[arg(long, value_name = "NPY")]
    context: Option<PathBuf>,
    /// Write all logits, too
    #[arg(long)]
    logits: bool,
    /// Output file
    #[arg(short, long, value_name = "FILE", value_parser = lpp_cli::output_file(&[".safetensors"]))]
    output: PathBuf,
    /// Tokens that go through the model together; 1 means one row at a time
    #[arg(long, value_name = "N", default_value_t = BATCH_TOKENS)]
    batch_tokens: usize,
    /// Recompute even if the output is up to date
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    run: RunFlags,
}

impl IdsArgs {
    pub(crate) fn run(self, common: &CommonArgs) -> anyhow::Result<()> {
        let job = TokenScores {
            model: self.run.params(self.model_dir, false, common),
            ids: self.ids,
            attention_mask: self.attention_mask,
            context: self.context,
            with_logits: self.logits,
            batch_tokens: self.batch_tokens,
            output: self.output,
        };
        let software = lpp_cli::software!();
        let step = ScoreStep {
            measure: "ids",
            files: job.files()?,
            seed: self.run.seed.unwrap_or(0),
            dtype: self.run.dtype,
            settings: BTreeMap::from([
                ("logits", self.logits.into()),
                ("context", job.context.is_some().into()),
                ("equal_bits", job.model.equal_bits.into()),
            ]),
            output: job.output.clone(),
            tokens: None,
        };
        let making = Making::of(software, step.artefact(&job.output))?;
        if making.is_done(self.force)? {
            return lpp_cli::print_outcomes(common, &[Outcome::new(&job.output, true)]);
        }
        let identity = Identity::new(software.program, software.version, &job.model, making.inputs());
        let (n_rows, leftover) = job.write(identity, self.force, &lpp_cli::progress(common))?;
        making.finish()?;
        leftover.remove()?;
        lpp_cli::print_outcomes(common, &[Outcome::new(&job.output, false).count("rows", n_rows)])
    }
}
