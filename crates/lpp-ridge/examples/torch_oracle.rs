//! Compares fits on libtorch with cases of the reference generator, as `fixtures/ridge/check_oracle.py` does for the program.
//!
//! ```text
//! cargo run --release -p lpp-ridge --features torch --example torch_oracle -- CASES...
//! ```
//!
//! CASES are folders with the `manifest.json` of the generator. Fails if scores differ by more than 1e-10 in f64 or 1e-5 in f32, or
//! penalties at all.
#![expect(clippy::print_stdout, reason = "a program that reports")]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use lpp_ridge::tch::Device;
use lpp_ridge::{Element, Engine, NanTargets, RidgeCv, RidgeCvFit};
use ndarray::{Array2, ArrayRef2};
use ndarray_npy::read_npy;
use serde_json::Value;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<ExitCode> {
    let (mut n_good, mut n_all) = (0, 0);
    for folder in std::env::args().skip(1) {
        let folder = Path::new(&folder);
        let manifest: Value = serde_json::from_slice(&std::fs::read(folder.join("manifest.json"))?)?;
        for case in list(&manifest["cases"]) {
            n_all += 1;
            n_good += u32::from(check(folder, case)?);
        }
    }
    println!("{n_good} of {n_all} cases pass");
    Ok(if n_good == n_all && n_all > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn check(folder: &Path, case: &Value) -> Outcome<bool> {
    let files = |kind: &str| {
        list(&case["inputs"][kind])
            .iter()
            .map(|name| folder.join(text(name)))
            .collect::<Vec<_>>()
    };
    let single = read_npy::<_, Array2<f32>>(&files("x")[0]).is_ok();
    let read = |kind| {
        files(kind)
            .iter()
            .map(|path| matrix(path))
            .collect::<Outcome<Vec<_>>>()
    };
    let alphas: Vec<f64> = list(&case["params"]["alphas"])
        .iter()
        .filter_map(Value::as_f64)
        .collect();
    let (x, y) = (read("x")?, read("y")?);
    let fit = if single {
        fit::<f32>(&x, &y, alphas)?
    } else {
        fit::<f64>(&x, &y, alphas)?
    };
    let expected = |key: &str| matrix(&folder.join(text(&case["expected"][key])));
    let deviation = distance(&fit.fold_scores, &expected("corr_runs")?)
        .max(distance(&fit.validation_curves, &expected("validation_curves")?));
    let chosen: Vec<usize> = serde_json::from_value(case["expected"]["best_alpha_index"].clone())?;
    let good = deviation <= if single { 1e-5 } else { 1e-10 } && fit.alpha_index() == Some(&chosen[..]);
    println!(
        "{} {}: {deviation:.1e}{}",
        folder.display(),
        text(&case["name"]),
        if good { "" } else { "   FAILED" }
    );
    Ok(good)
}

fn fit<A: Element>(x: &[Array2<f64>], y: &[Array2<f64>], alphas: Vec<f64>) -> Outcome<RidgeCvFit> {
    let convert = |runs: &[Array2<f64>]| -> Vec<Array2<A>> {
        runs.iter().map(|run| run.mapv(A::from_double)).collect()
    };
    let params = RidgeCv::params()
        .alphas(alphas)
        .engine(Engine::Torch(Device::Cpu));
    let model = params.nan_targets(NanTargets::TakeFirstAlpha).check()?;
    Ok(model.fit(&convert(x), &convert(y))?)
}

/// Largest distance of two values; infinite if only one of them is NaN.
fn distance(a: &ArrayRef2<f64>, b: &ArrayRef2<f64>) -> f64 {
    let apart = |(a, b): (&f64, &f64)| match (a.is_nan(), b.is_nan()) {
        (true, true) => 0.0,
        (false, false) => (a - b).abs(),
        _ => f64::INFINITY,
    };
    if a.dim() == b.dim() {
        a.iter().zip(b).map(apart).fold(0.0, f64::max)
    } else {
        f64::INFINITY
    }
}

fn matrix(path: &Path) -> Outcome<Array2<f64>> {
    match read_npy::<_, Array2<f32>>(path) {
        Ok(single) => Ok(single.mapv(f64::from)),
        Err(_) => Ok(read_npy(path)?),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
