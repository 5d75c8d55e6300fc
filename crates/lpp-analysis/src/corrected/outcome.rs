//! An outcome of the trained models: a measure of their scores, and the same in each test run.

use super::{LayerChoice, Measure, Sample, SlopeTests, Voxels};
use crate::AnalysisError;

/// A measure of every trained model.
pub(crate) struct Outcome {
    /// One value per model.
    pub(crate) values: Vec<f64>,
    /// The same in each test run; empty unless the runs of all models are known.
    pub(crate) by_run: Vec<Vec<f64>>,
}

impl Outcome {
    /// A measure of all models by a rule for their layers; `None` if a model has no such scores.
    pub(crate) fn of(
        sample: &Sample,
        measure: Measure,
        rule: LayerChoice,
        voxels: Voxels,
    ) -> Result<Option<Self>, AnalysisError> {
        Self::by(sample, rule, |scores, run| match run {
            None => measure.of(sample, scores, voxels),
            Some(run) => measure.of_run(sample, scores, run, voxels),
        })
    }

    /// The same for any number that is computed from the voxel scores of a model, or of one of its runs.
    pub(super) fn by(
        sample: &Sample,
        rule: LayerChoice,
        number: impl Fn(&[f64], Option<usize>) -> Result<f64, AnalysisError>,
    ) -> Result<Option<Self>, AnalysisError> {
        let scores: Option<Vec<&[f64]>> = sample.models.iter().map(|model| model.scores(rule)).collect();
        let Some(scores) = scores else {
            return Ok(None);
        };
        let values = scores.iter().map(|scores| number(scores, None));
        Ok(Some(Self {
            values: values.collect::<Result<_, _>>()?,
            by_run: by_run(sample, rule, number)?,
        }))
    }

    /// A measure of all models without a run, by best of test: of the mean over the other runs. `None` unless the runs of all
    /// models are known.
    pub(super) fn without_run(
        &self,
        sample: &Sample,
        measure: Measure,
        voxels: Voxels,
        run: usize,
    ) -> Result<Option<Self>, AnalysisError> {
        let maps: Option<Vec<_>> = sample
            .models
            .iter()
            .map(|model| model.best_runs.as_ref())
            .collect();
        let Some(maps) = maps.filter(|_| run < self.by_run.len() && self.by_run.len() > 1) else {
            return Ok(None);
        };
        let of_others = |map: &ndarray::Array2<f64>| {
            let others = map
                .rows()
                .into_iter()
                .enumerate()
                .filter(|(other, _)| *other != run);
            let sum = others.fold(ndarray::Array1::zeros(map.ncols()), |sum, (_, row)| sum + row);
            measure.of(sample, &(sum / (map.nrows() - 1) as f64).to_vec(), voxels)
        };
        let mut by_run = self.by_run.clone();
        by_run.remove(run);
        Ok(Some(Self {
            values: maps.into_iter().map(of_others).collect::<Result<_, _>>()?,
            by_run,
        }))
    }

    /// Number of test runs; 0 unless those of all models are known.
    pub(crate) fn n_runs(&self) -> usize {
        self.by_run.len()
    }

    /// The values of all models in each test run; empty unless those of all models are known.
    pub(super) fn runs(&self) -> &[Vec<f64>] {
        &self.by_run
    }

    /// Every test of its slope on ln(parameters).
    pub(super) fn tests(&self, sample: &Sample) -> SlopeTests {
        SlopeTests::of(
            &sample.sizes(),
            &self.values,
            &sample.families(),
            &sample.widths(),
        )
        .with_runs(&sample.sizes(), &self.by_run)
    }
}

/// The number of each model in each run; empty if not all models have runs, or if their numbers of runs differ.
fn by_run(
    sample: &Sample,
    rule: LayerChoice,
    number: impl Fn(&[f64], Option<usize>) -> Result<f64, AnalysisError>,
) -> Result<Vec<Vec<f64>>, AnalysisError> {
    let maps: Option<Vec<_>> = sample.models.iter().map(|model| model.run_maps(rule)).collect();
    let equal =
        |maps: &Vec<&ndarray::Array2<f64>>| maps.windows(2).all(|pair| pair[0].nrows() == pair[1].nrows());
    let Some(maps) = maps.filter(equal) else {
        return Ok(Vec::new());
    };
    let n_runs = maps.first().map_or(0, |map| map.nrows());
    let of_run = |run: usize| {
        let models = maps.iter();
        models
            .map(|map| number(&map.row(run).to_vec(), Some(run)))
            .collect()
    };
    (0..n_runs).map(of_run).collect()
}
