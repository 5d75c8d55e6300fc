//! Estimates of the cost of steps: formulas and measured constants.
//!
//! Every constant cites its measurement in docs/benchmarks.md. Times are for two cores of machine A or B there and are
//! assumed to be inversely proportional to the number of threads. This holds for fits and models and is optimistic for
//! small files. docs/scale.md applies the formulas to whole studies.

use lpp_study::{FeatureSource, Study};

use crate::catalogue::ModelSize;
use crate::size::{StudySize, model_size};

/// The cost of a step.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Cost {
    /// Seconds from start to end.
    pub seconds: f64,
    /// Peak memory of the program in bytes, without mapped files, which the system can drop.
    pub memory_bytes: u64,
    /// Size of the outputs in bytes.
    pub disk_bytes: u64,
    /// Additional size of temporary files, which are deleted at the end, in bytes.
    pub scratch_bytes: u64,
}

const MIB: f64 = 1_048_576.0;
/// Threads of the measurements.
const MEASURED_THREADS: f64 = 2.0;
/// Time of any step on small files: start, hashing and writing, in seconds (demo study, median of its steps).
const LEAST_S: f64 = 0.1;
/// Memory of a program without data, in bytes ("Real input at full size": 14 to 16 MiB).
const LEAST_MEMORY: f64 = 16.0 * MIB;
/// Resampling, seconds a volume of 91 × 109 × 91: 3.85 s for 300 ("Preprocessing compared with nilearn").
const RESAMPLE_S_PER_SCAN: f64 = 3.85 / 300.0;
/// A volume of the working grid in f32, bytes.
const GRID_VOLUME: f64 = 37.0 * 46.0 * 38.0 * 4.0;
/// A volume of the published grid, with its spline coefficients in f64, bytes.
const SOURCE_VOLUME: f64 = 91.0 * 109.0 * 91.0 * 12.0;
/// Compressed size of a resampled volume relative to its plain size: an assumption, not a measurement. Two fifths of
/// the grid are brain, whose digits hardly compress.
const RESAMPLED_RATIO: f64 = 0.45;
/// A published volume, compressed, bytes: 31.94 GB for 49 subjects of 2816 scans (manifest of ds003643).
const DERIVATIVE_BYTES_PER_SCAN: f64 = 31_941_425_834.0 / (49.0 * 2816.0);
/// Masking, seconds a run ("Preprocessing compared with nilearn": 0.13 s for 2 runs).
const MASK_S_PER_RUN: f64 = 0.065;
/// Reading, cleaning and averaging one run of one subject: 390 s for 441 runs less ten trials of 17.5 s.
const AVERAGE_S_PER_RUN: f64 = (390.0 - 175.0) / 441.0;
/// A trial of the inter-subject correlation at 25,870 voxels, seconds.
const ISC_TRIAL_S: f64 = 17.5;
/// Trials of the inter-subject correlation by default.
const ISC_TRIALS: f64 = 10.0;
/// Largest memory of the average subject at the real size, 1.66 GiB, over its voxels.
const AVERAGE_MEMORY_PER_VOXEL: f64 = 1.66 * 1024.0 * MIB / 25_870.0;
/// Operations a second of a language model in f32 on two cores: 48.6 Tflop of GPT-2 in 226 windows of 1.35 s each.
const EXTRACT_FLOPS: f64 = 48.6e12 / (226.0 * 1.35);
/// Stride of the windows, in tokens.
const ADVANCE: u64 = 64;
/// Fit of one layer to 25,870 voxels, seconds: 4.1 at 768 features and 11.1 at 5120 ("Nested ridge", default search).
const FIT_S: f64 = 4.1 - 768.0 * FIT_S_PER_FEATURE;
const FIT_S_PER_FEATURE: f64 = (11.1 - 4.1) / (5120.0 - 768.0);
/// The size at which the times of a fit were measured.
const FIT_VOXELS: f64 = 25_870.0;
const FIT_SCANS: f64 = 2636.0;
/// Cost of a further subject of a fit relative to a single one ("With one layer and many subjects").
const FURTHER_SUBJECT: f64 = 0.73;
/// Memory of a fit beyond its scans, bytes: 0.23 GiB at 768 features, 0.53 GiB at 5120.
const FIT_MEMORY: f64 = 0.23 * 1024.0 * MIB - 768.0 * FIT_MEMORY_PER_FEATURE;
const FIT_MEMORY_PER_FEATURE: f64 = (0.53 - 0.23) * 1024.0 * MIB / (5120.0 - 768.0);
/// Cost of a thousand nulls of one layer, in fits of that layer ("Nulls of one layer" in docs/benchmarks.md).
const FITS_PER_THOUSAND_NULLS: f64 = 6.1;
/// Cost of a joint fit, in fits of one layer: one per ratio and metric, an assumption.
const FITS_PER_JOINT: f64 = 32.0;
/// Cost of a partition, in fits of one layer: one per candidate of each union with five ratios, an assumption.
const FITS_PER_PARTITION: f64 = 67.0;
/// Analysis and report, seconds a score file: 28 models and baselines take seconds.
const ANALYSE_S_PER_MODEL: f64 = 0.1;

