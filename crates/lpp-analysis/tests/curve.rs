//! The specification curve of a study whose growth of left minus right is known in every run.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking; scores are stored in single precision"
)]

mod common;

use common::ToyStudy;
use lpp_analysis::{Analysis, AnalysisJob, AnalysisReport};
use lpp_files::{Silent, npy};
use lpp_stats::RunSwaps;
use lpp_steps::Software;
use lpp_study::{Language, Scores, SwapsInfo, beside_scores, save_with_sidecar};
use lpp_tables::{SpecificationCurve, SpecificationCurveChoices, SpecificationCurveTest};
use ndarray::{Array2, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Growth of left minus right per ln(parameters) in each run; the toy study grows by 0.004.
const GROWTH: [f64; 6] = [0.0035, 0.0045, 0.004, 0.003, 0.005, 0.004];

/// Adds runs, and exchanges of sides that only flip the sign of a run's difference.
fn with_runs(toy: &ToyStudy, exchanged: bool) {
    for path in Scores::list(&toy.study().scores_dir(), Language::English).unwrap() {
        let scores = Scores::load(&path).unwrap();
        let best = scores.values.fold_axis(Axis(0), f32::NAN, |a, b| a.max(*b));
        let size = scores.info.n_parameters.map_or(0.0, |n| (n as f64).ln());
        let half = best.len() / 2;
        let runs = Array2::from_shape_fn((GROWTH.len(), best.len()), |(run, voxel)| {
            let more = if voxel < half {
                (GROWTH[run] - 0.004) * size
            } else {
                0.0
            };
            best[voxel] + more as f32
        });
        npy::save(&beside_scores(&path, "runs"), &runs).unwrap();
        if !exchanged {
            continue;
        }
        let swaps = RunSwaps::new(GROWTH.len(), &mut ChaCha8Rng::seed_from_u64(0)).unwrap();
        let of_run = |pattern: usize, run: usize| {
            let sign = if swaps.patterns()[[pattern, run]] {
                -1.0
            } else {
                1.0
            };
            sign * GROWTH[run] * size
        };
        let n_runs = GROWTH.len();
        let values = Array2::from_shape_fn((swaps.patterns().nrows(), 1 + n_runs), |(pattern, column)| {
            let value = match column {
                0 => (0..n_runs).map(|run| of_run(pattern, run)).sum::<f64>() / n_runs as f64,
                _ => of_run(pattern, column - 1),
            };
            value as f32
        });
        let names = (0..n_runs).map(|run| SwapsInfo::of_run("all", run));
        let info = SwapsInfo {
            model: scores.info.model.clone(),
            subject: "average".to_owned(),
            layer: 1,
            n_runs,
            measures: ["all".to_owned()].into_iter().chain(names).collect(),
            n_pairs: vec![half],
            seed: 0,
        };
        save_with_sidecar(&beside_scores(&path, "swaps"), &values, &info).unwrap();
    }
}

fn run(toy: &ToyStudy, analysis: Analysis) -> AnalysisReport {
    let software = Software {
        program: "test",
        version: "0",
        commit: None,
    };
    AnalysisJob::new(toy.study(), Language::English, analysis)
        .run(software, &Silent)
        .unwrap()
}

#[test]
fn every_combination_has_its_slope_and_the_curve_one_p() {
    let toy = ToyStudy::full();
    with_runs(&toy, true);
    let report = run(&toy, Analysis::Curve);
    let rows = report.rows::<SpecificationCurve>().unwrap();
    // Eighteen choices of sides, voxels and ceilings, two of matched voxels, one of exchanged pairs; all runs or without
    // run 0; all families or without llama, because two models without gpt2 have no slope.
    assert_eq!(rows.len(), 21 * 2 * 2);
    assert!(
        rows.windows(2)
            .all(|pair| pair[0].slope <= pair[1].slope && pair[0].rank + 1 == pair[1].rank)
    );
    let find = |sides: &str, rule: &str, runs: &str, families: &str| {
        let row = rows.iter().find(|row| {
            (row.sides.as_str(), row.voxels.as_str(), row.ceiling.as_str()) == (sides, "all", "none")
                && (row.layer_rule.as_str(), row.runs.as_str(), row.families.as_str())
                    == (rule, runs, families)
        });
        row.unwrap().clone()
    };
    for (runs, expected) in [("all", 0.004), ("without run 0", 0.0041)] {
        for (sides, rule) in [
            ("halves", "best_of_test"),
            ("x", "best_of_test"),
            ("pairs", "one_layer"),
        ] {
            let row = find(sides, rule, runs, "without llama");
            assert!(
                (row.slope - expected).abs() < 1e-6,
                "{sides}, {runs}: {}",
                row.slope
            );
            assert_eq!((row.n_models, row.n_runs), (3, if runs == "all" { 6 } else { 5 }));
        }
    }
    // The spread of the runs' slopes, for runs that share training data: √(5e-7 · (1/6 + 1/5)) · t(0.975, 5).
    let row = find("halves", "best_of_test", "all", "all");
    assert!(
        (row.runs_ci_high - row.slope - 4.281_744e-4 * 2.570_582).abs() < 1e-6,
        "{row:?}"
    );
    let choices = report.rows::<SpecificationCurveChoices>().unwrap();
    let n = |choice: &str| {
        choices
            .iter()
            .filter(|row| row.choice == choice)
            .map(|row| row.n_specifications)
            .sum::<usize>()
    };
    assert!(
        ["sides", "voxels", "ceiling", "runs", "families"]
            .iter()
            .all(|choice| n(choice) == rows.len())
    );
    let test = &report.rows::<SpecificationCurveTest>().unwrap()[0];
    // Any exchange makes the mean smaller and the spread larger.
    assert_eq!(
        (test.n_tested, test.n_patterns, test.joint_p),
        (4, 32, 1.0 / 32.0)
    );
    let families = run(&toy, Analysis::Corrected);
    let table = families.table("corrected_families").unwrap();
    let one = table
        .texts("layer_rule")
        .iter()
        .position(|rule| rule == "one_layer")
        .unwrap();
    assert_eq!(table.numbers("swap_p")[one], Some(1.0 / 32.0));
}

#[test]
fn a_curve_without_exchanges_has_no_p_and_says_why() {
    let toy = ToyStudy::full();
    assert!(
        run(&toy, Analysis::Curve)
            .rows::<SpecificationCurve>()
            .unwrap()
            .is_empty()
    );
    with_runs(&toy, false);
    let report = run(&toy, Analysis::Curve);
    let test = &report.rows::<SpecificationCurveTest>().unwrap()[0];
    assert!(test.joint_p.is_nan() && test.note.contains("--swaps"), "{test:?}");
}
