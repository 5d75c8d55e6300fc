//! Weights of one language or study on the words of another, as `lpp.toml` lists them under `[transfer]`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use lpp_files::FileError;
use lpp_steps::{AnalyzeTransferStep, FitStep, TargetSet};
use lpp_study::{KeptModel, Language, ModelSource, Study};

use super::planner::Planner;
use super::scans::Subject;
use crate::WorkflowError;
use crate::call::Call;

/// A kept model that is to be applied.
struct Source {
    model: String,
    description: PathBuf,
    /// The name of its study, language and subject in paths.
    label: String,
}

/// The language of the study that a source names, if it names one: otherwise it is a path.
fn language_of(study: &Study, source: &str) -> Option<Language> {
    let languages = &study.config().languages;
    languages.iter().find(|lang| lang.code() == source).copied()
}

/// The models of a language.
fn models_of(study: &Study, lang: Language) -> &[String] {
    study.config().models.get(&lang).map_or(&[], Vec::as_slice)
}

/// The models that two languages of a study have in common.
fn in_common(study: &Study, from: Language, to: Language) -> Vec<&String> {
    let others: HashSet<&String> = models_of(study, from).iter().collect();
    let models = models_of(study, to).iter();
    models.filter(|name| others.contains(name)).collect()
}

/// The table of all pairs, after the scores of kept weights.
pub(super) fn table(study: &Study, planner: &Planner<'_>, transfers: &[Call]) -> Option<Call> {
    let outputs = transfers.iter().flat_map(|call| &call.outputs);
    let scores = outputs.map(|output| output.path.clone());
    let step = AnalyzeTransferStep {
        scores: scores
            .filter(|path| path.extension().is_some_and(|e| e == "npy"))
            .collect(),
        table: study.root().join("results/transfer.csv"),
    };
    (!transfers.is_empty()).then(|| planner.call(&step))
}

impl Planner<'_> {
    /// The name of the study, if the weights of a model of this language are applied to another one.
    pub(super) fn kept_as(&self, name: &str) -> Option<String> {
        let (study, from) = (self.study, self.lang);
        let is_of = |lang| models_of(study, lang).iter().any(|model| model == name);
        let is_taken = study.config().transfer.iter().any(|(to, sources)| {
            let mut sources = sources.iter();
            sources.any(|source| language_of(study, source) == Some(from)) && is_of(*to) && is_of(from)
        });
        is_taken.then(|| ModelSource::name_of(study))
    }

    /// The scores of kept weights in this language, after the fits of all languages.
    ///
    /// # Errors
    /// [`WorkflowError::File`] naming a source that is neither a language of the study nor a kept model, or has no model in
    /// common with this language.
    pub(super) fn transfers(&self, fits: &[Call]) -> Result<Vec<Call>, WorkflowError> {
        let sources = self.study.config().transfer.get(&self.lang);
        let mut planned = Vec::new();
        for source in sources.into_iter().flatten() {
            let n_before = planned.len();
            for subject in self.heard_by() {
                for kept in self.sources(source, subject.as_ref(), fits)? {
                    planned.push(self.call(&self.applied(subject.as_ref(), kept)));
                }
            }
            if planned.len() == n_before {
                let found = format!("{source:?} for {} under [transfer]", self.lang);
                let expected =
                    "a language with a model under [models] in common, fitted to the same subjects";
                return Err(FileError::malformed(&self.study.config_file(), found, expected).into());
            }
        }
        Ok(planned)
    }

    /// The subjects to predict; `None` is the average one.
    fn heard_by(&self) -> Vec<Option<Subject>> {
        if self.has_no_average() {
            self.subjects().into_iter().map(Some).collect()
        } else {
            vec![None]
        }
    }

    /// The kept models of a source: those of the same subject in another language, or one of another study.
    fn sources(
        &self,
        source: &str,
        subject: Option<&Subject>,
        fits: &[Call],
    ) -> Result<Vec<Source>, WorkflowError> {
        let study = self.study;
        let Some(from) = language_of(study, source) else {
            let description = KeptModel::description(&study.root().join(source));
            if !description.exists() {
                let found = format!("{source:?} for {} under [transfer]", self.lang);
                let expected =
                    "another language of the study, or the folder of a kept model (lpp-fit --keep-model)";
                return Err(FileError::malformed(&study.config_file(), found, expected).into());
            }
            let kept = KeptModel::load(&description)?;
            return Ok(vec![Source {
                label: kept.source.label(),
                model: kept.model,
                description: self.path(&description),
            }]);
        };
        let label = ModelSource {
            study: ModelSource::name_of(study),
            lang: from,
            subject: subject
                .map_or(TargetSet::AVERAGE, |subject| &subject.name)
                .to_owned(),
            words_sha256: None,
        }
        .label();
        let of_model = |model: &String| {
            let scores = subject.map_or_else(
                || study.scores(model, from),
                |subject| study.subject_scores(&subject.name, model, from),
            );
            Source {
                model: model.clone(),
                description: self.path(&KeptModel::beside(&scores)),
                label: label.clone(),
            }
        };
        let outputs = fits.iter().flat_map(|fit| &fit.outputs);
        let outputs: HashSet<&Path> = outputs.map(|output| output.path.as_path()).collect();
        let is_made = |kept: &Source| {
            outputs.contains(kept.description.as_path()) || study.root().join(&kept.description).exists()
        };
        let all = in_common(study, from, self.lang).into_iter().map(of_model);
        Ok(all.filter(is_made).collect())
    }

    /// The step that scores a kept model.
    fn applied(&self, subject: Option<&Subject>, kept: Source) -> FitStep {
        let step = match subject {
            Some(subject) => self.individual(&kept.model, &[subject], None, false),
            None => self.fit(&kept.model),
        };
        let folder = format!("transfer-{}", kept.label);
        let targets = step.targets.iter().cloned();
        FitStep {
            targets: targets.map(|set| set.inside(self.study, &folder)).collect(),
            apply: Some(kept.description),
            ..step
        }
    }
}
