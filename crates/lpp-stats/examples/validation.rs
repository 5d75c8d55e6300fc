//! How often the tests of this crate find an effect that is not there, and one that is.
//!
//!     cargo run --release -p lpp-stats --example validation -- [REPETITIONS] [SEED] [CSV] [NAME]
//!
//! Prints a table of false-positive rates at a level of 5 % over simulated data sets (2000 unless said), the range that a
//! rate of 5 % gives with 99.9 % probability, and the power at three effects over a quarter as many data sets. With a
//! name for a CSV file, power is found at eight effects and written there, for `lpp-report`'s example `power_curves`.
//! NAME restricts everything to tests whose name holds it.

#![expect(clippy::print_stdout, reason = "the table is the purpose of the program")]

use std::fmt::Write as _;

#[path = "validation/studies.rs"]
mod studies;

use studies::{Promise, all, binomial_range};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let n: u32 = arguments.next().map_or(Ok(2000), |text| text.parse())?;
    let seed: u64 = arguments.next().map_or(Ok(20_251_125), |text| text.parse())?;
    let csv = arguments.next();
    let part = arguments.next().unwrap_or_default();
    let (low, high) = binomial_range(n);
    println!(
        "{n} data sets each for false positives, {} for power; seed {seed}",
        n.div_ceil(4)
    );
    println!("A rate of 5 % gives {low:.4} to {high:.4} with 99.9 % probability.\n");
    println!("| data and test | promise | false positives | within | power at effects |");
    println!("|---|---|---|---|---|");
    let mut curves = String::from("study,promise,effect,n,rate\n");
    for study in all().into_iter().filter(|study| study.name.contains(&part)) {
        let rate = study.rate(0.0, n, seed)?;
        let promise = promise_of(study.promise);
        let within = match rate {
            rate if rate < low => "below",
            rate if rate > high => "above",
            _ => "yes",
        };
        let mut power = Vec::new();
        for effect in study.effects {
            power.push(format!(
                "{:.2} at {effect}",
                study.rate(effect, n.div_ceil(4), seed)?
            ));
        }
        println!(
            "| {} | {promise} | {rate:.4} | {within} | {} |",
            study.name,
            power.join(", ")
        );
        if csv.is_some() {
            writeln!(curves, "\"{}\",\"{promise}\",0,{n},{rate}", study.name)?;
            for step in 1..8 {
                let effect = study.effects[2] * f64::from(step) / 7.0;
                let rate = study.rate(effect, n.div_ceil(4), seed)?;
                writeln!(
                    curves,
                    "\"{}\",\"{promise}\",{effect},{},{rate}",
                    study.name,
                    n.div_ceil(4)
                )?;
            }
        }
    }
    if let Some(path) = csv {
        std::fs::write(path, curves)?;
    }
    Ok(())
}

fn promise_of(promise: Promise) -> &'static str {
    match promise {
        Promise::Nominal => "5 %",
        Promise::AtMost => "at most 5 %",
        Promise::TooSmall => "none, sample too small",
        Promise::Broken => "none, assumptions broken",
    }
}
