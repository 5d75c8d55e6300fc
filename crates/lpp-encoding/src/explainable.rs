//! The variance that no model can exceed: what the repeats of a story share.

use lpp_files::npy;
use lpp_ridge::trim_and_standardise;
use lpp_steps::{FitStep, Software, TargetSet, run_if_stale};
use ndarray::{Array1, Array2, Axis};

use crate::EncodingError;
use crate::heard::{Heard, Story};
use crate::prepared::to_f32;

/// Writes the explainable variance of each voxel of a set, if a story was heard several times, unless it is up to date.
///
/// For each repeated story: the variance over time of the mean over repeats, over the mean variance of a repeat,
/// corrected for the number of repeats n: e − (1 − e)/(n − 1). Repeats are trimmed and z-scored; scans that are scrubbed in
/// a repeat are left out. With several repeated stories, their mean. A voxel that is constant in a repeat is NaN.
///
/// # References
/// M. Schoppe et al. (2016), <https://doi.org/10.3389/fncom.2016.00010>; the function `explainable_variance` of the
/// tutorials on voxelwise encoding models (T. Dupré la Tour et al. 2025, <https://doi.org/10.1162/imag_a_00575>).
pub(crate) fn write(
    step: &FitStep,
    set: &TargetSet,
    software: Software,
    force: bool,
) -> Result<(), EncodingError> {
    let Some(artefact) = step.explainable_artefact(set) else {
        return Ok(());
    };
    let path = artefact.path.clone();
    run_if_stale(software, vec![artefact], force, || {
        let heard = Heard::of(set)?;
        let repeated = heard.stories.iter().filter(|story| story.runs.len() > 1);
        let shares: Vec<Array1<f64>> = repeated
            .map(|story| of_story(story, step.trim_scans))
            .collect::<Result<_, _>>()?;
        let mut mean = Array1::<f64>::zeros(heard.n_voxels);
        for share in &shares {
            mean += share;
        }
        mean /= shares.len() as f64;
        Ok::<_, EncodingError>(npy::save(&path, &mean.mapv(to_f32))?)
    })?;
    Ok(())
}

fn of_story(story: &Story, trim_scans: usize) -> Result<Array1<f64>, EncodingError> {
    let mut repeats = Vec::new();
    let everywhere = |scan: &usize| story.runs.iter().all(|run| !run.absent.contains(scan));
    for run in &story.runs {
        let failed = |source| EncodingError::Run {
            path: run.path.clone(),
            source,
        };
        let scans = npy::load_f32_matrix(&run.path)?;
        let kept = trim_scans..run.n_scans.saturating_sub(trim_scans);
        let kept: Vec<usize> = kept.filter(everywhere).collect();
        repeats.push(trim_and_standardise(&scans.select(Axis(0), &kept).mapv(f64::from), 0).map_err(failed)?);
    }
    Ok(explainable_variance(&repeats))
}

/// Of z-scored repeats, (`n_scans`, `n_voxels`) each.
fn explainable_variance(repeats: &[Array2<f64>]) -> Array1<f64> {
    let n = repeats.len() as f64;
    let variance = |scans: &Array2<f64>| scans.var_axis(Axis(0), 1.0);
    let mut mean = repeats[0].clone();
    let mut mean_variance = variance(&mean);
    let mut is_constant = mean_variance.mapv(|v| v == 0.0);
    for repeat in &repeats[1..] {
        mean += repeat;
        let of_repeat = variance(repeat);
        is_constant.zip_mut_with(&of_repeat, |constant, v| *constant |= *v == 0.0);
        mean_variance += &of_repeat;
    }
    let share = variance(&(mean / n)) / (mean_variance / n);
    let mut corrected = share.mapv(|e| e - (1.0 - e) / (n - 1.0));
    corrected.zip_mut_with(&is_constant, |e, constant| {
        if *constant {
            *e = f64::NAN;
        }
    });
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_ridge::standardise_columns;

    #[test]
    fn equal_repeats_are_fully_explainable_and_opposite_ones_not_at_all() {
        let wave = Array2::from_shape_fn((40, 3), |(i, v)| ((i * (v + 2)) as f64 * 0.7).sin());
        let one = standardise_columns(&wave);
        let mut other = one.clone();
        other.column_mut(1).mapv_inplace(|v| -v);
        other.column_mut(2).fill(0.0);
        let found = explainable_variance(&[one, other]);
        // Opposite repeats average to 0: 0 − 1/(2 − 1).
        assert!((found[0] - 1.0).abs() < 1e-12 && (found[1] + 1.0).abs() < 1e-12);
        assert!(found[2].is_nan());
    }
}
