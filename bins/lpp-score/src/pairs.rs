//! Minimal pairs.

use std::path::{Path, PathBuf};

use clap::Args;
use lpp_cli::{CommonArgs, Outcome};
use lpp_competence::{
    Pair, PairRow, PairSummary, Scored, item_files, load_pairs, load_rows, sampled, save_rows,
};
use lpp_llm::RowScores;
use lpp_steps::ScoreStep;
use lpp_text::{Prefix, TokenRow};

use crate::outcome::with_facts;
use crate::scorer::{ItemArgs, Scorer, Work};

/// Compares good with bad sentences
///
/// A pair is right if the good sentence is likelier; ties are worth a half. Forms: .jsonl (BLiMP), .txt (Zorro), and .tsv or
/// .csv with columns good and bad, and set and phenomenon if there are several.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Args)]
pub(crate) struct PairsArgs {
    /// Files of items, or folders of them
    #[arg(value_name = "ITEMS", required = true)]
    items: Vec<PathBuf>,
    /// Output table [default: competence/MODEL_LANG/ITEMS.csv of the study]
    #[arg(short, long, value_name = "CSV", value_parser = lpp_cli::output_file(&[".csv"]))]
    output: Option<PathBuf>,
    /// Put a blank in front of each sentence
    #[arg(long)]
    leading_space: bool,
    /// Score only N pairs of each set
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    sample: Option<u32>,
    /// Seed of the sample
    #[arg(long, value_name = "N", default_value_t = 1, requires = "sample")]
    sample_seed: u64,
    #[command(flatten)]
    common: ItemArgs,
}

impl PairsArgs {
    pub(crate) fn run(self, common: &CommonArgs) -> anyhow::Result<()> {
        let prefix = self.common.prefix;
        let files = item_files(&self.items)?;
        let mut pairs = load_pairs(&files)?;
        if let Some(n) = self.sample {
            pairs = sampled(pairs, n as usize, self.sample_seed);
        }
        let sample = self.sample.map(|n| (n, self.sample_seed));
        let settings = ScoreStep::of_pairs(&prefix.to_string(), self.leading_space, sample);
        let battery = self.items.first().map_or(Path::new(""), PathBuf::as_path);
        self.common
            .each(self.output, battery, common, &mut |scorer, output, force| {
                let step = scorer.step("pairs", files.clone(), settings.clone(), output)?;
                let Some(mut work) = Work::begin(&step, force)? else {
                    return Ok(outcome(&step.output, true, &load_rows(&step.output)?, prefix));
                };
                let rows = sentences(scorer, &pairs, prefix, self.leading_space)?;
                let place = |row: usize| {
                    let pair = &pairs[row / 2];
                    format!("set {}, pair {}", pair.set, pair.item)
                };
                let scores = scorer.score(&mut work, &rows, &place, common)?;
                let (scores, _) = scores.as_chunks::<2>();
                let row = |(pair, [good, bad]): (&Pair, &[RowScores; 2])| {
                    PairRow::new(&pair.set, pair.item, &pair.phenomenon, scored(good), scored(bad))
                };
                let table: Vec<PairRow> = pairs.iter().zip(scores).map(row).collect();
                save_rows(&step.output, &table)?;
                work.finish()?;
                Ok(outcome(&step.output, false, &table, prefix))
            })
    }
}

/// The good and the bad sentence of each pair in turn.
fn sentences(
    scorer: &Scorer,
    pairs: &[Pair],
    prefix: Prefix,
    leading_space: bool,
) -> anyhow::Result<Vec<TokenRow>> {
    let front = scorer.tokenizer.prefix(prefix)?;
    let mut rows = Vec::with_capacity(2 * pairs.len());
    for pair in pairs {
        for sentence in [&pair.good, &pair.bad] {
            let blank = if leading_space { " " } else { "" };
            let row = scorer.tokenizer.sentence(&front, &format!("{blank}{sentence}"))?;
            if row.n_scored() == 0 {
                anyhow::bail!(
                    "set {}, pair {}: found no token to score in {sentence:?}, expected at least one{}",
                    pair.set,
                    pair.item,
                    if front.is_empty() {
                        " after the first (--prefix auto)"
                    } else {
                        ""
                    }
                );
            }
            rows.push(row);
        }
    }
    Ok(rows)
}

fn scored(scores: &RowScores) -> Scored {
    Scored {
        logp_nats: scores.sum(),
        n_tokens: scores.logprobs.len(),
    }
}

fn outcome(path: &Path, up_to_date: bool, table: &[PairRow], prefix: Prefix) -> Outcome {
    let summary = PairSummary::of(table);
    let outcome = Outcome::new(path, up_to_date)
        .count("pairs", table.len())
        .count("sets", summary.sets.len())
        .fact(
            "prefix",
            prefix.to_string(),
            &format!("accuracy {:.4}", summary.macro_accuracy),
        );
    with_facts(outcome, &summary)
}
