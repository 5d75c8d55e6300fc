//! The delta table: each headline number by the paper's definition, by a corrected one, and the difference.

use lpp_stats::{Hemispheres, RunTest, VoxelSet};
use lpp_tables::Delta;

use super::outcome::Outcome;
use super::why_empty::{HALVES, MODELS, RUNS, TWO_FAMILIES, why_empty};
use super::{LayerChoice, Measure, Sample, SlopeTests, Voxels};
use crate::AnalysisError;

/// A headline number of the paper that is a slope over models.
struct Headline {
    /// Its id in the table of results.
    result: String,
    paper: Measure,
    voxels: Voxels,
    /// Corrections of the measure.
    corrected: Vec<(&'static str, Measure)>,
}

const BY_X: &str = "hemispheres by x, midline left out";
const PAIRS: &str = "homotopic voxel pairs";
const AVELI: &str = "AveLI of homotopic pairs";
const NESTED: &str = "layer chosen on inner data";
const CEILING: &str = "score over noise ceiling, homotopic voxel pairs";
const MATCHED: &str = "voxels matched by noise ceiling, by x";
const NESTED_BY_X: &str = "layer chosen on inner data, by x";
const RUNS_AS_UNITS: &str = "runs as units";
const TWO_WAY: &str = "runs and families as units";
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
    let row = Delta {
        result: result.to_owned(),
        correction: correction.to_owned(),
        statistic: statistic.to_owned(),
        paper,
        corrected,
        difference: corrected - paper,
        note: String::new(),
    };
    let note = why_empty(&row, |_| match (correction, statistic) {
        (RUNS_AS_UNITS, _) | (_, "runs_p") => RUNS,
        (TWO_WAY, _) | (_, "two_way_p") => "two_way_p: scores of single runs and two families are needed",
        (ROBUST | WITHOUT, _) => TWO_FAMILIES,
        (MIXED, _) => "mixed: fewer than three families, or too few models",
        (WIDTH, _) => "width: not known, or too few models that differ in it",
        (_, "l_minus_r") => HALVES,
        _ if paper.is_nan() => HALVES,
        _ => MODELS,
    });
    Delta { note, ..row }
}

fn headlines(sample: &Sample) -> Vec<Headline> {
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
    let headline = |result: &str, paper, voxels, corrected| Headline {
        result: result.to_owned(),
        paper,
        voxels,
        corrected,
    };
    let mut all = vec![
        headline("S1 all voxels", Measure::Mean, Voxels::All, vec![]),
        headline(
            "A1 L-R all voxels",
            Measure::Halves,
            Voxels::All,
            matched(sides()),
        ),
        headline(
            "A2 L-R 90th percentile",
            Measure::Percentile90,
            Voxels::All,
            vec![(BY_X, Measure::Percentile90ByX)],
        ),
    ];
    if sample.ceiling.is_some() {
        let reliable = Voxels::Reliable;
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
                Voxels::All,
                vec![(CEILING, Measure::OverCeiling)],
            ),
        ]);
    }
    all
}

/// The rows of one headline number: corrected measures, nested scores, then other tests of the same numbers.
fn slope_rows(sample: &Sample, headline: &Headline) -> Result<Vec<Delta>, AnalysisError> {
    let over = |measure: Measure, rule| Outcome::of(sample, measure, rule, headline.voxels);
    let Some(paper) = over(headline.paper, LayerChoice::BestOfTest)? else {
        return Ok(Vec::new());
    };
    let mut rows = Vec::new();
    for &(correction, measure) in &headline.corrected {
        if let Some(corrected) = over(measure, LayerChoice::BestOfTest)? {
            let correction = measure.named(sample, correction);
            rows.extend(compare(sample, &headline.result, &correction, &paper, &corrected));
        }
    }
    for (correction, measure) in [(NESTED, headline.paper), (NESTED_BY_X, headline.paper.by_x())] {
        let same = correction == NESTED_BY_X && measure == headline.paper;
        if let Some(nested) = over(measure, LayerChoice::Nested)?.filter(|_| !same) {
            rows.extend(compare(sample, &headline.result, correction, &paper, &nested));
        }
    }
    for run in 0..paper.n_runs() {
        if let Some(others) = paper.without_run(sample, headline.paper, headline.voxels, run)? {
            rows.extend(compare(
                sample,
                &headline.result,
                &format!("without_run {run}"),
                &paper,
                &others,
            ));
        }
    }
    // Without halves the paper has no number; the other tests then ask of x.
    let by_x = if sample.halves == Hemispheres::default() {
        over(headline.paper.by_x(), LayerChoice::BestOfTest)?
    } else {
        None
    };
    let tested = by_x.as_ref().unwrap_or(&paper).tests(sample);
    rows.extend(test_rows(&headline.result, &paper.tests(sample), &tested));
    if headline.paper == Measure::Halves && headline.voxels == Voxels::All {
        for region in &sample.regions {
            rows.extend(region_rows(sample, region)?);
        }
    }
    Ok(rows)
}

