//! Word vectors as activations: `GloVe` and random baselines.

use std::collections::BTreeMap;

use lpp_steps::{GloveStep, RandomStep, Software, WordsStep, run_if_stale};
use lpp_study::FeatureSource;
use lpp_text::{Annotation, Glove, RandomBaseline, RandomKind, TextError};
use ndarray::Array2;

use crate::annotation::{load_annotation, save_words};
use crate::features::{FeatureReport, save_one_layer};

/// Longest random vectors; longer ones would take more than eight gigabytes for the whole story.
const MAX_DIMS: u64 = 65_536;

/// Reads `GloVe` vectors and writes activations of the words.
#[derive(Debug, Clone)]
pub struct GloveJob {
    /// Inputs and outputs.
    pub step: GloveStep,
    /// Recompute even if the activations are up to date.
    pub force: bool,
}

impl GloveJob {
    /// Writes the activations, one layer, and the words, unless they are up to date.
    ///
    /// # Errors
    /// As [`Annotation::load`] and [`Glove::load`]; [`TextError::File`] if a file cannot be written.
    pub fn run(&self, software: Software) -> Result<FeatureReport, TextError> {
        let step = &self.step;
        let annotation = load_annotation(&step.annotation)?;
        save_words_of(software, step.words.as_ref(), &annotation)?;
        let done = run_if_stale(software, vec![step.artefact()], self.force, || {
            let glove = Glove::load(&step.vectors, annotation.runs())?.embed(annotation.runs());
            let n_missing = glove.n_missing();
            if n_missing > 0 {
                let kinds: Vec<&str> = glove.missing.keys().map(String::as_str).collect();
                tracing::warn!(
                    "{n_missing} of {} words ({} kinds) have no vector and get zeros: {}",
                    annotation.n_words(),
                    kinds.len(),
                    kinds.join(" ")
                );
            }
            let metadata = BTreeMap::from([
                ("model".to_owned(), FeatureSource::Glove.to_string()),
                ("lang".to_owned(), step.annotation.lang.to_string()),
            ]);
            save_one_layer(&step.output, &glove.runs, metadata, &annotation)?;
            Ok::<_, TextError>(n_missing)
        })?;
        Ok(FeatureReport {
            up_to_date: done.is_up_to_date(),
            n_words: annotation.n_words(),
            n_missing: done.made().unwrap_or(0),
        })
    }
}

/// Random vectors as activations of the words.
#[derive(Debug, Clone)]
pub struct RandomJob {
    /// Inputs and outputs.
    pub step: RandomStep,
    /// Recompute even if the activations are up to date.
    pub force: bool,
}

impl RandomJob {
    /// Writes the activations, one layer, and the words, unless they are up to date.
    ///
    /// Random numbers are drawn in `f64` and stored in `f32`, like activations.
    ///
    /// # Errors
    /// As [`Annotation::load`]; [`TextError::BadSetting`] for an invalid kind, length or seed; [`TextError::File`] if a
    /// file cannot be written.
    pub fn run(&self, software: Software) -> Result<FeatureReport, TextError> {
        let step = &self.step;
        let baseline = baseline(step)?;
        let annotation = load_annotation(&step.annotation)?;
        save_words_of(software, step.words.as_ref(), &annotation)?;
        let done = run_if_stale(software, vec![step.artefact()], self.force, || {
            #[expect(clippy::cast_possible_truncation, reason = "activations are stored in f32")]
            let stored = |run: &Array2<f64>| run.mapv(|value| value as f32);
            let runs: Vec<Array2<f32>> = baseline.draw(annotation.runs()).iter().map(stored).collect();
            let source = FeatureSource::Random {
                kind: step.kind,
                n_dims: step.n_dims,
                seed: step.seed,
            };
            let metadata = BTreeMap::from([
                ("model".to_owned(), source.to_string()),
                ("lang".to_owned(), step.annotation.lang.to_string()),
                ("seed".to_owned(), step.seed.to_string()),
            ]);
            save_one_layer(&step.output, &runs, metadata, &annotation)
        })?;
        Ok(FeatureReport {
            up_to_date: done.is_up_to_date(),
            n_words: annotation.n_words(),
            n_missing: 0,
        })
    }
}

fn baseline(step: &RandomStep) -> Result<RandomBaseline, TextError> {
    let bad = |what, found: u64, expected| TextError::BadSetting {
        what,
        found: found.to_string(),
        expected,
    };
    let kind: RandomKind = step.kind.parse()?;
    let n_dims = usize::try_from(step.n_dims)
        .ok()
        .filter(|_| (1..=MAX_DIMS).contains(&step.n_dims));
    let seed = u32::try_from(step.seed);
    Ok(RandomBaseline {
        kind,
        n_dims: n_dims.ok_or_else(|| bad("dimensions", step.n_dims, "1 to 65536"))?,
        seed: seed.map_err(|_| bad("seed", step.seed, "0 to 4294967295"))?,
    })
}

fn save_words_of(
    software: Software,
    step: Option<&WordsStep>,
    annotation: &Annotation,
) -> Result<(), TextError> {
    step.map_or(Ok(()), |step| save_words(software, step, annotation))
}
