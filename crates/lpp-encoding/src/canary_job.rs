//! The canary: features that know only time, and so should explain nothing.

use std::collections::BTreeMap;
use std::f64::consts::PI;
use std::path::PathBuf;

use lpp_fmri::{Hrf, RegressorOperator};
use lpp_study::{ActivationsWriter, Language, LayerShape, Software, Step, npy};
use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::EncodingError;
use crate::fit_job::to_f32;

/// Writes features of scans that know nothing of the text, to be fitted like a model.
///
/// Layer 0 are slow waves, cos(πk(i + ½)/n) for k = 1 … 16, the same in every run: they score if runs share a course over time
/// (onset transients, drifts, arousal). Layer 1 is noise as slow as features are: 32 columns of white noise, one number a scan,
/// convolved with the haemodynamic response, another in each run. It scores if held-out data leak into the fit.
#[derive(Debug, Clone, PartialEq)]
pub struct CanaryJob {
    /// A run of the scans that are to be explained, for each run: only its length counts.
    pub runs: Vec<PathBuf>,
    /// Language, for the metadata.
    pub lang: Language,
    /// Repetition time, seconds.
    pub tr_s: f64,
    /// The activations file to write.
    pub output: PathBuf,
    /// Whether to write again what is up to date.
    pub force: bool,
}

/// Waves of the first layer.
const N_WAVES: usize = 16;
/// Columns of the second layer.
const N_NOISE: usize = 32;
/// Seed of the noise.
const SEED: u64 = 0;

impl CanaryJob {
    /// Name under which a study keeps it.
    pub const NAME: &'static str = "canary";

    /// Writes the features unless they are up to date; returns whether they were.
    ///
    /// # Errors
    /// [`EncodingError`] naming the file that cannot be read or written; a run too short for a regressor.
    pub fn run(&self, software: Software) -> Result<bool, EncodingError> {
        let lengths = self
            .runs
            .iter()
            .map(|path| Ok(npy::load_f32_matrix(path)?.nrows()))
            .collect::<Result<Vec<_>, EncodingError>>()?;
        let step = Step::new(software, &self.output)
            .parameter("n_scans", &lengths)
            .parameter("tr_s", self.tr_s)
            .parameter("n_waves", N_WAVES)
            .parameter("n_noise", N_NOISE)
            .parameter("seed", SEED);
        if !self.force && step.is_current() {
            return Ok(true);
        }
        self.write(&lengths)?;
        step.finish()?;
        Ok(false)
    }

    fn write(&self, lengths: &[usize]) -> Result<(), EncodingError> {
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
            ("model", Self::NAME.to_owned()),
            ("kind", "canary".to_owned()),
            ("rows", "scans".to_owned()),
            ("lang", self.lang.to_string()),
            ("software", format!("lpp-rs {}", env!("CARGO_PKG_VERSION"))),
        ];
        let metadata: BTreeMap<String, String> = metadata.map(|(k, v)| (k.to_owned(), v)).into();
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        let mut writer = ActivationsWriter::create(&self.output, &shapes, &metadata)?;
        for (run, &n) in lengths.iter().enumerate() {
            writer.write(run, 0, &waves(n))?;
            writer.write(run, 1, &slow_noise(n, self.tr_s, &mut rng)?)?;
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
    let operator = RegressorOperator::new(&onsets, &offsets, n, tr_s, Hrf::Glover)?;
    Ok(operator.apply(&noise)?.mapv(to_f32))
}
