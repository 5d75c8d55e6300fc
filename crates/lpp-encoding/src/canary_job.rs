//! The canary, a time-only control model (leakage check): its features depend only on time and should explain nothing.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use lpp_files::{ActivationsWriter, LayerShape, Progress};
use lpp_fmri::{Hrf, RegressorOperator};
use lpp_stats::{MaxStatistic, Tail, nan_mean, permutation_p};
use lpp_steps::{CanaryFeatures, Nulls, Software, TargetSet, run_if_stale};
use lpp_study::{CanaryInfo, NullTest, Study, save_with_sidecar};
use ndarray::{Array1, Array2, Axis, s};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::group::lone;
use crate::heard::Heard;
use crate::null_job::null_orders;
use crate::prepared::{Prepared, to_f32};
use crate::{EncodingError, FitJob};

/// Features of scans that do not depend on the text, fitted like a model and tested against nulls.
///
/// Layer 0 are slow waves, cos(πk(i + ½)/n) for k = 1 … 16, the same in every run: they score if runs share a course over time
/// (onset transients, drifts, arousal). Layer 1 is noise as slow as features are: 32 columns of white noise, one number a scan,
/// convolved with the haemodynamic response, another in each run. It scores only if the program is wrong: runs are never
/// shuffled.
///
/// The test statistic is the mean score of at most 1024 voxels spread over the mask. It is compared with 199 nulls of
/// circular shifts (see [`NullJob`](crate::NullJob)).
#[derive(Debug, Clone, PartialEq)]
pub struct CanaryJob {
    /// The fit of the features, whose activations are written first.
    pub fit: FitJob,
}

const N_WAVES: usize = CanaryFeatures::N_WAVES;
const N_NOISE: usize = CanaryFeatures::N_NOISE;
const N_NULLS: usize = CanaryFeatures::N_NULLS;
/// Largest number of voxels in the tested mean: enough to make its sampling error small compared with its spread over
/// nulls.
const N_TESTED: usize = 1024;

impl CanaryJob {
    /// The canary for the fit of a model, with the same scans and settings.
    #[must_use]
    pub fn beside(fit: &FitJob, study: &Study) -> Self {
        let fit = FitJob {
            step: fit.step.canary(study),
            force: fit.force,
        };
        Self { fit }
    }

