//! A measure over the checkpoints of a model.

use lpp_stats::{RunTest, student_t_critical};
use lpp_tables::{CheckpointOf, Estimate, MeasureOf, Trajectories};
use ndarray::Array2;

use super::batteries::{Battery, Units};
use crate::AnalysisError;

/// A measure of a model over its training.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub(super) measure: MeasureOf,
    pub(super) voxels: String,
    pub(super) layer_rule: String,
    /// What the rows are: sets, items or runs.
    pub(super) units: &'static str,
    pub(super) unit_names: Vec<String>,
    pub(super) checkpoints: Vec<CheckpointOf>,
    /// (`n_units`, `n_checkpoints`).
    pub(super) values: Array2<f64>,
    /// Whether accuracy leaves chance at any checkpoint; true where there is no chance.
    pub(super) has_room: bool,
}

impl Series {
    /// The model.
    pub(super) fn model(&self) -> &str {
        self.checkpoints.first().map_or("", |first| &first.model)
    }

    /// The mean over units at each checkpoint.
    pub(super) fn means(&self) -> Vec<f64> {
        self.values
            .columns()
            .into_iter()
            .map(|of| of.mean().unwrap_or(f64::NAN))
            .collect()
    }

    /// Its rows in the table of trajectories. Single items are in the tables of lpp-score.
    pub(super) fn rows(&self) -> Vec<Trajectories> {
        let mut rows = Vec::new();
        for (checkpoint, values) in self.checkpoints.iter().zip(self.values.columns()) {
            let row = |unit: &str, at: Estimate| Trajectories {
                checkpoint: checkpoint.clone(),
                measure: self.measure.clone(),
                voxels: self.voxels.clone(),
                layer_rule: self.layer_rule.clone(),
                unit: unit.to_owned(),
                at,
            };
            rows.push(row("", self.mean_of(&values.to_vec())));
            if self.units != "items" {
                let units = self.unit_names.iter().zip(values);
                rows.extend(units.map(|(unit, &value)| {
                    let at = Estimate {
                        value,
                        ci_low: f64::NAN,
                        ci_high: f64::NAN,
                    };
                    row(unit, at)
                }));
            }
        }
        rows
    }

    /// The mean with Student's interval; runs of a fit share training data, sets and texts do not.
    fn mean_of(&self, values: &[f64]) -> Estimate {
        let n = values.len() as f64;
        let value = values.iter().sum::<f64>() / n;
        if self.measure.kind == BRAIN {
            let interval = RunTest::of(values).map(|test| test.interval);
            let [low, high] = interval.map_or([f64::NAN; 2], |found| [found.low, found.high]);
            return Estimate {
                value,
                ci_low: low,
                ci_high: high,
            };
        }
        let squares: f64 = values.iter().map(|one| (one - value).powi(2)).sum();
        let critical = student_t_critical(0.05, n - 1.0).unwrap_or(f64::NAN);
        let reach = critical * (squares / (n - 1.0) / n).sqrt();
        Estimate {
            value,
            ci_low: value - reach,
            ci_high: value + reach,
        }
    }
}

/// The kinds of measures.
pub(super) const COMPETENCE: &str = "competence";
pub(super) const BRAIN: &str = "brain";

/// The batteries over the training of each model; `batteries` are in order.
pub(super) fn of_batteries(batteries: &[Battery]) -> Result<Vec<Series>, AnalysisError> {
    let of_training: Vec<&Battery> = batteries
        .iter()
        .filter(|battery| battery.checkpoint.step.or(battery.checkpoint.tokens).is_some())
        .collect();
    let together =
        |a: &&Battery, b: &&Battery| (&a.name, &a.checkpoint.model) == (&b.name, &b.checkpoint.model);
    let series = of_training.chunk_by(|a, b| together(a, b)).map(of_one);
    Ok(series
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// One battery over the training of one model.
fn of_one(batteries: &[&Battery]) -> Result<Option<Series>, AnalysisError> {
    let Some(first) = batteries[0].units() else {
        return Ok(None);
    };
    let mut columns = Vec::new();
    for battery in batteries {
        let units = battery.units().filter(|units| units.what == first.what);
        let units: Units = units.filter(|units| units.names == first.names).ok_or_else(|| {
            battery.malformed(
                format!("other {} than in {}", first.what, batteries[0].path.display()),
                "the same items for each checkpoint of a model",
            )
        })?;
        if units.values.iter().any(|value| !value.is_finite()) {
            return Err(battery.malformed("a run without any surprisal".to_owned(), "words with a surprisal"));
        }
        columns.extend(units.values);
    }
    let values = Array2::from_shape_vec((batteries.len(), first.names.len()), columns);
    Ok(values.ok().map(|values| Series {
        measure: MeasureOf {
            kind: COMPETENCE.to_owned(),
            measure: batteries[0].name.clone(),
            sides: String::new(),
        },
        voxels: String::new(),
        layer_rule: String::new(),
        units: first.what,
        unit_names: first.names,
        checkpoints: batteries
            .iter()
            .map(|battery| battery.checkpoint.clone())
            .collect(),
        values: values.reversed_axes(),
        has_room: batteries.iter().any(|battery| battery.has_room()),
    }))
}
