//! Time courses of an average subject, or of subjects: planted signal plus noise.

use lpp_files::WordTable;
use lpp_fmri::{Hrf, RegressorOperator};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis, concatenate};

use crate::SimError;
use crate::brain::PlantedBrain;
use crate::latent::{N_BEYOND, N_LATENT, WordLatents, explained_share, share_left, weight_stds};
use crate::noise::Noise;
use crate::random::{normal_matrix, stream};

/// Simulates the time courses of all runs.
///
/// The signal of voxel v is the sum over hidden dimensions k of `b_vk·f_k(t)`, where `f_k` are the hidden vectors of
/// the words, convolved with the haemodynamic response, and `b_vk` is normal with variance proportional to 1/√k. The
/// signal is scaled such that a model that knows all of it reaches the correlation `responses[v]` with the voxel's time
/// course. Voxels with a reserve weigh instead what no model knows.
#[derive(Debug)]
pub struct BoldSimulator {
    /// Features of each run (`n_scans`, `n_features`), mean 0 over the whole story.
    features: Vec<Array2<f32>>,
    /// Weights (`n_features`, `n_voxels`), scaled so that each voxel's signal has its response as standard deviation.
    weights: Array2<f32>,
    noise_std: Array1<f32>,
    noise: Noise,
}

impl BoldSimulator {
    /// Prepares the signal of `words` with `n_scans` per run for the voxels of `brain`, with noise that is independent in
    /// each voxel.
    ///
    /// # Errors
    /// [`SimError::Setting`] if the number of runs differs or a response is not in 0..1, [`SimError::Fmri`] for a
    /// run of fewer than two scans.
    pub fn new(
        seed: u64,
        words: &WordTable,
        n_scans: &[usize],
        tr_s: f64,
        brain: &PlantedBrain,
        latents: &mut WordLatents,
    ) -> Result<Self, SimError> {
        let responses = &brain.responses;
        check(words, n_scans, responses)?;
        let has_reserve = brain.reserve.iter().any(|reserve| *reserve > 0.0);
        let mut features = Vec::with_capacity(n_scans.len());
        for (run, &n) in n_scans.iter().enumerate() {
            features.push(run_features(words, run, n, tr_s, latents, has_reserve)?);
        }
        centre(&mut features);
        let mut weights = weights(seed, &brain.reserve, has_reserve);
        scale_to_responses(&mut weights, &features, responses);
        Ok(Self {
            features,
            weights,
            noise_std: responses.mapv(|r| (1.0 - r * r).sqrt() as f32),
            noise: Noise::independent(seed),
        })
    }

    /// The same signal with other noise.
    pub(crate) fn with_noise(self, noise: Noise) -> Self {
        Self { noise, ..self }
    }

    /// Number of runs.
    pub(crate) fn n_runs(&self) -> usize {
        self.features.len()
    }

    /// The time courses of one run, (`n_scans`, `n_voxels`), with expected mean 0 and variance 1 over the story.
    ///
    /// # Errors
    /// [`SimError::Setting`] if there is no such run.
    pub fn run(&self, run: usize) -> Result<Array2<f32>, SimError> {
        self.noisy(run, &format!("noise run {run}"))
    }

    /// The time courses of one subject in one run: the signal of all subjects, with noise of its own. `name` tells subject
    /// and run.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn subject_run(&self, run: usize, name: &str) -> Result<Array2<f32>, SimError> {
        self.noisy(run, &format!("noise {name}"))
    }

    /// One run of a subject whose signal is `gains` times that of the average, with noise of variance 1 called `name`.
    pub(crate) fn with_gains(
        &self,
        run: usize,
        gains: &ArrayRef1<f32>,
        name: &str,
    ) -> Result<Array2<f32>, SimError> {
        let courses = self.signal(run)? * gains;
        let noise = self.noise.draw(name, courses.nrows(), courses.ncols())?;
        Ok(courses + noise)
    }

    fn noisy(&self, run: usize, name: &str) -> Result<Array2<f32>, SimError> {
        let mut courses = self.signal(run)?;
        let noise = self.noise.draw(name, courses.nrows(), courses.ncols())?;
        courses += &(noise * &self.noise_std);
        Ok(courses)
    }

    fn signal(&self, run: usize) -> Result<Array2<f32>, SimError> {
        let features = self.features.get(run).ok_or_else(|| SimError::Setting {
            name: "run",
            found: run.to_string(),
            expected: "a run of the study",
        })?;
        Ok(features.dot(&self.weights))
    }
}

/// Weights of each voxel, not scaled yet: on the hidden dimensions, and if some voxel has a reserve on what no model knows.
fn weights(seed: u64, reserve: &ArrayRef1<f64>, has_reserve: bool) -> Array2<f32> {
    let n_voxels = reserve.len();
    let mut known = normal_matrix(&mut stream(seed, "brain weights"), (N_LATENT, n_voxels), 1.0);
    known *= &weight_stds().insert_axis(Axis(1));
    if !has_reserve {
        return known;
    }
    for (k, mut row) in known.rows_mut().into_iter().enumerate() {
        row.zip_mut_with(reserve, |weight, reserve| {
            *weight *= share_left(k + 1, *reserve).sqrt() as f32;
        });
    }
    let mut beyond = normal_matrix(&mut stream(seed, "weights beyond"), (N_BEYOND, n_voxels), 1.0);
    beyond *= &reserve.mapv(|reserve| {
        let lost = 1.0 - explained_share(N_LATENT, reserve);
        (lost / N_BEYOND as f64).sqrt() as f32
    });
    concatenate![Axis(0), known, beyond]
}

