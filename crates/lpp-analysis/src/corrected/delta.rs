//! The delta table: each headline number by the paper's definition, by a corrected one, and the difference.

use lpp_stats::{Hemispheres, VoxelSet};
use lpp_tables::Delta;

use super::{Measure, Sample, SampleModel, SlopeTests};
use crate::AnalysisError;

/// A headline number of the paper that is a slope over models.
struct Headline<'a> {
    /// Its id in the table of results.
    result: String,
    paper: Measure,
    selection: Option<&'a VoxelSet>,
    /// Corrections of the measure.
    corrected: Vec<(&'static str, Measure)>,
}

const BY_X: &str = "hemispheres by x, midline left out";
const PAIRS: &str = "homotopic voxel pairs";
const AVELI: &str = "AveLI of homotopic pairs";
const NESTED: &str = "layer chosen on inner data";
const CEILING: &str = "score over noise ceiling, by x, reliable voxels";
const MATCHED: &str = "voxels matched by noise ceiling, by x";
const ROBUST: &str = "families as units, cluster-robust t";
const MIXED: &str = "families as units, mixed model t";
const WITHOUT: &str = "without the family that supports it most";
const WIDTH: &str = "given the width, cluster-robust t";

/// One row per result, correction and statistic.
pub(crate) fn rows(sample: &Sample) -> Result<Vec<Delta>, AnalysisError> {
    let mut rows = Vec::new();
    for headline in headlines(sample) {
        rows.extend(slope_rows(sample, &headline)?);
    }
    rows.extend(baseline_rows(sample)?);
    rows.extend(ceiling_rows(sample)?);
    Ok(rows)
}

fn delta(result: &str, correction: &str, statistic: &str, paper: f64, corrected: f64) -> Delta {
    Delta {
        result: result.to_owned(),
        correction: correction.to_owned(),
        statistic: statistic.to_owned(),
        paper,
        corrected,
        difference: corrected - paper,
    }
}

fn headlines(sample: &Sample) -> Vec<Headline<'_>> {
    let sides = || {
        vec![
            (BY_X, Measure::ByX),
            (PAIRS, Measure::Pairs),
            (AVELI, Measure::AveLi),
        ]
    };
    let matched = |mut list: Vec<_>| {
        list.push((MATCHED, Measure::MatchedCeiling));
        list
    };
    let headline = |result: &str, paper, selection, corrected| Headline {
        result: result.to_owned(),
        paper,
        selection,
        corrected,
    };
    let mut all = vec![
        headline("S1 all voxels", Measure::Mean, None, vec![]),
        headline("A1 L-R all voxels", Measure::Halves, None, matched(sides())),
        headline(
            "A2 L-R 90th percentile",
            Measure::Percentile90,
            None,
            vec![(BY_X, Measure::Percentile90ByX)],
        ),
    ];
    if let Some(ceiling) = &sample.ceiling {
        let reliable = Some(&ceiling.reliable);
        all.extend([
            headline(
                "S1 reliable voxels",
                Measure::Mean,
                reliable,
                vec![("score over noise ceiling", Measure::MeanOverCeiling)],
            ),
            headline(
                "A3 L-R reliable voxels",
                Measure::Halves,
                reliable,
                matched(sides()),
            ),
            headline(
                "A4 L-R over ISC",
                Measure::OverIsc,
                None,
                vec![(CEILING, Measure::OverCeiling)],
            ),
        ]);
    }
    all
}

/// The rows of one headline number: corrected measures, nested scores, then other tests of the same numbers.
fn slope_rows(sample: &Sample, headline: &Headline<'_>) -> Result<Vec<Delta>, AnalysisError> {
    let over = |measure: Measure, scores: fn(&SampleModel) -> &[f64]| -> Result<Vec<f64>, AnalysisError> {
        let models = sample.models.iter();
        models
            .map(|model| measure.of(sample, scores(model), headline.selection))
            .collect()
    };
    let paper = over(headline.paper, |model| &model.best)?;
    let mut rows = Vec::new();
    for &(correction, measure) in &headline.corrected {
        let corrected = over(measure, |model| &model.best)?;
        rows.extend(compare(sample, &headline.result, correction, &paper, &corrected));
    }
    if sample.has_nested() {
        let nested = over(headline.paper, |model| {
            model.nested.as_deref().unwrap_or(&model.best)
        })?;
        rows.extend(compare(sample, &headline.result, NESTED, &paper, &nested));
    }
    // Without halves the paper has no number; the other tests then ask of x.
    let tested = if sample.halves == Hemispheres::default() {
        over(headline.paper.by_x(), |model| &model.best)?
    } else {
        paper.clone()
    };
    rows.extend(test_rows(sample, &headline.result, &paper, &tested));
    if headline.paper == Measure::Halves && headline.selection.is_none() {
        for region in &sample.regions {
            rows.extend(region_rows(sample, region)?);
        }
    }
    Ok(rows)
}

