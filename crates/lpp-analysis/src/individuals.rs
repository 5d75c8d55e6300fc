//! Single subjects, each with a mask of its own.

use lpp_stats::MeanScore;
use lpp_tables::{Individuals, IndividualsLines, IndividualsRegression, Row};
use rayon::prelude::*;

use crate::inputs::Inputs;
use crate::lateralization::{Measure, sides_of, upper_decile};
use crate::lines::size_line;
use crate::need::Need;
use crate::part::{Made, Part};
use crate::regression::size_fit;
use crate::subjects::Subject;
use crate::{AnalysisError, Brain, ModelScores};

/// A column of a row.
type Column = fn(&Individuals) -> f64;

/// The measures that are regressed on size, under the names of their columns.
const MEASURES: [(&str, Column); 8] = [
    ("score_all", |row| row.score_all),
    ("score_percentile_90", |row| row.score_percentile_90),
    ("left_all", |row| row.left_all),
    ("right_all", |row| row.right_all),
    ("l_minus_r_all", |row| row.l_minus_r_all),
    ("left_percentile_90", |row| row.left_percentile_90),
    ("right_percentile_90", |row| row.right_percentile_90),
    ("l_minus_r_percentile_90", |row| row.l_minus_r_percentile_90),
];

/// Reads the scores of the trained models, by size, and reduces them.
fn subject_rows(subject: &Subject, inputs: &Inputs<'_>) -> Result<Vec<Individuals>, AnalysisError> {
    let brain = Brain::of_subject(&subject.mask, inputs.source.hemisphere)?;
    let layers = inputs.source.options.layers;
    let mut models = subject
        .scores
        .par_iter()
        .map(|path| ModelScores::of_layers(path, &brain, layers))
        .collect::<Result<Vec<_>, _>>()?;
    models.retain(ModelScores::is_trained);
    inputs.info.apply(&mut models);
    models.sort_by(|a, b| (a.info.n_parameters, a.name()).cmp(&(b.info.n_parameters, b.name())));
    models
        .iter()
        .map(|model| row(&subject.name, model, &brain))
        .collect()
}

fn row(subject: &str, model: &ModelScores, brain: &Brain) -> Result<Individuals, AnalysisError> {
    let all = sides_of(Measure::All, brain, model)?;
    let decile = sides_of(Measure::Percentile90, brain, model)?;
    Ok(Individuals {
        subject: subject.to_owned(),
        model: model.name().to_owned(),
        family: model.family(),
        n_parameters: model.info.n_parameters,
        n_voxels: brain.n_voxels(),
        score_all: MeanScore::of(&model.best).mean,
        score_percentile_90: upper_decile(&model.best, &brain.all())?,
        left_all: all.0,
        right_all: all.1,
        l_minus_r_all: all.0 - all.1,
        left_percentile_90: decile.0,
        right_percentile_90: decile.1,
        l_minus_r_percentile_90: decile.0 - decile.1,
    })
}

/// One row per subject and trained model; per subject the growth of each measure with size.
pub(crate) struct IndividualsPart;

impl Part for IndividualsPart {
    fn needs(&self) -> &'static [Need] {
        &[Need::Subjects]
    }

    fn tables(&self) -> &'static [&'static str] {
        &[
            Individuals::NAME,
            IndividualsRegression::NAME,
            IndividualsLines::NAME,
        ]
    }

    fn compute(&self, inputs: &Inputs<'_>) -> Result<Made, AnalysisError> {
        let (mut rows, mut fits, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        for subject in &inputs.files.subjects {
            let own = subject_rows(subject, inputs)?;
            let size: Vec<f64> = own.iter().map(size_of).collect();
            let ln_size: Vec<f64> = size.iter().map(|n| n.ln()).collect();
            for (outcome, of) in MEASURES {
                let values: Vec<f64> = own.iter().map(of).collect();
                // Of no model there is nothing to say.
                if values.is_empty() {
                    continue;
                }
                fits.push(IndividualsRegression {
                    subject: subject.name.clone(),
                    outcome: outcome.to_owned(),
                    fit: size_fit(&ln_size, &values),
                });
                let line = size_line(&size, &values, inputs.seed())?;
                lines.extend(line.into_iter().map(|at| IndividualsLines {
                    subject: subject.name.clone(),
                    outcome: outcome.to_owned(),
                    at,
                }));
            }
            rows.extend(own);
        }
        Ok(Made::default().with(&rows).with(&fits).with(&lines))
    }
}

fn size_of(row: &Individuals) -> f64 {
    row.n_parameters.filter(|&n| n > 0).map_or(f64::NAN, |n| n as f64)
}
