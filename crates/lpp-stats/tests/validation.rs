//! False-positive rates of the tests, from few data sets with a fixed seed.
//!
//! `examples/validation.rs` takes more of them and prints power as well.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../examples/validation/studies.rs"]
mod studies;

use studies::{Promise, all, binomial_range};

/// Enough for a rate of 5 % to be told from 12 %; some seconds in all.
const REPETITIONS: u32 = 300;
const SEED: u64 = 7;

#[test]
fn false_positives_are_as_rare_as_promised() {
    let (low, high) = binomial_range(REPETITIONS);
    for study in all() {
        let rate = study.rate(0.0, REPETITIONS, SEED).unwrap();
        let name = study.name;
        match study.promise {
            Promise::Nominal => assert!(
                low <= rate && rate <= high,
                "{name}: {rate} not in {low}..={high}"
            ),
            Promise::AtMost => assert!(rate <= high, "{name}: {rate} above {high}"),
            // Nothing to hold on to but an order of magnitude.
            Promise::TooSmall => assert!(rate <= 0.2, "{name}: {rate}"),
            // What the other tests are for: were these rates fine, the simulations would show nothing.
            Promise::Broken => assert!(rate > high, "{name}: {rate} not above {high}"),
        }
    }
}

#[test]
fn large_effects_are_found() {
    for study in all() {
        let [small, _, large] = study.effects;
        let power = |effect| study.rate(effect, 50, SEED).unwrap();
        assert!(
            power(large) > 0.4 && power(large) >= power(small),
            "{}",
            study.name
        );
    }
}

#[test]
fn the_binomial_range_holds_what_it_should() {
    // scipy.stats.binom.ppf([0.0005, 0.9995], n, 0.05): 7 and 36 for 400, 69 and 133 for 2000.
    assert_eq!(binomial_range(400), (7.0 / 400.0, 36.0 / 400.0));
    assert_eq!(binomial_range(2000), (69.0 / 2000.0, 133.0 / 2000.0));
}