fn tests(sample: &Sample, values: &[f64]) -> SlopeTests {
    SlopeTests::of(&sample.sizes(), values, &sample.families(), &sample.widths())
}

/// r, slope, p and mean over models of one outcome by two definitions.
fn compare(sample: &Sample, result: &str, correction: &str, paper: &[f64], corrected: &[f64]) -> Vec<Delta> {
    let (before, after) = (tests(sample, paper), tests(sample, corrected));
    let mean = |values: &[f64]| lpp_stats::MeanScore::of(values).mean;
    [
        ("r", before.r, after.r),
        ("p", before.p, after.p),
        ("slope_per_ln_parameter", before.slope, after.slope),
        ("mean_over_models", mean(paper), mean(corrected)),
    ]
    .map(|(statistic, paper, corrected)| delta(result, correction, statistic, paper, corrected))
    .into()
}

/// The outcome of the `paper` and, of the values that are `tested`, what tests find that know of families and width.
fn test_rows(sample: &Sample, result: &str, paper: &[f64], tested: &[f64]) -> Vec<Delta> {
    let (by_paper, found) = (tests(sample, paper), tests(sample, tested));
    let row = |correction, statistic, paper, corrected: Option<f64>| {
        delta(
            result,
            correction,
            statistic,
            paper,
            corrected.unwrap_or(f64::NAN),
        )
    };
    let slope = "slope_per_ln_parameter";
    vec![
        row(ROBUST, "p", by_paper.p, found.robust.map(|test| test.p)),
        row(
            MIXED,
            slope,
            by_paper.slope,
            found.mixed.map(|test| test.estimate),
        ),
        row(MIXED, "p", by_paper.p, found.mixed.map(|test| test.p)),
        row(
            WITHOUT,
            slope,
            by_paper.slope,
            found.least_without().map(|(_, slope)| slope),
        ),
        row(
            WIDTH,
            slope,
            by_paper.slope,
            found.given_width.map(|test| test.estimate),
        ),
        row(WIDTH, "p", by_paper.p, found.given_width.map(|test| test.p)),
    ]
}

/// R2: L − R of a region and its mirror image; here the sides are not in question, choice of layer and units are.
fn region_rows(sample: &Sample, region: &crate::Region) -> Result<Vec<Delta>, AnalysisError> {
    let result = format!("R2 L-R {}", region.name);
    let over = |scores: fn(&SampleModel) -> &[f64]| -> Result<Vec<f64>, AnalysisError> {
        let models = sample.models.iter();
        models
            .map(|model| {
                let of = |set: &VoxelSet| lpp_stats::MeanScore::over(scores(model), set);
                Ok(of(&region.left)?.mean - of(&region.right)?.mean)
            })
            .collect()
    };
    let paper = over(|model| &model.best)?;
    let mut rows = Vec::new();
    if sample.has_nested() {
        let nested = over(|model| model.nested.as_deref().unwrap_or(&model.best))?;
        rows.extend(compare(sample, &result, NESTED, &paper, &nested));
    }
    rows.extend(test_rows(sample, &result, &paper, &paper));
    Ok(rows)
}

/// B2: L − R of each baseline.
fn baseline_rows(sample: &Sample) -> Result<Vec<Delta>, AnalysisError> {
    let mut rows = Vec::new();
    let reliable = sample.ceiling.as_ref().map(|ceiling| &ceiling.reliable);
    let selections = [("all voxels", None)].into_iter();
    for (voxels, selection) in selections.chain(reliable.map(|set| ("reliable voxels", Some(set)))) {
        for model in &sample.baselines {
            let of = |measure: Measure| measure.of(sample, &model.best, selection);
            for (correction, measure) in [(BY_X, Measure::ByX), (PAIRS, Measure::Pairs)] {
                let result = format!("B2 L-R {} {voxels}", model.name);
                let (paper, corrected) = (of(Measure::Halves)?, of(measure)?);
                rows.push(delta(&result, correction, "l_minus_r", paper, corrected));
            }
        }
    }
    Ok(rows)
}

/// L − R of the inter-subject correlation itself.
fn ceiling_rows(sample: &Sample) -> Result<Vec<Delta>, AnalysisError> {
    let Some(ceiling) = &sample.ceiling else {
        return Ok(Vec::new());
    };
    let mut rows = Vec::new();
    for (voxels, selection) in [("all voxels", None), ("reliable voxels", Some(&ceiling.reliable))] {
        let of = |measure: Measure| measure.of(sample, &ceiling.mean, selection);
        for (correction, measure) in [
            (BY_X, Measure::ByX),
            (PAIRS, Measure::Pairs),
            (MATCHED, Measure::MatchedCeiling),
        ] {
            let result = format!("ISC L-R {voxels}");
            let (paper, corrected) = (of(Measure::Halves)?, of(measure)?);
            rows.push(delta(&result, correction, "l_minus_r", paper, corrected));
        }
    }
    Ok(rows)
}
