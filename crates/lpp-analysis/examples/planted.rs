//! Every estimator of the slope of L − R against what lpp-simulate plants.
//!
//!     cargo run --release -p lpp-analysis --example planted -- [STUDIES] [SEED]
//!
//! Prints the mean slope over studies (20 of each kind unless said) with the range in which the true one lies with a
//! probability of 99.9 % (t over studies), beside the planted slope of fits without noise. Then, of a quarter as many studies
//! with unequal ceilings alone, how much of the slope by x remains in runs of more and more words.

#![expect(clippy::print_stdout, reason = "the table is the purpose of the program")]

#[path = "planted/study.rs"]
mod study;

use lpp_stats::student_t_critical;
use rayon::prelude::*;
use study::{ESTIMATORS, Error, Found, WORDS_PER_RUN, kinds, place, study};

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let n: u64 = arguments.next().map_or(Ok(20), |text| text.parse())?;
    let seed: u64 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    println!("{n} studies of each kind; seed {seed}\n");
    let names = ESTIMATORS.map(|(name, _)| name).join(" | ");
    println!("| planted | fits without noise | {names} |");
    println!("|---|---|---|---|---|---|---|---|");
    let width = student_t_critical(0.001, n.saturating_sub(1) as f64)? / (n as f64).sqrt();
    for kind in kinds() {
        let seeds = (0..n).into_par_iter().map(|study| 1000 * seed + study);
        let found = seeds.map(|seed| study(&kind.plant, seed, WORDS_PER_RUN));
        let found: Vec<Found> = found.collect::<Result<_, _>>()?;
        let cell = |estimator: usize| {
            let slopes: Vec<f64> = found.iter().map(|found| found.slopes[estimator]).collect();
            let mean = slopes.iter().sum::<f64>() / n as f64;
            let squares: f64 = slopes.iter().map(|slope| (slope - mean).powi(2)).sum();
            let range = width * (squares / (n as f64 - 1.0)).sqrt();
            format!("{mean:+.5} ± {range:.5}")
        };
        let cells = (0..ESTIMATORS.len()).map(cell).collect::<Vec<_>>().join(" | ");
        println!("| {} | {:+.5} | {cells} |", kind.name, found[0].planted);
    }
    println!("\nCeilings left: share of the slope by x that remains, by words of a run\n");
    println!("| words | matched | over ceiling | matched, true ceilings | over true ceilings |");
    println!("|---|---|---|---|---|");
    for words in LENGTHS {
        let seeds = (0..n.div_ceil(4))
            .into_par_iter()
            .map(|study| 1000 * seed + study);
        let found = seeds.map(|seed| study(&kinds()[2].plant, seed, words));
        let found: Vec<Found> = found.collect::<Result<_, _>>()?;
        let cells = remaining(&found)
            .map(|share| format!("{:.0} %", 100.0 * share))
            .join(" | ");
        println!("| {words} | {cells} |");
    }
    Ok(())
}

/// Words of a run in studies whose estimates are told by length.
const LENGTHS: [usize; 4] = [300, 600, 1200, 2400];

/// Matched and over ceiling by measured ceilings, then by true ones: the slope as a share of that by x, over the mean ceiling
/// where scores are.
fn remaining(found: &[Found]) -> [f64; 4] {
    let sum = |of: &dyn Fn(&Found) -> f64| found.iter().map(of).sum::<f64>();
    let (matched, over) = (place("matched"), place("over ceiling"));
    let by_x = sum(&|found| found.slopes[place("by x")]);
    let by_x_over_ceiling = sum(&|found| found.slopes[place("by x")] / found.ceiling);
    [
        sum(&|found| found.slopes[matched]) / by_x,
        sum(&|found| found.slopes[over]) / by_x_over_ceiling,
        sum(&|found| found.at_true_ceilings[matched]) / by_x,
        sum(&|found| found.at_true_ceilings[over]) / by_x_over_ceiling,
    ]
}
