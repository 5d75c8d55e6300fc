//! What all commands but `ids` share: a model, its tokenizer, and rows of tokens scored with a record.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use lpp_cli::CommonArgs;
use lpp_llm::{
    BATCH_TOKENS, Identity, Leftover, ModelInfo, ModelParams, RowScores, Scoring, TextScores, TextScoring,
    model_files, warn_of_unknown_keys,
};
use lpp_model_flags::{ChosenModel, ModelFlags, RunFlags};
use lpp_steps::{Making, ScoreStep};
use lpp_study::Study;
use lpp_text::{TextTokenizer, TextTokens, TokenRow};
use serde_json::Value;

/// The model and how it is run.
#[derive(Debug, Args)]
pub(crate) struct ScorerArgs {
    #[command(flatten)]
    model: ModelFlags,
    #[command(flatten)]
    run: RunFlags,
    /// Tokens that go through the model together; 1 means one text at a time
    #[arg(long, value_name = "N", default_value_t = BATCH_TOKENS)]
    batch_tokens: usize,
}

/// A model, found and described.
pub(crate) struct Scorer {
    chosen: ChosenModel,
    run: RunFlags,
    batch_tokens: usize,
    params: ModelParams,
    pub(crate) info: ModelInfo,
    pub(crate) tokenizer: TextTokenizer,
}

impl ScorerArgs {
    /// Finds the model in a study, on the hub or in a folder.
    pub(crate) fn open(self, study: &Study, common: &CommonArgs) -> anyhow::Result<Scorer> {
        let chosen = self.model.choose(study, self.run.seed, common)?;
        warn_of_unknown_keys(&chosen.folder)?;
        Ok(Scorer {
            params: self.run.params(chosen.folder.clone(), false, common),
            info: ModelInfo::of_folder(&chosen.folder)?,
            tokenizer: TextTokenizer::load(&chosen.tokenizer)?,
            run: self.run,
            batch_tokens: self.batch_tokens,
            chosen,
        })
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
    /// The name of the model's results in a study.
    pub(crate) fn name(&self) -> &str {
        &self.chosen.name
    }

    /// The step that makes `output` from `files` with these settings.
    pub(crate) fn step(
        &self,
        measure: &'static str,
        files: Vec<PathBuf>,
        settings: BTreeMap<&'static str, Value>,
        output: PathBuf,
    ) -> anyhow::Result<ScoreStep> {
        let of_model = model_files(&self.params.folder, self.params.training)?;
        let of_tokenizer = self.tokenizer.files().iter().cloned();
        Ok(ScoreStep {
            measure,
            files: files.into_iter().chain(of_tokenizer).chain(of_model).collect(),
            seed: self.run.seed.unwrap_or(0),
            dtype: self.run.dtype,
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

    fn identity(&self, work: &Work) -> Identity {
        let software = lpp_cli::software!();
        Identity::new(software.program, software.version, &self.params, work.inputs())
    }

    /// The log-probabilities of rows; `place` names a row in messages.
    pub(crate) fn score(
        &self,
        work: &mut Work,
        rows: &[TokenRow],
        place: &dyn Fn(usize) -> String,
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
