//! Slopes on model size of features that were projected to equally many columns.

use std::collections::{BTreeMap, BTreeSet};

use lpp_stats::{Interval, RunTest, student_t_critical};
use lpp_study::Projection;
use lpp_tables::CorrectedProjection;

use crate::corrected::{
    LayerChoice, MODELS, Measure, Outcome, RUNS, Sample, SlopeTests, Voxels, sample_of, slope, why_empty,
};
use crate::inputs::{Average, Inputs};
use crate::{AnalysisError, ModelScores};

/// Outcomes: the beginning and the end of their names, and the measure.
const OUTCOMES: [(&str, &str, Measure); 3] = [
    ("score", "", Measure::Mean),
    ("l_minus_r", "_by_x", Measure::ByX),
    ("l_minus_r", "_pairs", Measure::Pairs),
];

/// The projected models with one number of columns, trained or untrained.
struct Projected<'m> {
    dims: usize,
    trained: bool,
    /// For each seed, the models that have all seeds, in one order.
    seeds: Vec<Vec<&'m ModelScores>>,
    /// The same models with all features, where they have scores.
    whole: Vec<&'m ModelScores>,
}

/// A row per number of columns, trained and untrained models, selection of voxels, rule for the layer and outcome.
pub(super) fn rows(
    inputs: &Inputs<'_>,
    average: &Average,
) -> Result<Vec<CorrectedProjection>, AnalysisError> {
    let sample = |models: &[&ModelScores]| {
        let (isc, layers) = (inputs.files.isc.as_deref(), inputs.source.options.layers);
        sample_of(&average.brain, isc, models, layers)
    };
    let mut rows = Vec::new();
    for group in grouped(average) {
        let seeds: Vec<Sample> = group
            .seeds
            .iter()
            .map(|models| sample(models))
            .collect::<Result<_, _>>()?;
        let whole = sample(&group.whole)?;
        let Some(first) = seeds.first() else { continue };
        for &voxels in first.selections() {
            for rule in [LayerChoice::BestOfTest, LayerChoice::Nested] {
                for (what, by, measure) in OUTCOMES {
                    let over = Over {
                        measure,
                        rule,
                        voxels,
                    };
                    let Some(row) = over.row(&group, &seeds, &whole)? else {
                        continue;
                    };
                    rows.push(CorrectedProjection {
                        outcome: format!("{what}_{}{by}", voxels.name()),
                        ..row
                    });
                }
            }
        }
    }
    Ok(rows)
}

/// What is measured of each model.
#[derive(Clone, Copy)]
struct Over {
    measure: Measure,
    rule: LayerChoice,
    voxels: Voxels,
}

impl Over {
    fn of(self, sample: &Sample) -> Result<Option<Outcome>, AnalysisError> {
        Outcome::of(sample, self.measure, self.rule, self.voxels)
    }

    /// `None` if a model has no such scores.
    fn row(
        self,
        group: &Projected<'_>,
        seeds: &[Sample],
        whole: &Sample,
    ) -> Result<Option<CorrectedProjection>, AnalysisError> {
        let outcomes: Option<Vec<Outcome>> = seeds
            .iter()
            .map(|sample| self.of(sample))
            .collect::<Result<_, _>>()?;
        let Some(outcomes) = outcomes else { return Ok(None) };
        let (sizes, families) = (seeds[0].sizes(), seeds[0].families());
        let slopes: Vec<f64> = outcomes.iter().map(|of| slope(&sizes, &of.values)).collect();
        let (std_err, interval) = over_seeds(&slopes)?;
        let tests = SlopeTests::of(&sizes, &mean(&outcomes, |of| &of.values), &families, &[])
            .with_runs(&sizes, &mean_runs(&outcomes));
        let of_whole = self.of(whole)?.filter(|_| group.whole.len() == sizes.len());
        let p = |test: Option<RunTest>| test.map_or(f64::NAN, |test| test.p);
        let row = CorrectedProjection {
            dims: group.dims,
            models: if group.trained { "trained" } else { "untrained" }.to_owned(),
            outcome: String::new(),
            layer_rule: self.rule.name().to_owned(),
            n_models: sizes.len(),
            n_seeds: seeds.len(),
            slope: tests.slope,
            std_err_over_seeds: std_err,
            ci_low: interval.low,
            ci_high: interval.high,
            runs_p: p(tests.runs),
            two_way_p: p(tests.two_way),
            slope_of_all_features: of_whole.map_or(f64::NAN, |of| slope(&whole.sizes(), &of.values)),
            note: String::new(),
        };
        let note = why_empty(&row, |column| match column {
            _ if row.slope.is_nan() => MODELS,
            "std_err_over_seeds" | "ci_low" | "ci_high" => "seeds: only one projection",
            "slope_of_all_features" => "all features: not every model was fitted without projection",
            "two_way_p" if tests.runs.is_some() => "two_way_p: fewer than two families",
            _ => RUNS,
        });
        Ok(Some(CorrectedProjection { note, ..row }))
    }
}