/// From seconds on two cores to seconds on `threads`.
fn on(threads: usize, seconds: f64) -> f64 {
    LEAST_S + seconds * MEASURED_THREADS / threads.max(1) as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive number of bytes, far below 2^63"
)]
fn bytes(value: f64) -> u64 {
    value.max(0.0) as u64
}

/// Estimates for one language of a study on a number of threads.
#[derive(Debug, Clone)]
pub struct Estimator<'a> {
    /// The study, whose folder may contain the configurations of models.
    pub study: &'a Study,
    /// Sizes of the language.
    pub size: &'a StudySize,
    /// Threads that a step gets.
    pub threads: usize,
}

impl Estimator<'_> {
    fn scans(&self) -> f64 {
        self.size.n_scans.iter().sum::<u64>() as f64
    }

    fn voxels(&self) -> f64 {
        self.size.n_voxels as f64
    }

    fn cost(&self, seconds: f64, memory: f64, disk: f64) -> Cost {
        Cost {
            seconds: on(self.threads, seconds),
            memory_bytes: bytes(LEAST_MEMORY + memory),
            disk_bytes: bytes(disk),
            scratch_bytes: 0,
        }
    }

    /// The sizes of a model, if they are known.
    #[must_use]
    pub fn model_size(&self, model: &str) -> Option<ModelSize> {
        model_size(self.study, model)
    }

    /// Layers and width of features.
    #[must_use]
    pub fn layers(&self, name: &str) -> (u64, u64) {
        match FeatureSource::of_name(name) {
            FeatureSource::Control { .. } => (1, 1),
            FeatureSource::Glove => (1, 300),
            FeatureSource::Random { n_dims, .. } => (1, n_dims),
            FeatureSource::Model { model, .. } => self
                .model_size(&model)
                .map_or((1, 1024), |size| (size.n_blocks + 1, size.n_hidden)),
        }
    }

    /// Bytes of the average subject.
    #[must_use]
    pub fn average_bytes(&self) -> u64 {
        self.size.n_scans.iter().sum::<u64>() * self.size.n_voxels * 4
    }

    /// Bytes of one subject's published scans.
    #[must_use]
    pub fn derivative_bytes(&self) -> u64 {
        bytes(self.scans() * DERIVATIVE_BYTES_PER_SCAN)
    }

    /// One subject's runs onto the working grid.
    #[must_use]
    pub fn resample(&self) -> Cost {
        let longest = self.size.n_scans.iter().max().copied().unwrap_or(0) as f64;
        let memory = 2.0 * longest * GRID_VOLUME + 2.0 * self.threads as f64 * SOURCE_VOLUME;
        let disk = self.scans() * GRID_VOLUME * RESAMPLED_RATIO;
        self.cost(self.scans() * RESAMPLE_S_PER_SCAN, memory, disk)
    }

    /// The common mask.
    #[must_use]
    pub fn mask(&self) -> Cost {
        let runs = (self.size.n_runs() as u64 * self.size.n_subjects) as f64;
        self.cost(
            runs * MASK_S_PER_RUN,
            4.0 * self.threads as f64 * GRID_VOLUME,
            1e4,
        )
    }

    /// A step that takes at most seconds.
    #[must_use]
    pub fn small(&self, disk: f64) -> Cost {
        self.cost(0.0, 0.0, disk)
    }

    /// The average subject and the inter-subject correlation, whose halves are stored on disk.
    #[must_use]
    pub fn average(&self) -> Cost {
        let runs = (self.size.n_runs() as u64 * self.size.n_subjects) as f64;
        let share = self.voxels() / FIT_VOXELS;
        let seconds = share * (runs * AVERAGE_S_PER_RUN + ISC_TRIALS * ISC_TRIAL_S);
        let average = self.scans() * self.voxels() * 4.0;
        Cost {
            scratch_bytes: bytes(2.0 * ISC_TRIALS * average),
            ..self.cost(seconds, self.voxels() * AVERAGE_MEMORY_PER_VOXEL, average)
        }
    }

    /// Vectors of one layer.
    #[must_use]
    pub fn vectors(&self, n_dims: u64) -> Cost {
        let values = (self.size.n_words * n_dims) as f64;
        self.cost(values * 1e-7, values * 12.0, values * 4.0)
    }

    /// Windows of the text, and tokens in all of them.
    fn windows(&self, max_len: Option<u64>) -> (f64, f64) {
        let n_runs = self.size.n_runs().max(1) as u64;
        let per_run = self.size.n_tokens / n_runs;
        let (windows, len) = match max_len {
            Some(max_len) if max_len < per_run => ((per_run - max_len).div_ceil(ADVANCE) + 1, max_len),
            _ => (1, per_run),
        };
        ((windows * n_runs) as f64, len as f64)
    }

    /// Floating-point operations of a model over the text: two a parameter and token, and attention of every pair.
    #[must_use]
    pub fn operations(&self, model: &ModelSize) -> f64 {
        let (windows, len) = self.windows(model.max_len);
        let attention = 4.0 * (model.n_blocks * model.n_hidden) as f64 * len;
        windows * len * (2.0 * model.n_body_parameters() as f64 + attention)
    }

    /// A language model over the text; `stream` holds one block at a time.
    #[must_use]
    pub fn extract(&self, model: &ModelSize, stream: bool) -> Cost {
        let (windows, len) = self.windows(model.max_len);
        let n_layers = (model.n_blocks + 1) as f64;
        let outputs = self.size.n_words as f64 * n_layers * model.n_hidden as f64 * 4.0;
        let states = windows * len * model.n_hidden as f64 * 4.0;
        // Of one window: its states, four times as many in the inner layer, twice, and the scores of some heads.
        let window = len * model.n_hidden as f64 * 4.0 * 12.0 + 4.0 * len * len * 4.0;
        let block = model.n_body_parameters() as f64 / model.n_blocks.max(1) as f64 * 4.0;
        let embedding = (model.n_parameters - model.n_body_parameters()) as f64 * 4.0;
        let run = outputs / self.size.n_runs().max(1) as f64;
        let (memory, scratch) = if stream {
            // The block while it is converted, and the rows of the embedding that occur.
            (1.5 * block + 0.1 * embedding + window, outputs + 2.0 * states)
        } else {
            (model.n_parameters as f64 * 4.0 + window + run, 0.0)
        };
        let seconds = self.operations(model) / EXTRACT_FLOPS;
        Cost {
            scratch_bytes: bytes(scratch),
            ..self.cost(seconds, memory + 200.0 * MIB, outputs)
        }
    }

    /// All layers of a model to the average subject.
    #[must_use]
    pub fn fit(&self, n_layers: u64, n_features: u64) -> Cost {
        self.fit_subjects(n_layers, n_features, 1, false)
    }

    /// All layers of a model to individual subjects, with one factorisation per layer; `prepares` if their scans are
    /// smoothed and cleaned first.
    #[must_use]
    pub fn fit_subjects(&self, n_layers: u64, n_features: u64, n_subjects: u64, prepares: bool) -> Cost {
        let size = self.voxels() / FIT_VOXELS * self.scans() / FIT_SCANS;
        let lone = n_layers as f64 * size * (FIT_S + FIT_S_PER_FEATURE * n_features as f64);
        let seconds = lone * (1.0 + FURTHER_SUBJECT * n_subjects.saturating_sub(1) as f64);
        let scans = self.scans() * self.voxels() * 4.0;
        // The features in f64 and f32, and twice while they are convolved.
        let features = self.scans() * n_features as f64 * 24.0;
        let working = (FIT_MEMORY + FIT_MEMORY_PER_FEATURE * n_features as f64) * size.min(1.0);
        // Of each layer, and of each run.
        let n_rows = n_layers + self.size.n_runs() as u64;
        let scores = (n_rows * n_subjects) as f64 * self.voxels() * 4.0;
        let cleaned = if prepares { n_subjects as f64 * scans } else { 0.0 };
        self.cost(seconds, 1.2 * scans + features + working, scores + cleaned)
    }

    /// Further seconds of a joint fit of one layer with controls, and of as many nulls of what is unique to the layer.
    pub(crate) fn joint_seconds(&self, n_features: u64, n_nulls: usize) -> f64 {
        FITS_PER_JOINT * (1 + n_nulls) as f64 * self.fit(1, n_features).seconds
    }

    /// Further seconds of a partition among three feature spaces, and of nulls that shift each of them.
    pub(crate) fn partition_seconds(&self, n_features: u64, n_nulls: usize) -> f64 {
        FITS_PER_PARTITION * (1 + 3 * n_nulls) as f64 * self.fit(1, n_features).seconds
    }

    /// Further seconds of nulls among `n_layers` layers, each of which is fitted again; one if it is given.
    pub(crate) fn null_seconds(&self, n_layers: u64, n_features: u64, n_nulls: usize) -> f64 {
        let fits = 1.0 + FITS_PER_THOUSAND_NULLS * n_nulls as f64 / 1000.0;
        n_layers as f64 * fits * self.fit(1, n_features).seconds
    }

    /// Tables or figures over `n_models` score files.
    #[must_use]
    pub fn analyse(&self, n_models: usize) -> Cost {
        self.cost(n_models as f64 * ANALYSE_S_PER_MODEL, n_models as f64 * MIB, 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::published_size;
    use lpp_study::Language;

    fn teraflops(name: &str) -> f64 {
        let size = StudySize::published(Language::English);
        let model = published_size(name).unwrap();
        Estimator {
            study: &Study::planned(""),
            size: &size,
            threads: 2,
        }
        .operations(&model)
            / 1e12
    }

    #[test]
    fn operations_are_those_counted_for_the_models() {
        // Counted from the windows of the real tokens. Ours knows the mean length of a run only.
        for (name, counted) in [
            ("gpt2", 48.0),
            ("gpt2-xl", 756.0),
            ("opt-13b", 4564.0),
            ("Qwen1.5-14B", 520.0),
        ] {
            let ratio = teraflops(name) / counted;
            assert!(
                (0.85..1.25).contains(&ratio),
                "{name}: {} against {counted}",
                teraflops(name)
            );
        }
    }

    #[test]
    fn the_fit_of_a_layer_is_the_measured_one() {
        let size = StudySize {
            n_scans: vec![2636],
            ..StudySize::published(Language::English)
        };
        let study = Study::planned("");
        let estimator = Estimator {
            study: &study,
            size: &size,
            threads: 2,
        };
        assert!((estimator.fit(1, 768).seconds - 4.2).abs() < 0.01);
        assert!((estimator.fit(1, 5120).seconds - 11.2).abs() < 0.01);
        assert!(estimator.fit(2, 768).seconds > 8.0);
    }

    #[test]
    fn streaming_needs_a_fraction_of_the_memory() {
        let size = StudySize::published(Language::English);
        let study = Study::planned("");
        let estimator = Estimator {
            study: &study,
            size: &size,
            threads: 2,
        };
        let model = published_size("Qwen1.5-14B").unwrap();
        let gib = |stream| estimator.extract(&model, stream).memory_bytes as f64 / (1024.0 * MIB);
        assert!(
            gib(false) > 52.0 && gib(true) < 5.0,
            "{} {}",
            gib(false),
            gib(true)
        );
    }
}
