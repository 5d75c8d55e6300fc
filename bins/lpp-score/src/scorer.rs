//! What all commands but `ids` share: a model, its tokenizer, and rows of tokens scored with a record.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use lpp_cli::{CommonArgs, Outcome, StudyArgs};
use lpp_llm::{
    BATCH_TOKENS, Continuation, Generation, Identity, Leftover, ModelInfo, ModelParams, RowScores, Sampling,
    Scoring, TextScores, TextScoring, model_files, warn_of_unknown_keys,
};
use lpp_model_flags::{ChosenModel, ModelFlags, ModelsFlags, RunFlags};
use lpp_steps::{Dtype, Making, ScoreStep};
use lpp_study::Study;
use lpp_text::{Prefix, TextTokenizer, TextTokens, TokenRow};
use serde_json::Value;

/// What the commands for items and prompts share.
#[derive(Debug, Args)]
pub(crate) struct ItemArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// The token in front: auto (what the tokenizer puts there, or else bos, or else eos), bos, eos or none
    #[arg(long, value_name = "WHICH", default_value_t = Prefix::Auto)]
    pub(crate) prefix: Prefix,
    #[command(flatten)]
    scorer: ScorerArgs,
}

impl ItemArgs {
    /// Scores with each model in turn and says what was done. `output` is the file, or by default that of the study with the name of the
    /// battery.
    pub(crate) fn each(
        self,
        output: Option<PathBuf>,
        battery: &Path,
        common: &CommonArgs,
        score: &mut dyn FnMut(&Scorer, PathBuf, bool) -> anyhow::Result<Outcome>,
    ) -> anyhow::Result<()> {
        let study = self.study.open()?;
        let name = battery.file_stem().unwrap_or_default().to_string_lossy();
        let outcomes = self
            .scorer
            .each(&study, common, output.as_deref(), &mut |scorer| {
                let output = output.clone();
                let output =
                    output.unwrap_or_else(|| study.competence(scorer.name(), self.study.lang, &name));
                score(&scorer, output, self.study.force)
            })?;
        lpp_cli::print_outcomes(common, &outcomes)
    }
}

/// The models and how they are run.
#[derive(Debug, Args)]
pub(crate) struct ScorerArgs {
    #[command(flatten)]
    models: ModelsFlags,
    #[command(flatten)]
    run: RunFlags,
    /// Tokens that go through the model together; 1 means one text at a time
    #[arg(long, value_name = "N", default_value_t = BATCH_TOKENS)]
    batch_tokens: usize,
}

/// A model, found and described.
pub(crate) struct Scorer {
    chosen: ChosenModel,
    seed: u64,
    dtype: Dtype,
    batch_tokens: usize,
    params: ModelParams,
    pub(crate) info: ModelInfo,
    pub(crate) tokenizer: TextTokenizer,
}

impl ScorerArgs {
    /// Opens one model after the other and collects what was done with it; a single `output` is for a single model.
    pub(crate) fn each<T>(
        self,
        study: &Study,
        common: &CommonArgs,
        output: Option<&Path>,
        work: &mut dyn FnMut(Scorer) -> anyhow::Result<T>,
    ) -> anyhow::Result<Vec<T>> {
        let models = self.models.each()?;
        if let (Some(output), [_, _, ..]) = (output, &models[..]) {
            anyhow::bail!(
                "{}: found {} models for one output, expected one; without -o, the study has a file for each",
                output.display(),
                models.len()
            );
        }
        let scorers = models
            .into_iter()
            .map(|model| work(Scorer::open(model, &self.run, self.batch_tokens, study, common)?));
        scorers.collect()
    }
}

/// Tables that are being made, until their records are written.
pub(crate) struct Work {
    output: PathBuf,
    makings: Vec<Making>,
    force: bool,
    leftover: Option<Leftover>,
}

impl Scorer {
    /// Finds the model in a study, on the hub or in a folder.
    fn open(
        model: ModelFlags,
        run: &RunFlags,
        batch_tokens: usize,
        study: &Study,
        common: &CommonArgs,
    ) -> anyhow::Result<Self> {
        let chosen = model.choose(study, run.seed, common)?;
        warn_of_unknown_keys(&chosen.folder)?;
        Ok(Self {
            params: run.params(chosen.folder.clone(), false, common),
            info: ModelInfo::of_folder(&chosen.folder)?,
            tokenizer: TextTokenizer::load(&chosen.tokenizer)?,
            seed: run.seed.unwrap_or(0),
            dtype: run.dtype,
            batch_tokens,
            chosen,
        })
    }