/// Standard error of the mean of the seeds' slopes, and the 95 % interval.
fn over_seeds(slopes: &[f64]) -> Result<(f64, Interval), AnalysisError> {
    let n = slopes.len() as f64;
    if slopes.len() < 2 {
        return Ok((f64::NAN, Interval::UNDEFINED));
    }
    let mean = slopes.iter().sum::<f64>() / n;
    let squares: f64 = slopes.iter().map(|slope| (slope - mean).powi(2)).sum();
    let std_err = (squares / (n - 1.0) / n).sqrt();
    let reach = student_t_critical(0.05, n - 1.0)? * std_err;
    let interval = Interval {
        low: mean - reach,
        high: mean + reach,
    };
    Ok((std_err, interval))
}

/// The mean over seeds of a number of each model.
fn mean<'o>(outcomes: &'o [Outcome], of: impl Fn(&'o Outcome) -> &'o Vec<f64>) -> Vec<f64> {
    let n_models = outcomes.first().map_or(0, |outcome| of(outcome).len());
    let of_model =
        |model| outcomes.iter().map(|outcome| of(outcome)[model]).sum::<f64>() / outcomes.len() as f64;
    (0..n_models).map(of_model).collect()
}

/// The same in each run; none unless all seeds have the same runs.
fn mean_runs(outcomes: &[Outcome]) -> Vec<Vec<f64>> {
    let n_runs = outcomes.first().map_or(0, Outcome::n_runs);
    if outcomes.iter().any(|outcome| outcome.n_runs() != n_runs) {
        return Vec::new();
    }
    (0..n_runs)
        .map(|run| mean(outcomes, |of| &of.by_run[run]))
        .collect()
}

/// For each seed, the projected models and the names of the whole ones.
type BySeed<'a> = BTreeMap<u64, Vec<(&'a str, &'a ModelScores)>>;

/// Projected models by number of columns, trained ones first.
fn grouped<'a>(average: &'a Average) -> Vec<Projected<'a>> {
    let mut found: BTreeMap<(usize, bool), BySeed<'a>> = BTreeMap::new();
    for model in &average.projected {
        let Some((base, projection)) = Projection::split(model.name()) else {
            continue;
        };
        let untrained = model.twin().is_some();
        let seeds = found.entry((projection.dims, untrained)).or_default();
        seeds.entry(projection.seed).or_default().push((base, model));
    }
    let group = |((dims, untrained), seeds): ((usize, bool), BySeed<'a>)| {
        let names = |models: &Vec<(&'a str, &'a ModelScores)>| -> BTreeSet<String> {
            models.iter().map(|(base, _)| (*base).to_owned()).collect()
        };
        let mut common = seeds.values().map(names);
        let first = common.next().unwrap_or_default();
        let common = common.fold(first, |all, names| &all & &names);
        let left_out = seeds.values().any(|models| models.len() > common.len());
        if left_out {
            tracing::warn!(
                "projection to {dims} columns: {} models have the same seeds; the others are left out",
                common.len()
            );
        }
        let in_all = |models: Vec<(&'a str, &'a ModelScores)>| -> Vec<&'a ModelScores> {
            let kept = models.into_iter().filter(|(base, _)| common.contains(*base));
            kept.map(|(_, model)| model).collect()
        };
        Projected {
            dims,
            trained: !untrained,
            seeds: seeds.into_values().map(in_all).collect(),
            whole: average
                .models
                .iter()
                .filter(|model| common.contains(model.name()))
                .collect(),
        }
    };
    found.into_iter().map(group).collect()
}
