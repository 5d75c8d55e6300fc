//! Whole studies with known effects, run through every estimator and p-value of the corrected tables.
//!
//!     cargo run --release -p lpp-analysis --example known_answer -- [STUDIES] [SEED]
//!
//! Prints, over simulated studies (500 of each kind unless said), the bias of every estimator of the asymmetry slope with
//! how often its intervals miss the planted slope, what the choice of layers adds to the score, and how often each
//! p-value of the tables is at most 0.05 where scores grow alike on both sides.

#![expect(clippy::print_stdout, reason = "the tables are the purpose of the program")]
#![allow(clippy::expect_used, reason = "the simulation is made to fit itself")]

#[path = "known_answer/judge.rs"]
mod judge;
#[path = "known_answer/simulation.rs"]
mod simulation;

use judge::{ESTIMATORS, INTERVALS, Promise, judge, optimism, rates};
use simulation::SCENARIOS;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let n: u32 = arguments.next().map_or(Ok(500), |text| text.parse())?;
    let seed: u64 = arguments.next().map_or(Ok(20_251_125), |text| text.parse())?;
    println!("{n} studies of each kind; seed {seed}\n");
    println!(
        "| planted | estimator of the L - R slope | bias | ± | misses, {} |",
        INTERVALS.join(" | ")
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for scenario in &SCENARIOS {
        for (estimator, outcome) in ESTIMATORS.iter().zip(judge(scenario, n, seed)?) {
            let misses = outcome.misses.map(|share| format!("{share:.3}")).join(" | ");
            println!(
                "| {} | {} | {:+.5} | {:.5} | {misses} |",
                scenario.name, estimator.name, outcome.bias, outcome.bias_error
            );
        }
    }
    let [best, nested] = optimism(&SCENARIOS[2], n, seed)?;
    println!("\nMean score minus the true one: best of test {best:+.5}, nested {nested:+.5}\n");
    println!("| p-value, growth on both sides | at most 0.05 | promise |");
    println!("|---|---|---|");
    for (test, rate) in rates(&SCENARIOS[1], n, seed)? {
        println!("| {test} | {rate:.3} | {} |", Promise::of(&test).judge(rate, n));
    }
    Ok(())
}