fn check(words: &WordTable, n_scans: &[usize], responses: &ArrayRef1<f64>) -> Result<(), SimError> {
    if n_scans.len() != words.n_runs() {
        return Err(SimError::Setting {
            name: "the number of runs with a scan count",
            found: n_scans.len().to_string(),
            expected: "one count for each run of the words",
        });
    }
    match responses.iter().find(|r| !(0.0..1.0).contains(*r)) {
        Some(wrong) => Err(SimError::Setting {
            name: "the response of a voxel",
            found: wrong.to_string(),
            expected: "at least 0 and below 1",
        }),
        None => Ok(()),
    }
}

fn run_features(
    words: &WordTable,
    run: usize,
    n_scans: usize,
    tr_s: f64,
    latents: &mut WordLatents,
    has_reserve: bool,
) -> Result<Array2<f32>, SimError> {
    let spoken = words.run(run);
    let onsets: Vec<f64> = spoken.iter().map(|w| w.onset_s).collect();
    let offsets: Vec<f64> = spoken.iter().map(|w| w.offset_s).collect();
    let operator = RegressorOperator::new(&onsets, &offsets, n_scans, tr_s, &Hrf::Glover)?;
    let mut hidden = latents.of_sequence(spoken.iter().map(|w| w.word.as_str()));
    if has_reserve {
        hidden = concatenate![Axis(1), hidden, latents.beyond(run, spoken.len())];
    }
    Ok(operator.apply(&hidden)?.mapv(|v| v as f32))
}

/// Subtracts the mean over the whole story from each feature.
fn centre(features: &mut [Array2<f32>]) {
    let n: usize = features.iter().map(Array2::nrows).sum();
    let total = features.iter().fold(
        Array1::zeros(features.first().map_or(0, Array2::ncols)),
        |sum: Array1<f32>, f| sum + f.sum_axis(Axis(0)),
    );
    let mean = total / n as f32;
    for run in features {
        *run -= &mean;
    }
}

/// Scales the weights of each voxel such that the standard deviation of its signal over the story is its response.
fn scale_to_responses(weights: &mut Array2<f32>, features: &[Array2<f32>], responses: &ArrayRef1<f64>) {
    let n: usize = features.iter().map(Array2::nrows).sum();
    let covariance = features.iter().fold(
        Array2::zeros((weights.nrows(), weights.nrows())),
        |sum: Array2<f32>, f| sum + f.t().dot(f),
    ) / n as f32;
    let variances = signal_variances(weights, &covariance);
    for ((mut weight, variance), response) in weights.columns_mut().into_iter().zip(&variances).zip(responses)
    {
        let scale = *response as f32 / variance.sqrt();
        weight *= if scale.is_finite() { scale } else { 0.0 };
    }
}

/// wᵀCw for every column w of `weights`.
fn signal_variances(weights: &ArrayRef2<f32>, covariance: &ArrayRef2<f32>) -> Array1<f32> {
    (covariance.dot(weights) * weights).sum_axis(Axis(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_files::TimedWord;
    use ndarray::array;
    use std::path::Path;

    fn words() -> WordTable {
        let spoken = crate::tell_story(2, 3, 300);
        let rows = spoken.iter().enumerate().flat_map(|(run, story)| {
            story
                .words
                .iter()
                .enumerate()
                .map(move |(word_index, w)| TimedWord {
                    run,
                    word_index,
                    word: w.word.clone(),
                    onset_s: w.onset_s,
                    offset_s: w.offset_s,
                })
        });
        WordTable::new(rows.collect(), Path::new("words")).unwrap()
    }

    #[test]
    fn variance_and_signal_are_as_planted() {
        let responses = array![0.0, 0.3, 0.9];
        let n_scans = [90, 90, 90];
        let brain = PlantedBrain {
            reserve: array![0.0, 0.0, 1.0],
            responses: responses.clone(),
        };
        let simulator =
            BoldSimulator::new(1, &words(), &n_scans, 2.0, &brain, &mut WordLatents::new(1)).unwrap();
        for (v, response) in responses.iter().enumerate() {
            let (mut signal2, mut total2) = (0.0, 0.0);
            for run in 0..3 {
                let signal = simulator.features[run].dot(&simulator.weights.column(v));
                signal2 += signal.dot(&signal) / 270.0;
                let course = simulator.run(run).unwrap().column(v).to_owned();
                total2 += course.dot(&course) / 270.0;
            }
            // The signal is scaled exactly, up to f32 sums; 270 noise scans vary by 1/sqrt(135) = 9 %, allow 4 of those.
            assert!((f64::from(signal2.sqrt()) - response).abs() < 1e-3, "{signal2}");
            assert!((total2 - 1.0).abs() < 0.36, "{total2}");
        }
    }

    #[test]
    fn runs_repeat_and_wrong_settings_are_refused() {
        let responses = array![0.5];
        let make = |n: &[usize], r: &Array1<f64>| {
            let brain = PlantedBrain::responding(r.clone());
            BoldSimulator::new(1, &words(), n, 2.0, &brain, &mut WordLatents::new(1))
        };
        let simulator = make(&[90, 90, 90], &responses).unwrap();
        assert_eq!(simulator.run(1).unwrap(), simulator.run(1).unwrap());
        assert!(simulator.run(3).is_err());
        assert!(make(&[90, 90], &responses).is_err());
        assert!(make(&[90, 90, 1], &responses).is_err());
        assert!(make(&[90, 90, 90], &array![1.5]).is_err());
        assert!(make(&[90, 90, 90], &array![f64::NAN]).is_err());
    }
}