    /// The name of the model's results in a study.
    pub(crate) fn name(&self) -> &str {
        &self.chosen.name
    }

    /// The step that makes `output` from `files` with these settings.
    pub(crate) fn step(
        &self,
        measure: &'static str,
        files: Vec<PathBuf>,
        mut settings: BTreeMap<&'static str, Value>,
        output: PathBuf,
    ) -> anyhow::Result<ScoreStep> {
        let of_model = model_files(&self.params.folder, self.params.training)?;
        let of_tokenizer = self.tokenizer.files().iter().cloned();
        if self.params.equal_bits {
            settings.insert("equal_bits", true.into());
        }
        Ok(ScoreStep {
            measure,
            files: files.into_iter().chain(of_tokenizer).chain(of_model).collect(),
            seed: self.seed,
            dtype: self.dtype,
            settings,
            output,
            tokens: None,
        })
    }

    /// The log-probabilities of texts.
    pub(crate) fn score_texts(
        &self,
        work: &mut Work,
        texts: &[TextTokens],
        common: &CommonArgs,
    ) -> anyhow::Result<Vec<TextScores>> {
        let scoring = TextScoring {
            model: &self.params,
            texts,
            batch_tokens: self.batch_tokens,
            output: &work.output,
        };
        let (scores, leftover) = scoring.run(self.identity(work), work.force, &lpp_cli::progress(common))?;
        work.leftover = Some(leftover);
        Ok(scores)
    }

    /// Continuations of prompts.
    pub(crate) fn continuations(
        &self,
        prompts: &[Vec<i64>],
        (n_samples, n_new): (usize, usize),
        sampling: Sampling,
        end: Option<i64>,
        common: &CommonArgs,
    ) -> anyhow::Result<Vec<Vec<Continuation>>> {
        if self.params.stream_layers {
            anyhow::bail!(
                "found --stream-layers, expected none: a text is written token by token, and each token would read all weights; \
                 --dtype bf16 halves them"
            );
        }
        let generation = Generation {
            model: &self.params,
            prompts,
            n_samples,
            n_new,
            sampling,
            end,
        };
        Ok(generation.run(&lpp_cli::progress(common))?)
    }

    fn identity(&self, work: &Work) -> Identity {
        let software = lpp_cli::software!();
        Identity::new(software.program, software.version, &self.params, work.inputs())
    }

    /// The log-probabilities of rows; `place` names a row in messages.
    pub(crate) fn score(
        &self,
        work: &mut Work,
        rows: &[TokenRow],
        place: &(dyn Fn(usize) -> String + Sync),
        common: &CommonArgs,
    ) -> anyhow::Result<Vec<RowScores>> {
        let scoring = Scoring {
            model: &self.params,
            rows,
            place,
            batch_tokens: self.batch_tokens,
            with_entropies: false,
            output: &work.output,
        };
        let (scores, leftover) = scoring.run(self.identity(work), work.force, &lpp_cli::progress(common))?;
        work.leftover = Some(leftover);
        Ok(scores)
    }
}

impl Work {
    /// Starts the work on the tables of a step; nothing if all of them are up to date.
    pub(crate) fn begin(step: &ScoreStep, force: bool) -> anyhow::Result<Option<Self>> {
        let outputs: Vec<_> = step
            .artefacts()
            .into_iter()
            .map(|artefact| artefact.path)
            .collect();
        lpp_files::check_outputs(&step.files, &outputs)?;
        let artefacts = step.artefacts().into_iter();
        let makings = artefacts.map(|artefact| Making::of(lpp_cli::software!(), artefact));
        let makings: Vec<_> = makings.collect::<Result<_, _>>()?;
        if !force && makings.iter().all(Making::is_current) {
            return Ok(None);
        }
        makings.iter().try_for_each(|making| making.claim(force))?;
        Ok(Some(Self {
            output: step.output.clone(),
            makings,
            force,
            leftover: None,
        }))
    }

    fn inputs(&self) -> &[lpp_files::FileHash] {
        self.makings.first().map_or(&[], Making::inputs)
    }

    /// Writes the records of the tables, which are there now, and removes what was kept to resume from.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        for making in self.makings {
            making.finish()?;
        }
        if let Some(leftover) = self.leftover {
            leftover.remove()?;
        }
        Ok(())
    }
}
