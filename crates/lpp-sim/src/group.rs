//! Cleaned scans of a group of subjects whose average has the planted responses.

use std::path::Path;

use lpp_files::{Progress, npy};
use lpp_fmri::Mask;
use lpp_study::{Group, Language, Study, resampled_dir};
use ndarray::{Array1, Array2, ArrayRef1, Axis};

use crate::SimError;
use crate::bold::BoldSimulator;
use crate::brain::side_of;
use crate::random::{normal, stream};

/// Subjects who hear the story with gains of their own on each side, and the responses that their average has.
#[derive(Debug)]
pub(crate) struct GroupScans {
    /// Signal of each subject in each voxel, relative to that of the average, over noise of variance 1.
    gains: Vec<Array1<f32>>,
    /// Correlation of the average with the signal.
    pub(crate) responses: Array1<f64>,
}

impl GroupScans {
    /// The subjects of a group. With equal gains their average has the `planted` responses, and nearly so with others: each
    /// subject is standardised before the average, which then weighs those of small gains more.
    pub(crate) fn of(seed: u64, group: Group, mask: &Mask, planted: &ArrayRef1<f64>) -> Self {
        let sides = gains_of_sides(seed, group);
        let n = group.n_subjects as f64;
        // The correlation with the signal of the mean of n subjects with gain a and noise of variance 1 is a/√(a² + 1/n).
        let alone = planted.mapv(|r| r / (n * (1.0 - r * r)).sqrt());
        let side: Vec<usize> = mask.world_coordinates().into_iter().map(side_of).collect();
        let voxels = 0..planted.len();
        let of_average = |voxel: usize| {
            let (mut signal, mut noise) = (0.0, 0.0);
            for subject in &sides {
                let own = subject[side[voxel]] * alone[voxel];
                let std = (own * own + 1.0).sqrt();
                signal += own / std;
                noise += 1.0 / (std * std);
            }
            signal / (signal * signal + noise).sqrt()
        };
        let relative = |subject: &[f64; 3]| {
            let of_voxel = |voxel: usize| {
                let response = planted[voxel];
                let scale = if response > 0.0 {
                    alone[voxel] / response
                } else {
                    0.0
                };
                (subject[side[voxel]] * scale) as f32
            };
            voxels.clone().map(of_voxel).collect()
        };
        Self {
            gains: sides.iter().map(relative).collect(),
            responses: voxels.clone().map(of_average).collect(),
        }
    }

    /// Writes the runs of each subject as cleaned arrays.
    pub(crate) fn write(
        &self,
        study: &Study,
        lang: Language,
        bold: &BoldSimulator,
        progress: &dyn Progress,
    ) -> Result<(), SimError> {
        for (subject, gains) in self.gains.iter().enumerate() {
            let name = format!("sub-{:02}", subject + 1);
            let folder = resampled_dir(study, lang).join(&name);
            for run in 0..bold.n_runs() {
                let signals = bold.with_gains(run, gains, &format!("noise {name} run {run}"))?;
                save(&folder, run, standardised(signals))?;
            }
            progress.advance(1);
        }
        Ok(())
    }
}

fn save(folder: &Path, run: usize, signals: Array2<f32>) -> Result<(), SimError> {
    Ok(npy::save(&folder.join(format!("run-{}.npy", run + 1)), &signals)?)
}

/// Each voxel with mean 0 and variance 1, as cleaning leaves it.
fn standardised(mut signals: Array2<f32>) -> Array2<f32> {
    for mut course in signals.axis_iter_mut(Axis(1)) {
        let (mean, std) = (course.mean().unwrap_or(0.0), course.std(0.0));
        course.mapv_inplace(|value| (value - mean) / std);
    }
    signals
}

/// Gains of each subject on the left, in the midline and on the right; on each side their mean is 1. The midline has the
/// mean of the sides.
fn gains_of_sides(seed: u64, group: Group) -> Vec<[f64; 3]> {
    let mut rng = stream(seed, "gains of subjects");
    let mut sides = [(); 2].map(|()| {
        let drawn = (0..group.n_subjects).map(|_| (group.gain_sd * f64::from(normal(&mut rng))).exp());
        drawn.collect::<Vec<_>>()
    });
    for side in &mut sides {
        let mean = side.iter().sum::<f64>() / side.len() as f64;
        side.iter_mut().for_each(|gain| *gain /= mean);
    }
    let [left, right] = sides;
    let subjects = left.into_iter().zip(right);
    subjects
        .map(|(left, right)| [left, f64::midpoint(left, right), right])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brain::{PlantedBrain, simulated_mask};
    use lpp_study::Plant;

    fn group(gain_sd: f64) -> Group {
        Group {
            n_subjects: 12,
            gain_sd,
        }
    }

    #[test]
    fn equal_gains_give_the_planted_responses() {
        let mask = simulated_mask().unwrap();
        let planted = PlantedBrain::of(&mask, &Plant::default()).responses;
        let scans = GroupScans::of(3, group(0.0), &mask, &planted);
        assert!((&scans.responses - &planted).iter().all(|d| d.abs() < 1e-12));
        let spread = GroupScans::of(3, group(0.5), &mask, &planted);
        let least = |a: &Array1<f64>| a.iter().copied().fold(f64::INFINITY, f64::min);
        // Standardising subjects costs the average some of its signal where gains differ, never much.
        assert!(least(&(&planted - &spread.responses)) > 0.0);
        assert!(least(&(&spread.responses - &planted)) > -0.03);
    }

    #[test]
    fn gains_have_a_mean_of_one_and_the_spread_that_was_asked_for() {
        let many = Group {
            n_subjects: 4000,
            gain_sd: 0.5,
        };
        let gains = gains_of_sides(1, many);
        for side in [0, 2] {
            let logs: Array1<f64> = gains.iter().map(|gain| gain[side].ln()).collect();
            let mean = gains.iter().map(|gain| gain[side]).sum::<f64>() / 4000.0;
            // A standard deviation of 4000 has a standard error of 1.1 %.
            assert!((mean - 1.0).abs() < 1e-12 && (logs.std(1.0) - 0.5).abs() < 0.03);
        }
    }
}