    /// Writes features, scores and the test of each target set, unless they are up to date.
    ///
    /// # Errors
    /// [`EncodingError`] naming the file that cannot be read or written; a run too short for a regressor.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<(), EncodingError> {
        self.write_features(software)?;
        self.fit.run(software, progress)?;
        for set in &self.fit.step.targets {
            let artefact = self.fit.step.canary_artefact(set);
            let path = artefact.path.clone();
            run_if_stale(software, vec![artefact], self.fit.force, || {
                let (means, info) = self.test(set)?;
                Ok::<_, EncodingError>(save_with_sidecar(&path, &means, &info)?)
            })?;
        }
        Ok(())
    }

    /// Mean scores of each layer under nulls, (`n_layers`, 1 + `n_nulls`), the observed one first, and what they say.
    fn test(&self, set: &TargetSet) -> Result<(Array2<f32>, CanaryInfo), EncodingError> {
        let fit = &self.fit;
        let (group, heard, runs) = lone(&fit.step, set, false)?;
        let n_voxels = heard.n_voxels;
        let every = n_voxels.div_ceil(N_TESTED).max(1);
        let tested: Vec<usize> = (0..n_voxels).step_by(every).collect();
        let y: Vec<Array2<f32>> = runs.iter().map(|run| run.select(Axis(1), &tested)).collect();
        let features = fit.features(&heard.n_scans())?;
        let nulls = null_orders(&Nulls::circular(N_NULLS), &group.pieces.lengths())?;
        let refit = !fit.step.settings.has_fast_nulls();
        let mut all = Array2::zeros((features.activations().n_layers(), 1 + N_NULLS));
        let mut info = CanaryInfo {
            subject: set.subject.clone(),
            n_nulls: N_NULLS,
            n_voxels: tested.len(),
            layers: Vec::new(),
            thresholds_05: Vec::new(),
        };
        for (layer, mut row) in all.rows_mut().into_iter().enumerate() {
            let failed = |source| fit.failed(layer, source);
            let x = features.layer(layer, &group.pieces)?;
            let prepared = Prepared::new(&group.model, &x, fit.step.arithmetic).map_err(failed)?;
            let found = prepared.score(&y).map_err(failed)?;
            let scores = prepared.null_scores(&found, &y, &nulls, refit).map_err(failed)?;
            let means: Array1<f64> = scores
                .axis_iter(Axis(1))
                .map(|null| nan_mean(null.iter().map(|&r| f64::from(r))))
                .collect();
            let of_nulls = means.slice(s![1..]).to_vec();
            info.layers.push(NullTest {
                observed: means[0],
                p: permutation_p(means[0], &of_nulls, Tail::Upper),
            });
            info.thresholds_05
                .push(MaxStatistic::of_maxima(of_nulls, Tail::Upper)?.threshold(0.05)?);
            row.assign(&means.mapv(to_f32));
        }
        Ok((all, info))
    }

    fn write_features(&self, software: Software) -> Result<(), EncodingError> {
        let lengths = match self.fit.step.targets.first() {
            Some(set) => Heard::of(set)?.n_scans(),
            None => return Ok(()),
        };
        let features = CanaryFeatures {
            n_scans: lengths,
            tr_s: self.fit.tr_s(),
            output: self.fit.step.activations.clone(),
        };
        run_if_stale(software, vec![features.artefact()], self.fit.force, || {
            self.write(&features)
        })?;
        Ok(())
    }

    fn write(&self, features: &CanaryFeatures) -> Result<(), EncodingError> {
        let lengths = &features.n_scans;
        let shapes: Vec<LayerShape> = lengths
            .iter()
            .enumerate()
            .flat_map(|(run, &n)| {
                [N_WAVES, N_NOISE]
                    .into_iter()
                    .enumerate()
                    .map(move |(layer, n_hidden)| LayerShape {
                        run,
                        layer,
                        n_words: n,
                        n_hidden,
                    })
            })
            .collect();
        let metadata = [
            ("model", CanaryFeatures::NAME.to_owned()),
            ("kind", "canary".to_owned()),
            ("rows", "scans".to_owned()),
            ("lang", self.fit.step.lang.to_string()),
            ("software", format!("lpp-rs {}", env!("CARGO_PKG_VERSION"))),
        ];
        let metadata: BTreeMap<String, String> = metadata.map(|(k, v)| (k.to_owned(), v)).into();
        let mut rng = ChaCha8Rng::seed_from_u64(CanaryFeatures::SEED);
        let mut writer = ActivationsWriter::create(&features.output, &shapes, &metadata)?;
        for (run, &n) in lengths.iter().enumerate() {
            writer.write(run, 0, &waves(n))?;
            writer.write(run, 1, &slow_noise(n, features.tr_s, &mut rng)?)?;
        }
        Ok(writer.commit()?)
    }
}

/// Slow cosines over a run of `n` scans.
fn waves(n: usize) -> Array2<f32> {
    Array2::from_shape_fn((n, N_WAVES), |(i, k)| {
        to_f32((PI * (k + 1) as f64 * (i as f64 + 0.5) / n as f64).cos())
    })
}

/// White noise of every scan, convolved with the haemodynamic response.
fn slow_noise(n: usize, tr_s: f64, rng: &mut ChaCha8Rng) -> Result<Array2<f32>, EncodingError> {
    let onsets: Vec<f64> = (0..n).map(|scan| scan as f64 * tr_s).collect();
    let offsets: Vec<f64> = onsets.iter().map(|onset| onset + tr_s).collect();
    let noise = Array2::from_shape_simple_fn((n, N_NOISE), || rng.random_range(-1.0_f64..1.0));
    let operator = RegressorOperator::new(&onsets, &offsets, n, tr_s, &Hrf::Glover)?;
    Ok(operator.apply(&noise)?.mapv(to_f32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_are_slow_and_the_same_noise_comes_back() {
        let waves = waves(50);
        assert!((waves[[0, 0]] - 1.0).abs() < 1e-3 && (waves[[49, 0]] + 1.0).abs() < 1e-3);
        assert!(waves.sum_axis(Axis(0)).iter().all(|sum| sum.abs() < 1e-4));
        let noise = || slow_noise(50, 2.0, &mut ChaCha8Rng::seed_from_u64(CanaryFeatures::SEED)).unwrap();
        assert_eq!(noise(), noise());
        let now: Array1<f32> = noise().slice(s![..49, 5]).to_owned();
        let next: Array1<f32> = noise().slice(s![1.., 5]).to_owned();
        assert!(now.dot(&next) > 0.5 * now.dot(&now));
    }
}
