//! The slopes of all combinations of choices, with their errors over runs.

use lpp_stats::{RunTest, percentile};
use lpp_tables::{SpecificationCurve, SpecificationCurveChoices};

use super::choices::choices;
use crate::corrected::{Exchanged, LayerChoice, ONE_LAYER, Sample, slope};
use crate::{AnalysisError, ModelScores};

/// The response with which the words of all models were convolved; empty for features of scans.
pub(super) fn response(models: &[ModelScores]) -> &str {
    models
        .first()
        .and_then(|model| model.info.terms.hrf.as_deref())
        .unwrap_or("")
}

/// Runs and models of a specification.
pub(super) struct Subset {
    pub(super) runs: &'static str,
    pub(super) families: String,
    /// The first run that counts.
    from_run: usize,
    /// Whether each model counts.
    models: Vec<bool>,
}

/// All runs and those without run 0; all families and those without each one.
pub(super) fn subsets(sample: &Sample, n_runs: usize) -> Vec<Subset> {
    let families = sample.families();
    let mut left_out: Vec<Option<&str>> = vec![None];
    for &family in &families {
        if !left_out.contains(&Some(family)) {
            left_out.push(Some(family));
        }
    }
    let runs = [("all", 0), ("without run 0", 1)];
    let runs = runs.into_iter().filter(|(_, from)| n_runs >= 3 || *from == 0);
    runs.flat_map(|(runs, from_run)| {
        left_out.iter().map({
            let families = families.clone();
            move |without| Subset {
                runs,
                families: without.map_or_else(|| "all".to_owned(), |family| format!("without {family}")),
                from_run,
                models: families.iter().map(|family| Some(*family) != *without).collect(),
            }
        })
    })
    .collect()
}

impl Subset {
    fn n_models(&self) -> usize {
        self.models.iter().filter(|counts| **counts).count()
    }

    /// The mean over runs of the slope on size, with its error; `by_run` has a number per model for each run. `None` if it
    /// is not defined.
    pub(super) fn test(&self, sizes: &[f64], by_run: &[Vec<f64>]) -> Option<RunTest> {
        let own = |values: &[f64]| -> Vec<f64> {
            let counted = values.iter().zip(&self.models).filter(|(_, counts)| **counts);
            counted.map(|(value, _)| *value).collect()
        };
        let sizes = own(sizes);
        let slopes: Vec<f64> = by_run
            .iter()
            .skip(self.from_run)
            .map(|values| slope(&sizes, &own(values)))
            .collect();
        RunTest::of(&slopes).ok()
    }
}

/// One row per specification with a slope, without ranks.
pub(super) fn rows(
    sample: &Sample,
    variant: &str,
    response: &str,
) -> Result<Vec<SpecificationCurve>, AnalysisError> {
    let mut rows = Vec::new();
    let mut add = |names: [&str; 4], by_run: &[Vec<f64>]| {
        let [sides, voxels, ceiling, layer_rule] = names.map(str::to_owned);
        for subset in subsets(sample, by_run.len()) {
            let Some(test) = subset.test(&sample.sizes(), by_run) else {
                continue;
            };
            rows.push(SpecificationCurve {
                rank: 0,
                variant: variant.to_owned(),
                response: response.to_owned(),
                sides: sides.clone(),
                voxels: voxels.clone(),
                ceiling: ceiling.clone(),
                layer_rule: layer_rule.clone(),
                runs: subset.runs.to_owned(),
                n_models: subset.n_models(),
                families: subset.families,
                n_runs: test.n_runs,
                slope: test.estimate,
                runs_ci_low: test.interval.low,
                runs_ci_high: test.interval.high,
                runs_p: test.p,
            });
        }
    };
    for rule in [LayerChoice::BestOfTest, LayerChoice::Nested] {
        let maps: Option<Vec<_>> = sample.models.iter().map(|model| model.run_maps(rule)).collect();
        let n_runs = |maps: &[&ndarray::Array2<f64>]| maps.iter().map(|map| map.nrows()).min().unwrap_or(0);
        let Some(maps) = maps.filter(|maps| maps.iter().all(|map| map.nrows() == n_runs(maps))) else {
            continue;
        };
        for choice in choices(sample) {
            let of_run = |run: usize| -> Result<Vec<f64>, AnalysisError> {
                maps.iter()
                    .map(|map| choice.of_run(sample, &map.row(run).to_vec(), run))
                    .collect()
            };
            let by_run = (0..n_runs(&maps)).map(of_run).collect::<Result<Vec<_>, _>>()?;
            add(
                [choice.sides, choice.voxels, &choice.ceiling, rule.name()],
                &by_run,
            );
        }
    }
    for (measure, voxels) in EXCHANGED {
        if let Some(exchanged) = Exchanged::of(sample, measure) {
            add(["pairs", voxels, "none", ONE_LAYER], &exchanged.by_run(0));
        }
    }
    Ok(rows)
}

/// Measures of exchanged sides, and what their voxels are called here.
pub(super) const EXCHANGED: [(&str, &str); 2] = [("all", "all"), ("reliable_pairs", "reliable pairs")];

/// For each choice, the slopes of the specifications that make it.
pub(super) fn by_choice(rows: &[SpecificationCurve]) -> Vec<SpecificationCurveChoices> {
    type Of = fn(&SpecificationCurve) -> &str;
    let choices: [(&str, Of); 8] = [
        ("variant", |row| &row.variant),
        ("response", |row| &row.response),
        ("sides", |row| &row.sides),
        ("voxels", |row| &row.voxels),
        ("layer_rule", |row| &row.layer_rule),
        ("ceiling", |row| &row.ceiling),
        ("runs", |row| &row.runs),
        ("families", |row| &row.families),
    ];
    let mut out = Vec::new();
    for (choice, of) in choices {
        let mut levels: Vec<&str> = rows.iter().map(of).collect();
        levels.sort_unstable();
        levels.dedup();
        for level in levels {
            let own: Vec<&SpecificationCurve> = rows.iter().filter(|row| of(row) == level).collect();
            let slopes: Vec<f64> = own.iter().map(|row| row.slope).collect();
            let share = |n: usize| n as f64 / own.len() as f64;
            out.push(SpecificationCurveChoices {
                choice: choice.to_owned(),
                level: level.to_owned(),
                n_specifications: own.len(),
                median_slope: percentile(&slopes, 50.0).unwrap_or(f64::NAN),
                share_positive: share(slopes.iter().filter(|slope| **slope > 0.0).count()),
                share_significant: share(own.iter().filter(|row| row.runs_p <= 0.05).count()),
            });
        }
    }
    out
}
