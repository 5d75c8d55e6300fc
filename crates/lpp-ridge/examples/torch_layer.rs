//! Times one layer at the scale of the reference study on libtorch: on the first GPU if there is one, else on the CPU.
//!
//! ```text
//! cargo run --release -p lpp-ridge --features torch --example torch_layer -- 5120
//! ```
//!
//! Arguments: number of features [5120], number of targets [25870], `cuda:0`, `cpu`, ... [the first GPU, else `cpu`], repeats
//! [3]. On a GPU the first repeat includes the start of its libraries. Reads the GPU's name from `nvidia-smi` if that is
//! installed.
#![expect(clippy::print_stdout, reason = "a program that reports")]

use std::process::Command;
use std::time::Instant;

use lpp_ridge::tch::{Cuda, Device};
use lpp_ridge::{Engine, RidgeCv, RidgeError, standardise_columns};
use ndarray::{Array1, Array2, Zip};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Scans of the nine English runs, trimmed by ten at both ends.
const N_SCANS: [usize; 9] = [262, 278, 320, 283, 245, 323, 305, 272, 348];

fn main() -> Result<(), RidgeError> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, default| args.get(i).and_then(|a| a.parse().ok()).unwrap_or(default);
    let (n_features, n_targets, n_repeats) = (number(0, 5120), number(1, 25_870), number(3, 3));
    let device = args
        .get(2)
        .map_or_else(Device::cuda_if_available, |name| device_of(name));
    println!(
        "{}; {n_features} features, {n_targets} targets, f32",
        description(device)
    );
    let (x, y) = data(n_features, n_targets);

    let model = RidgeCv::params().engine(Engine::Torch(device)).check()?;
    for _ in 0..n_repeats {
        let start = Instant::now();
        let prepared = model.prepare(&x)?;
        wait_for(device);
        let prepare_s = start.elapsed().as_secs_f64();
        let fit = prepared.score(&y)?; // ends with a copy to the host, so nothing is under way
        let all_s = start.elapsed().as_secs_f64();
        println!(
            "factoring {prepare_s:.2} s, scoring {:.2} s, layer {all_s:.2} s, primal {}; mean score {:.4}, penalties {:?}",
            all_s - prepare_s,
            prepared.is_primal(),
            fit.mean_score(),
            fit.alpha_index().unwrap_or_default()
        );
    }
    Ok(())
}

fn device_of(name: &str) -> Device {
    match name.strip_prefix("cuda") {
        Some(index) => Device::Cuda(index.trim_start_matches(':').parse().unwrap_or(0)),
        None => Device::Cpu,
    }
}

fn wait_for(device: Device) {
    if let Device::Cuda(index) = device {
        Cuda::synchronize(i64::try_from(index).unwrap_or(0));
    }
}

/// What the layer runs on, as far as it can be found out.
fn description(device: Device) -> String {
    match device {
        Device::Cuda(index) => {
            let answer = Command::new("nvidia-smi")
                .args([
                    "--query-gpu=name",
                    "--format=csv,noheader",
                    "-i",
                    &index.to_string(),
                ])
                .output();
            let name = answer.map(|a| String::from_utf8_lossy(&a.stdout).trim().to_owned());
            format!("cuda:{index} ({})", name.unwrap_or_default())
        }
        _ => format!("cpu, {} threads of libtorch", lpp_ridge::tch::get_num_threads()),
    }
}

/// Smooth random features, and targets that one of them drives each.
fn data(n_features: usize, n_targets: usize) -> (Vec<Array2<f32>>, Vec<Array2<f32>>) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut uniform = |shape| Array2::from_shape_simple_fn(shape, || rng.random::<f32>() - 0.5);
    let mut run = |n| {
        let mut x = uniform((n, n_features));
        for i in 1..n {
            let smooth: Array1<f32> = &x.row(i - 1) * 0.7 + x.row(i);
            x.row_mut(i).assign(&smooth);
        }
        let mut y = uniform((n, n_targets)) * 4.0;
        for (j, column) in y.columns_mut().into_iter().enumerate() {
            Zip::from(column)
                .and(x.column(j % n_features))
                .for_each(|y, &x| *y += x);
        }
        (standardise_columns(&x), standardise_columns(&y))
    };
    N_SCANS.into_iter().map(&mut run).unzip()
}
