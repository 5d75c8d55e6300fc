//! Surprisal of words and entropy before them, as features beside the activations.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lpp_files::{Progress, StoredAs};
use lpp_llm::{BATCH_TOKENS, Identity, ModelParams, TextScores, TextScoring};
use lpp_preparation::save_one_layer;
use lpp_steps::{ExtractStep, Making, Software};
use lpp_text::{Annotation, CorpusRun, TextTokens, TokenOwners};
use ndarray::Array2;

/// Makes the three controls of a model: `surprisal` (bits), `surprisal_of_previous`, and `entropy` (nats, before the word).
pub(crate) struct SurprisalJob<'a> {
    pub(crate) model: &'a ModelParams,
    /// The step of the activations.
    pub(crate) step: &'a ExtractStep,
    pub(crate) eos_id: Option<u32>,
    pub(crate) force: bool,
}

/// The values of the words of a run that a control has.
type Column = fn(&[WordValues]) -> Vec<Option<f64>>;

/// The controls.
const CONTROLS: [(&str, Column); 3] = [
    ("surprisal", |words| {
        words.iter().map(|word| word.surprisal_bits).collect()
    }),
    ("surprisal_of_previous", |words| {
        let before = words.iter().map(|word| word.surprisal_bits);
        [None].into_iter().chain(before).take(words.len()).collect()
    }),
    ("entropy", |words| {
        words.iter().map(|word| word.entropy_nats).collect()
    }),
];

/// The tokens of each run.
pub(crate) fn tokens_of(corpus: &[CorpusRun]) -> Vec<TextTokens> {
    corpus.iter().map(|run| TextTokens::of(&run.tokens)).collect()
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct WordValues {
    surprisal_bits: Option<f64>,
    entropy_nats: Option<f64>,
}

impl SurprisalJob<'_> {
    /// The files, in the folder of the activations: `control_surprisal_gpt2_en.safetensors` and so on.
    pub(crate) fn outputs(&self) -> Vec<PathBuf> {
        let name = |control: &str| -> PathBuf {
            let activations = self.step.output.file_name().unwrap_or_default();
            let mut file = std::ffi::OsString::from(format!("control_{control}_"));
            file.push(activations);
            self.step.output.with_file_name(file)
        };
        CONTROLS.iter().map(|(control, _)| name(control)).collect()
    }

    fn makings(&self, software: Software) -> anyhow::Result<Vec<Making>> {
        let outputs = self.outputs();
        let makings = outputs.iter().zip(CONTROLS).map(|(output, (control, _))| {
            let artefact = ExtractStep {
                // A probability is that of the whole model.
                dropout: None,
                stored_as: StoredAs::F32,
                output: output.clone(),
                ..self.step.clone()
            }
            .artefact();
            Making::of(software, artefact.with("control", control))
        });
        Ok(makings.collect::<Result<_, _>>()?)
    }

    /// Whether all of them are up to date.
    pub(crate) fn are_current(&self, software: Software) -> anyhow::Result<bool> {
        Ok(!self.force && self.makings(software)?.iter().all(Making::is_current))
    }

    /// Scores the tokens in a separate pass, and writes them.
    pub(crate) fn run(
        &self,
        annotation: &Annotation,
        corpus: &[CorpusRun],
        software: Software,
        progress: &dyn Progress,
    ) -> anyhow::Result<()> {
        let makings = self.claimed(software)?;
        let outputs = self.outputs();
        let texts = tokens_of(corpus);
        let scoring = TextScoring {
            model: self.model,
            texts: &texts,
            batch_tokens: BATCH_TOKENS,
            output: outputs.first().map_or(Path::new(""), PathBuf::as_path),
        };
        let inputs = makings.first().map_or(&[][..], Making::inputs);
        let identity = Identity::new(software.program, software.version, self.model, inputs);
        let (scores, leftover) = scoring.run(identity, self.force, progress)?;
        self.save(annotation, corpus, &texts, &scores, makings)?;
        Ok(leftover.remove()?)
    }

    /// What is to be made, after a check that it may be written.
    pub(crate) fn claimed(&self, software: Software) -> anyhow::Result<Vec<Making>> {
        let makings = self.makings(software)?;
        makings.iter().try_for_each(|making| making.claim(self.force))?;
        Ok(makings)
    }

    /// Writes what [`claimed`](Self::claimed) named, from the scores of the tokens of each run.
    pub(crate) fn save(
        &self,
        annotation: &Annotation,
        corpus: &[CorpusRun],
        texts: &[TextTokens],
        scores: &[TextScores],
        makings: Vec<Making>,
    ) -> anyhow::Result<()> {
        let runs = corpus.iter().zip(texts).zip(scores);
        let runs: Vec<_> = runs
            .map(|((run, text), scores)| self.words(run, text, scores))
            .collect();
        for (output, (control, values)) in self.outputs().iter().zip(CONTROLS) {
            let columns: Vec<_> = runs.iter().map(|words| column(&values(words))).collect();
            save_one_layer(output, &columns, self.metadata(control), annotation)?;
        }
        for making in makings {
            making.finish()?;
        }
        Ok(())
    }

    /// The values of each word of a run.
    fn words(&self, run: &CorpusRun, text: &TextTokens, scores: &TextScores) -> Vec<WordValues> {
        let owners = TokenOwners::of_words(&run.words.words, &run.spans, &run.tokens, text, self.eos_id);
        let logprobs = owners.by_word(&scores.logprobs);
        let entropies = owners.by_word(&scores.entropies);
        let values = |(logprobs, entropies): (&Vec<Option<f64>>, &Vec<Option<f64>>)| {
            let sum: Option<f64> = logprobs.iter().copied().sum();
            WordValues {
                surprisal_bits: sum
                    .filter(|_| !logprobs.is_empty())
                    .map(|sum| -sum / std::f64::consts::LN_2),
                entropy_nats: entropies.first().copied().flatten(),
            }
        };
        logprobs.iter().zip(&entropies).map(values).collect()
    }

    fn metadata(&self, control: &str) -> BTreeMap<String, String> {
        let entries = [
            ("model", format!("control_{control}_{}", self.step.name)),
            ("kind", "control".to_owned()),
            ("lang", self.step.annotation.lang.to_string()),
        ];
        entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }
}

/// One column; words without a value, such as the first of a run, get the mean of their run, which is neutral.
fn column(values: &[Option<f64>]) -> Array2<f32> {
    let known: Vec<f64> = values.iter().flatten().copied().collect();
    let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
    #[expect(clippy::cast_possible_truncation, reason = "activations are stored in f32")]
    let value = |(row, _): (usize, usize)| values[row].unwrap_or(mean) as f32;
    Array2::from_shape_fn((values.len(), 1), value)
}