/// r, slope, mean over models and p of one outcome by two definitions.
fn compare(
    sample: &Sample,
    result: &str,
    correction: &str,
    paper: &Outcome,
    corrected: &Outcome,
) -> Vec<Delta> {
    let (before, after) = (paper.tests(sample), corrected.tests(sample));
    let mean = |outcome: &Outcome| lpp_stats::MeanScore::of(&outcome.values).mean;
    let p = |test: Option<RunTest>| test.map_or(f64::NAN, |test| test.p);
    [
        ("r", before.r, after.r),
        ("p", before.p, after.p),
        ("slope_per_ln_parameter", before.slope, after.slope),
        ("mean_over_models", mean(paper), mean(corrected)),
        ("runs_p", p(before.runs), p(after.runs)),
        ("two_way_p", p(before.two_way), p(after.two_way)),
    ]
    .map(|(statistic, paper, corrected)| delta(result, correction, statistic, paper, corrected))
    .into()
}

/// The outcome of the paper and what tests find that know of families, runs and width.
fn test_rows(result: &str, by_paper: &SlopeTests, found: &SlopeTests) -> Vec<Delta> {
    let row = |correction, statistic, paper, corrected: Option<f64>| {
        let corrected = corrected.unwrap_or(f64::NAN);
        delta(result, correction, statistic, paper, corrected)
    };
    let slope = "slope_per_ln_parameter";
    let without = found.least_without().map(|(_, slope)| slope);
    vec![
        row(RUNS_AS_UNITS, "p", by_paper.p, found.runs.map(|test| test.p)),
        row(TWO_WAY, "p", by_paper.p, found.two_way.map(|test| test.p)),
        row(ROBUST, "p", by_paper.p, found.robust.map(|test| test.p)),
        row(
            MIXED,
            slope,
            by_paper.slope,
            found.mixed.map(|test| test.estimate),
        ),
        row(MIXED, "p", by_paper.p, found.mixed.map(|test| test.p)),
        row(WITHOUT, slope, by_paper.slope, without),
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
    let of_map = |scores: &[f64]| -> Result<f64, AnalysisError> {
        let of = |set: &VoxelSet| lpp_stats::MeanScore::over(scores, set);
        Ok(of(&region.left)?.mean - of(&region.right)?.mean)
    };
    let over = |rule| Outcome::by(sample, rule, |scores, _| of_map(scores));
    let Some(paper) = over(LayerChoice::BestOfTest)? else {
        return Ok(Vec::new());
    };
    let mut rows = Vec::new();
    if let Some(nested) = over(LayerChoice::Nested)? {
        rows.extend(compare(sample, &result, NESTED, &paper, &nested));
    }
    let tests = paper.tests(sample);
    rows.extend(test_rows(&result, &tests, &tests));
    Ok(rows)
}

/// B2: L − R of each baseline.
fn baseline_rows(sample: &Sample) -> Result<Vec<Delta>, AnalysisError> {
    let mut rows = Vec::new();
    for &voxels in sample.selections() {
        for model in &sample.baselines {
            let of = |measure: Measure| measure.of(sample, &model.best, voxels);
            for (correction, measure) in [(BY_X, Measure::ByX), (PAIRS, Measure::Pairs)] {
                let result = format!("B2 L-R {} {} voxels", model.name, voxels.name());
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
    for &voxels in sample.selections() {
        let of = |measure: Measure| measure.of(sample, &ceiling.isc, voxels);
        for (correction, measure) in [(BY_X, Measure::ByX), (PAIRS, Measure::Pairs)] {
            let result = format!("ISC L-R {} voxels", voxels.name());
            let (paper, corrected) = (of(Measure::Halves)?, of(measure)?);
            rows.push(delta(&result, correction, "l_minus_r", paper, corrected));
        }
    }
    Ok(rows)
}
