//! Multiple choice.

use std::path::{Path, PathBuf};

use clap::Args;
use lpp_cli::{CommonArgs, Outcome};
use lpp_competence::{
    ChoiceFormat, ChoiceItem, ChoiceNorm, ChoiceRow, ChoiceSummary, ScoredChoice, choice_rows, load_choices,
    load_rows, save_rows,
};
use lpp_llm::RowScores;
use lpp_steps::ScoreStep;
use lpp_text::{Prefix, TokenRow};

use crate::outcome::with_facts;
use crate::scorer::{ItemArgs, Scorer, Work};

/// Finds the likeliest of several continuations
///
/// acc counts the choice with the largest sum of ln p, acc_norm that with the largest sum divided by its length, as in
/// lm-evaluation-harness.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Args)]
pub(crate) struct ChoicesArgs {
    /// Questions, one JSON object a line
    #[arg(value_name = "FILE")]
    items: PathBuf,
    /// Form of the file: arc, hellaswag, or jsonl (objects with context, choices, and answer from 0)
    #[arg(long, value_name = "FORM")]
    format: ChoiceFormat,
    /// Length for acc_norm: characters, bytes or tokens
    #[arg(long, value_name = "LENGTH", default_value_t = ChoiceNorm::default())]
    norm: ChoiceNorm,
    /// Output table [default: competence/MODEL_LANG/FILE.csv of the study]
    #[arg(short, long, value_name = "CSV", value_parser = lpp_cli::output_file(&[".csv"]))]
    output: Option<PathBuf>,
    #[command(flatten)]
    common: ItemArgs,
}

impl ChoicesArgs {
    pub(crate) fn run(self, common: &CommonArgs) -> anyhow::Result<()> {
        let (file, norm, prefix) = (&self.items, self.norm, self.common.prefix);
        let items = load_choices(file, self.format)?;
        let texts = [self.format.to_string(), norm.to_string(), prefix.to_string()];
        let settings = ScoreStep::of_choices(&texts[0], &texts[1], &texts[2]);
        self.common
            .each(self.output, file, common, &mut |scorer, output, force| {
                let step = scorer.step("choices", vec![file.clone()], settings.clone(), output)?;
                let Some(mut work) = Work::begin(&step, force)? else {
                    return Ok(outcome(&step.output, true, &load_rows(&step.output)?, prefix));
                };
                let (rows, places) = continuations(scorer, file, &items, prefix)?;
                let place = |row: usize| {
                    let (item, choice) = places[row];
                    format!("item {item}, choice {choice}")
                };
                let scores = scorer.score(&mut work, &rows, &place, common)?;
                let mut scores = scores.iter().map(scored);
                let table = items.iter().enumerate().flat_map(|(index, item)| {
                    let scored: Vec<_> = scores.by_ref().take(item.choices.len()).collect();
                    choice_rows(index, item, &scored, norm)
                });
                let table: Vec<ChoiceRow> = table.collect();
                save_rows(&step.output, &table)?;
                work.finish()?;
                Ok(outcome(&step.output, false, &table, prefix))
            })
    }
}

/// Each choice after its context, and the item and choice of each row.
#[expect(clippy::type_complexity, reason = "rows and their places belong together")]
fn continuations(
    scorer: &Scorer,
    file: &Path,
    items: &[ChoiceItem],
    prefix: Prefix,
) -> anyhow::Result<(Vec<TokenRow>, Vec<(usize, usize)>)> {
    let front = scorer.tokenizer.prefix(prefix)?;
    let (mut rows, mut places) = (Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        for (choice, text) in item.choices.iter().enumerate() {
            let max_len = scorer.info.n_positions;
            let row = scorer
                .tokenizer
                .continuation(&front, &item.context, text, max_len)?;
            let n_left = max_len.map_or(usize::MAX, |max_len| max_len - 1);
            if row.n_scored() == 0 || row.n_scored() > n_left {
                anyhow::bail!(
                    "{}: item {index}, choice {choice}: found {} tokens to score, expected at least one and no more than the model \
                     takes after a context",
                    file.display(),
                    row.n_scored()
                );
            }
            rows.push(row);
            places.push((index, choice));
        }
    }
    Ok((rows, places))
}

fn scored(scores: &RowScores) -> ScoredChoice {
    ScoredChoice {
        logp_nats: scores.sum(),
        n_tokens: scores.logprobs.len(),
        is_greedy: scores.is_best.iter().all(|&best| best),
    }
}

fn outcome(path: &Path, up_to_date: bool, table: &[ChoiceRow], prefix: Prefix) -> Outcome {
    let summary = ChoiceSummary::of(table);
    let words = format!(
        "{}, acc {:.4}, acc_norm {:.4}",
        lpp_cli::counted(summary.n, "items"),
        summary.acc,
        summary.acc_norm
    );
    let outcome = Outcome::new(path, up_to_date).fact("prefix", prefix.to_string(), &words);
    with_facts(outcome, &summary)
}
