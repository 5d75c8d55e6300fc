//! What training does: trained models beside their untrained twins, and a model on its way.

use lpp_tables::{Checkpoints, Measures, Row, Training, TrainingLines, TrainingRegression};

use crate::inputs::Inputs;
use crate::lines::size_line;
use crate::model_columns::{measures, outcomes};
use crate::need::Need;
use crate::part::{Made, Part};
use crate::regression::{log_parameters, parameters, size_fit};
use crate::{AnalysisError, Brain, ModelScores};

/// One row per trained model with a twin and per twin; their growth with size by family; one row per checkpoint.
pub(crate) struct TrainingPart;

impl Part for TrainingPart {
    fn needs(&self) -> &'static [Need] {
        &[Need::AverageSubject]
    }

    fn tables(&self) -> &'static [&'static str] {
        &[
            Training::NAME,
            TrainingRegression::NAME,
            TrainingLines::NAME,
            Checkpoints::NAME,
        ]
    }

    fn compute(&self, inputs: &Inputs<'_>) -> Result<Made, AnalysisError> {
        let average = inputs.average()?;
        let compared = with_twins(&average.brain, &average.models)?;
        let (fits, lines) = growth(&compared, inputs.seed())?;
        Ok(Made::default()
            .with(&compared.iter().map(row).collect::<Vec<_>>())
            .with(&fits)
            .with(&lines)
            .with(&checkpoints(&average.brain, &average.models)?))
    }
}

/// A trained model, or an untrained twin with its seed.
struct Compared<'a> {
    model: &'a ModelScores,
    seed: Option<u64>,
    measures: Measures,
}

/// Trained models that have an untrained twin, and the twins.
fn with_twins<'a>(brain: &Brain, models: &'a [ModelScores]) -> Result<Vec<Compared<'a>>, AnalysisError> {
    let twins: Vec<(&str, u64, &ModelScores)> = models
        .iter()
        .filter_map(|model| model.twin().map(|(name, seed)| (name, seed, model)))
        .collect();
    let compared = |model, seed| {
        Ok(Compared {
            model,
            seed,
            measures: measures(brain, model)?,
        })
    };
    let mut rows = Vec::new();
    for model in models.iter().filter(|model| model.is_trained()) {
        let mut own: Vec<_> = twins.iter().filter(|twin| twin.0 == model.name()).collect();
        own.sort_by_key(|twin| twin.1);
        if !own.is_empty() {
            rows.push(compared(model, None));
            rows.extend(own.into_iter().map(|&(_, seed, twin)| compared(twin, Some(seed))));
        }
    }
    rows.into_iter().collect()
}

fn training_of(seed: Option<u64>) -> String {
    if seed.is_none() { "trained" } else { "untrained" }.to_owned()
}

fn row(compared: &Compared<'_>) -> Training {
    let model = compared.model;
    Training {
        model: model.twin().map_or(model.name(), |(name, _)| name).to_owned(),
        training: training_of(compared.seed),
        seed: compared.seed,
        family: model.family(),
        n_parameters: model.info.n_parameters,
        measures: compared.measures.clone(),
    }
}

/// Regressions and lines of each family, trained and by seed.
fn growth(
    compared: &[Compared<'_>],
    seed_of_bands: u64,
) -> Result<(Vec<TrainingRegression>, Vec<TrainingLines>), AnalysisError> {
    let mut groups: Vec<(String, Option<u64>)> =
        compared.iter().map(|of| (of.model.family(), of.seed)).collect();
    groups.sort();
    groups.dedup();
    let (mut fits, mut lines) = (Vec::new(), Vec::new());
    for (family, seed) in groups {
        let members = || {
            let all = compared.iter();
            all.filter(|of| of.seed == seed && of.model.family() == family)
        };
        let models: Vec<&ModelScores> = members().map(|of| of.model).collect();
        let (ln_size, size) = (log_parameters(&models), parameters(&models));
        let measures: Vec<Measures> = members().map(|of| of.measures.clone()).collect();
        for (outcome, values) in outcomes(&measures) {
            fits.push(TrainingRegression {
                family: family.clone(),
                training: training_of(seed),
                seed,
                outcome: outcome.to_owned(),
                fit: size_fit(&ln_size, &values),
            });
            let line = size_line(&size, &values, seed_of_bands)?;
            lines.extend(line.into_iter().map(|at| TrainingLines {
                family: family.clone(),
                training: training_of(seed),
                twin_seed: seed,
                outcome: outcome.to_owned(),
                at,
            }));
        }
    }
    Ok((fits, lines))
}

fn checkpoints(brain: &Brain, models: &[ModelScores]) -> Result<Vec<Checkpoints>, AnalysisError> {
    let mut steps: Vec<(&str, u64, &ModelScores)> = models
        .iter()
        .filter_map(|model| model.checkpoint().map(|(name, step)| (name, step, model)))
        .collect();
    steps.sort_by_key(|step| (step.0, step.1));
    let row = |(name, step, model): (&str, u64, &ModelScores)| {
        Ok(Checkpoints {
            model: name.to_owned(),
            step,
            n_parameters: model.info.n_parameters,
            measures: measures(brain, model)?,
        })
    };
    steps.into_iter().map(row).collect()
}
