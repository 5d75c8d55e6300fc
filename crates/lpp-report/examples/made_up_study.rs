//! Writes a study of made-up scores, of any number of models, to see and time what a report makes of it.
//!
//! ```sh
//! cargo run --release -p lpp-report --example made_up_study -- FOLDER 28 [MASK ISC]
//! lpp-analyze all --study FOLDER && lpp-report --study FOLDER
//! ```
//!
//! Without mask and inter-subject correlation (`.npy` or the authors' file) the brain is an ellipsoid on the 4 mm grid. Every
//! score is drawn at random around a bump in each hemisphere that grows with the size of the model; nothing is real.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "made-up scores in single precision, layers and parameters as counts"
)]

use std::error::Error;
use std::path::PathBuf;

use lpp_files::npy;
use lpp_fmri::{Grid, Mask, load_isc};
use lpp_study::{Language, ModelKind, Scores, ScoresInfo, Study};
use ndarray::{Array2, Array3};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const LANG: Language = Language::English;
const FAMILIES: [&str; 6] = ["gpt2", "opt", "llama", "qwen2", "mistral", "gemma"];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (folder, n_models, brain) = match arguments.as_slice() {
        [folder, n] => (folder, n, None),
        [folder, n, mask, isc] => (folder, n, Some((mask, isc))),
        _ => return Err("usage: made_up_study FOLDER MODELS [MASK ISC]".into()),
    };
    let n_models: usize = n_models.to_string_lossy().parse()?;
    std::fs::create_dir_all(folder)?;
    let study = Study::open(folder)?;
    let (mask, isc) = match brain {
        Some((mask, isc)) => (Mask::load(mask)?, load_isc(isc)?),
        None => ellipsoid()?,
    };
    mask.save(&study.mask(LANG))?;
    npy::save(&study.isc(LANG), &isc.mapv(|r| r as f32))?;
    let level = isc.mean_axis(ndarray::Axis(0)).ok_or("no trials")?.to_vec();
    for number in 0..n_models {
        // From 10^8 to 10^10.2 parameters, as in the paper.
        let exponent = 8.0 + 2.2 * number as f64 / n_models.max(2) as f64;
        let family = FAMILIES[number % FAMILIES.len()];
        let name = format!("{family}-{number:03}");
        let n_layers = 13 + 28 * number / n_models.max(1);
        let effect = (exponent - 7.0) * 0.2;
        write(
            &study,
            &mask,
            &level,
            &name,
            Some((family, 10_f64.powf(exponent))),
            n_layers,
            effect,
            number as u64,
        )?;
    }
    for seed in 1..=2 {
        let name = format!("random_vector_300d_seed{seed}");
        write(&study, &mask, &level, &name, None, 1, 0.1, 1000 + seed)?;
    }
    Ok(())
}

/// An ellipsoid of the size of a brain, with a correlation that is larger on both sides of its middle.
fn ellipsoid() -> Result<(Mask, Array2<f64>), Box<dyn Error>> {
    let grid = Grid::working();
    let inside = Array3::from_shape_fn(grid.shape(), |(i, j, k)| {
        let [x, y, z] = grid.world([i, j, k]);
        (x / 72.0).powi(2) + ((y + 18.0) / 88.0).powi(2) + ((z - 8.0) / 66.0).powi(2) <= 1.0
    });
    let mask = Mask::new(grid, inside)?;
    let level: Vec<f64> = mask
        .world_coordinates()
        .iter()
        .map(|[x, y, z]| 0.1 + 0.6 * bump([x.abs() - 52.0, y + 14.0, *z], 28.0))
        .collect();
    let isc = Array2::from_shape_fn((4, level.len()), |(trial, voxel)| {
        level[voxel] + 0.005 * trial as f64
    });
    Ok((mask, isc))
}

fn bump(distance: [f64; 3], width: f64) -> f64 {
    (-distance.iter().map(|d| d * d).sum::<f64>() / (2.0 * width * width)).exp()
}

#[expect(
    clippy::too_many_arguments,
    reason = "an example that is read from top to bottom"
)]
fn write(
    study: &Study,
    mask: &Mask,
    level: &[f64],
    name: &str,
    family: Option<(&str, f64)>,
    n_layers: usize,
    effect: f64,
    seed: u64,
) -> Result<(), Box<dyn Error>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let places = mask.world_coordinates();
    let values = Array2::from_shape_fn((n_layers, level.len()), |(layer, voxel)| {
        let depth = layer as f64 / n_layers as f64;
        let side = if places[voxel][0] < 0.0 {
            1.0 + 0.15 * effect
        } else {
            1.0
        };
        // Four uniform numbers: nearly normal, with a standard deviation of 0.02.
        let noise: f64 = (0..4).map(|_| random.random_range(-1.0..1.0)).sum::<f64>() * 0.0173;
        (level[voxel].max(0.0) * effect * side * (0.4 + 2.0 * depth * (1.0 - depth)) + noise) as f32
    });
    let info = ScoresInfo {
        model: name.to_owned(),
        lang: LANG,
        subject: "average".to_owned(),
        kind: if family.is_some() {
            ModelKind::Model
        } else {
            ModelKind::Baseline
        },
        family: family.map(|(family, _)| family.to_owned()),
        n_parameters: family.map(|(_, n)| n as u64),
        n_hidden: vec![768; n_layers],
        n_runs: 9,
        n_voxels: level.len(),
        mask_sha256: None,
        words_sha256: None,
        transfer: None,
        alphas: vec![1e2, 1e3, 1e4, 1e5],
        alpha_index: vec![vec![0; 9]; n_layers],
        alpha_counts: Vec::new(),
        test_folds: Vec::new(),
        terms: lpp_study::FitTerms::default(),
        fold_means: vec![vec![0.1; 9]; n_layers],
        n_nan_voxels: vec![0; n_layers],
        wall_s: vec![0.0; n_layers],
    };
    Scores { values, info }.save(&study.scores(name, LANG))?;
    Ok(())
}
