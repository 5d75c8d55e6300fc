//! The known-answer study with few repetitions and a fixed seed; `examples/known_answer.rs` takes more.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[expect(dead_code, reason = "the example prints more than the test checks")]
#[path = "../examples/known_answer/judge.rs"]
mod judge;
#[path = "../examples/known_answer/simulation.rs"]
mod simulation;

use judge::{ESTIMATORS, Outcome, Promise, judge, most_of, optimism, rates};
use simulation::{SCENARIOS, Scenario};

const STUDIES: u32 = 100;
const SEED: u64 = 3;

fn scenario(name: &str) -> &'static Scenario {
    SCENARIOS.iter().find(|scenario| scenario.name == name).unwrap()
}

fn outcome(estimator: &str, planted: &str) -> Outcome {
    let place = ESTIMATORS
        .iter()
        .position(|known| known.name == estimator)
        .unwrap();
    judge(scenario(planted), STUDIES, SEED).unwrap()[place]
}

#[test]
fn the_papers_definitions_are_biased_where_something_else_is_planted() {
    for (estimator, planted) in [
        ("paper: halves", "midline signal"),
        ("paper: halves", "higher ceilings on the left"),
        ("paper: score/ISC, halves", "higher ceilings on the left"),
    ] {
        let found = outcome(estimator, planted);
        assert!(
            found.bias.abs() > 8.0 * found.bias_error,
            "{estimator}, {planted}: {found:?}"
        );
    }
}

#[test]
fn corrected_definitions_are_not() {
    for (estimator, planted) in [
        ("by x", "midline signal"),
        ("homotopic pairs", "midline signal"),
        ("by x", "asymmetry slope"),
        ("by x, nested layer", "asymmetry slope"),
        ("matched ceilings, by x", "higher ceilings on the left"),
    ] {
        let found = outcome(estimator, planted);
        // Four standard errors, and a hundredth of the planted growth of 0.03 for what choosing layers does to slopes.
        assert!(
            found.bias.abs() < 4.0 * found.bias_error + 3e-4,
            "{estimator}, {planted}: {found:?}"
        );
        // 5 of 100 expected; more than 13 have a probability of 0.0005. The first three do not see the brain's noise.
        let [models, _, _, runs, two_way] = found.misses;
        assert!(
            runs <= 0.13 && two_way <= 0.13,
            "{estimator}, {planted}: {found:?}"
        );
        assert!(models > 0.13, "{estimator}, {planted}: {found:?}");
    }
}

#[test]
fn choosing_layers_on_inner_data_takes_the_optimism_away() {
    let [best, nested] = optimism(scenario("asymmetry slope"), 20, SEED).unwrap();
    assert!(best > 0.005 && nested < best / 2.0, "{best} {nested}");
}

#[test]
fn bounds_are_those_of_the_binomial_distribution() {
    // SciPy: binom.isf(0.001, n, 0.05).
    for (n, most) in [(20, 5), (60, 9), (100, 13), (200, 21), (500, 41)] {
        assert!((most_of(n) - f64::from(most) / f64::from(n)).abs() < 1e-12, "{n}");
    }
}

#[test]
fn recommended_p_values_keep_their_level() {
    // Scores grow on both sides, so that models see the brain's noise the more the larger they are.
    let found = rates(scenario("growth on both sides"), 40, SEED).unwrap();
    let kept: Vec<_> = found
        .iter()
        .filter(|(name, _)| Promise::of(name) == Promise::Level)
        .collect();
    assert!(kept.len() >= 10, "{found:?}");
    for (name, rate) in kept {
        // 2 of 40 expected.
        assert!(*rate <= most_of(40), "{name}: {rate}");
    }
}
