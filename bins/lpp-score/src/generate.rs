//! Texts that a model writes.

use std::path::{Path, PathBuf};

use clap::Args;
use lpp_cli::{CommonArgs, Outcome};
use lpp_competence::{
    GeneratedSummary, GeneratedText, load_generated, load_prompts, load_word_list, save_generated,
};
use lpp_llm::{Continuation, Sampling};
use lpp_steps::GenerateSettings;

use crate::outcome::with_facts;
use crate::scorer::{ItemArgs, Scorer, Work};

/// Continues prompts
///
/// Each token is drawn from the model's distribution, by random numbers that depend on the sampling seed, the prompt and the sample.
/// Words of the texts are counted: how many differ, repeat, and are in a word list.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    /// Prompts, one a line
    #[arg(long, value_name = "FILE")]
    prompts: PathBuf,
    /// Continuations of each prompt [default: 40, or 1 at temperature 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    samples: Option<u32>,
    /// New tokens of a continuation, at most
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    max_new: u32,
    /// Divisor of the logits; 0 takes the likeliest token
    #[arg(long, value_name = "T", default_value_t = 1.0, value_parser = temperature)]
    temperature: f64,
    /// Draw from the likeliest tokens whose probabilities have this sum; 1 means from all
    #[arg(long, value_name = "P", default_value_t = 0.95, value_parser = share)]
    top_p: f64,
    /// Draw from the N likeliest tokens
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    top_k: Option<u32>,
    /// Seed of the random numbers (--seed is that of untrained controls)
    #[arg(long, value_name = "N", default_value_t = 1)]
    sampling_seed: u64,
    /// Go on after the end-of-text token
    #[arg(long)]
    keep_going: bool,
    /// Words to look for in the texts, one a line
    #[arg(long, value_name = "FILE")]
    word_list: Option<PathBuf>,
    /// Output file [default: competence/MODEL_LANG/PROMPTS.jsonl of the study]
    #[arg(short, long, value_name = "JSONL", value_parser = lpp_cli::output_file(&[".jsonl"]))]
    output: Option<PathBuf>,
    #[command(flatten)]
    common: ItemArgs,
}

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| "expected a number".to_owned())
}

fn temperature(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if value.is_finite() && value >= 0.0 {
        return Ok(value);
    }
    Err("expected 0 or more".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if value > 0.0 && value <= 1.0 {
        return Ok(value);
    }
    Err("expected more than 0 and at most 1".to_owned())
}

impl GenerateArgs {
    pub(crate) fn run(self, common: &CommonArgs) -> anyhow::Result<()> {
        let prompts = load_prompts(&self.prompts)?;
        let word_list = self.word_list.as_deref().map(load_word_list).transpose()?;
        let is_greedy = self.temperature <= 0.0;
        let n_samples = self.samples.unwrap_or(if is_greedy { 1 } else { 40 });
        if is_greedy && n_samples > 1 {
            anyhow::bail!("found --samples {n_samples}, expected 1: at temperature 0 all samples are equal");
        }
        let (prefix, n_new) = (self.common.prefix, self.max_new);
        let sampling = Sampling {
            temperature: self.temperature,
            top_p: self.top_p,
            top_k: self.top_k.map(|k| k as usize),
            seed: self.sampling_seed,
        };
        let settings = GenerateSettings {
            samples: n_samples,
            max_new: n_new,
            temperature: self.temperature,
            top_p: self.top_p,
            top_k: self.top_k,
            sampling_seed: self.sampling_seed,
            keep_going: self.keep_going,
        };
        let settings = settings.with_prefix(&prefix.to_string());
        let file = &self.prompts;
        let described = |path: &Path, up_to_date: bool, texts: &[GeneratedText]| {
            let summary = GeneratedSummary::of(texts, &prompts, word_list.as_ref());
            let outcome = Outcome::new(path, up_to_date).count("samples", texts.len());
            with_facts(outcome, &summary)
        };
        self.common
            .each(self.output, file, common, &mut |scorer, output, force| {
                let output = output.with_extension("jsonl");
                let step = scorer.step("generate", vec![file.clone()], settings.clone(), output)?;
                let Some(work) = Work::begin(&step, force)? else {
                    return Ok(described(&step.output, true, &load_generated(&step.output)?));
                };
                let front = scorer.tokenizer.prefix(prefix)?;
                let ids = prompts.iter().map(|prompt| -> anyhow::Result<_> {
                    Ok([&front[..], &scorer.tokenizer.ids(prompt)?].concat())
                });
                let ids = ids.collect::<anyhow::Result<Vec<_>>>()?;
                let end = scorer.tokenizer.eos_id().map(i64::from);
                let found = scorer.continuations(
                    &ids,
                    (n_samples as usize, n_new as usize),
                    sampling,
                    end.filter(|_| !self.keep_going),
                    common,
                )?;
                let texts = texts_of(scorer, &ids, found)?;
                save_generated(&step.output, &texts)?;
                work.finish()?;
                Ok(described(&step.output, false, &texts))
            })
    }
}

/// The continuations of all prompts, one after the other.
fn texts_of(
    scorer: &Scorer,
    prompts: &[Vec<i64>],
    continued: Vec<Vec<Continuation>>,
) -> anyhow::Result<Vec<GeneratedText>> {
    let mut texts = Vec::new();
    for (prompt, samples) in continued.into_iter().enumerate() {
        for (sample, Continuation { ids, logprobs }) in samples.into_iter().enumerate() {
            texts.push(GeneratedText {
                prompt,
                sample,
                text: scorer.tokenizer.continued_text(&prompts[prompt], &ids)?,
                ids,
                logprob_nats: logprobs,
            });
        }
    }
    Ok(texts)
}
