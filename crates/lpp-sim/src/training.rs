//! A training with a known lag between competence and asymmetry: tables and scores, as `lpp-score` and `lpp-fit` write them.

use std::f64::consts::LN_2;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use lpp_competence::{PairRow, Scored, save_rows};
use lpp_files::{npy, write_atomically};
use lpp_fmri::Mask;
use lpp_stats::Sigmoid;
use lpp_steps::{Making, SimulateTrainingStep, Software};
use lpp_study::{FitTerms, Language, ModelKind, Scores, ScoresInfo, Study, beside_scores};
use ndarray::{Array2, Axis};
use rand::Rng;

use crate::SimError;
use crate::bids::coarse_mask;
use crate::random::{normal, stream};

/// The model and its tokens a step. Each checkpoint has twice the steps of the one before.
const MODEL: &str = "toy";
const TOKENS_PER_STEP: u64 = 1_000_000;
/// Slope of all sigmoids, per unit of ln(tokens).
const SLOPE: f64 = 2.0;
/// Left minus right at the end of training; the published difference is about 0.02.
const ASYMMETRY: f64 = 0.02;
/// Mean score before training, and what training adds.
const SCORE: [f64; 2] = [0.05, 0.05];
/// Accuracy before training, and what training adds.
const ACCURACY: [f64; 2] = [0.5, 0.4];
/// Sets of pairs, their phenomena, and pairs of a set.
const N_SETS: usize = 12;
const N_PHENOMENA: usize = 4;
const N_PAIRS: usize = 100;
/// Deviation of a voxel from the mean, the same in each run.
const VOXEL_SD: f64 = 0.01;

/// Checkpoints whose asymmetry rises some doublings of the tokens before or after their competence.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingSimulation {
    /// The study folder; created if it does not exist.
    pub root: PathBuf,
    /// Language of the study.
    pub lang: Language,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Location of the asymmetry minus that of competence, in doublings of the tokens.
    pub lag_doublings: f64,
    /// Standard deviation over runs of left minus right of a checkpoint.
    pub noise: f64,
    /// Number of checkpoints after step 0.
    pub n_checkpoints: u32,
    /// Number of runs.
    pub n_runs: usize,
}

impl TrainingSimulation {
    /// Makes the study, unless it exists with the same settings. Returns whether it was made.
    ///
    /// # Errors
    /// [`SimError::Setting`] if a setting is out of range, [`SimError::NotASimulation`] if the folder contains other files,
    /// [`SimError::File`] if a file cannot be written.
    pub fn run(&self, software: Software, force: bool) -> Result<bool, SimError> {
        self.check()?;
        let step = SimulateTrainingStep {
            truth: self.root.join("training_truth.csv"),
            lang: self.lang,
            seed: self.seed,
            lag_doublings: self.lag_doublings,
            noise: self.noise,
            n_checkpoints: self.n_checkpoints,
            n_runs: self.n_runs,
        };
        let making = Making::of(software, step.artefact())?;
        if !force && making.is_current() {
            return Ok(false);
        }
        self.refuse_others(&step)?;
        // A simulation that is killed leaves this record, so that the next one knows the folder for its own.
        making.claim_now(true)?;
        self.make()?;
        let truth = format!("measure,x0_ln_tokens\n{}", self.planted_text());
        write_atomically(&step.truth, truth.as_bytes())?;
        making.finish()?;
        Ok(true)
    }

    fn check(&self) -> Result<(), SimError> {
        let setting = |name, found: String, expected| SimError::Setting {
            name,
            found,
            expected,
        };
        if !(4..=30).contains(&self.n_checkpoints) {
            let found = self.n_checkpoints.to_string();
            return Err(setting("the number of checkpoints", found, "4 to 30"));
        }
        if !(2..=100).contains(&self.n_runs) {
            return Err(setting("the number of runs", self.n_runs.to_string(), "2 to 100"));
        }
        let widest = f64::from(self.n_checkpoints);
        if self.lag_doublings.is_nan() || self.lag_doublings.abs() >= widest {
            let expected = "fewer doublings than checkpoints";
            return Err(setting("the lag", self.lag_doublings.to_string(), expected));
        }
        if !(0.0..=1.0).contains(&self.noise) {
            return Err(setting("the noise", self.noise.to_string(), "0 to 1"));
        }
        Ok(())
    }

    fn refuse_others(&self, step: &SimulateTrainingStep) -> Result<(), SimError> {
        let Ok(entries) = fs::read_dir(&self.root) else {
            return Ok(());
        };
        let record = lpp_steps::Provenance::path_of(&step.truth);
        let first = entries.flatten().map(|entry| entry.file_name()).min();
        match first.filter(|_| !record.exists()) {
            Some(first) => Err(SimError::NotASimulation {
                path: self.root.clone(),
                found: first.to_string_lossy().into_owned(),
            }),
            None => Ok(()),
        }
    }

    /// Locations of competence and asymmetry in ln(tokens), on either side of the middle of training.
    fn locations(&self) -> [f64; 2] {
        let last = f64::from(self.n_checkpoints - 1) * LN_2;
        let middle = (TOKENS_PER_STEP as f64).ln() + last / 2.0;
        let half = self.lag_doublings * LN_2 / 2.0;
        [middle - half, middle + half]
    }

    fn planted_text(&self) -> String {
        let [competence, asymmetry] = self.locations();
        format!("grammar,{competence}\nl_minus_r,{asymmetry}\n")
    }

    /// Share of the way at a location after these tokens; none before training.
    fn share(location: f64, tokens: u64) -> f64 {
        let curve = Sigmoid {
            low: 0.0,
            high: 1.0,
            location,
            slope: SLOPE,
        };
        if tokens == 0 {
            0.0
        } else {
            curve.at((tokens as f64).ln())
        }
    }

    fn make(&self) -> Result<(), SimError> {
        fs::create_dir_all(&self.root).map_err(lpp_files::FileError::write(&self.root))?;
        let study = Study::open(&self.root)?;
        let mask = coarse_mask()?;
        mask.save(&study.mask(self.lang))?;
        let mut table = "name,model,step,tokens\n".to_owned();
        for step in [0].into_iter().chain((0..self.n_checkpoints).map(|k| 1_u64 << k)) {
            let (name, tokens) = (format!("{MODEL}_step{step}"), step * TOKENS_PER_STEP);
            let _never_fails = writeln!(table, "{name},{MODEL},{step},{tokens}");
            self.save_scores(&study, &mask, &name, tokens)?;
            let [competence, _] = self.locations();
            let grammar = ACCURACY[0] + ACCURACY[1] * Self::share(competence, tokens);
            for (battery, accuracy) in [("grammar", grammar), ("chance", ACCURACY[0])] {
                let rows = self.pairs(battery, &name, accuracy);
                save_rows(&study.competence(&name, self.lang, battery), &rows)?;
            }
        }
        let path = self.root.join("competence/checkpoints.csv");
        Ok(write_atomically(&path, table.as_bytes())?)
    }

    /// The scores of a checkpoint in each run, and their mean.
    fn save_scores(&self, study: &Study, mask: &Mask, name: &str, tokens: u64) -> Result<(), SimError> {
        let [competence, asymmetry] = self.locations();
        let mean = SCORE[0] + SCORE[1] * Self::share(competence, tokens);
        let difference = ASYMMETRY * Self::share(asymmetry, tokens);
        let mut of_voxels = stream(self.seed, "voxels");
        let of_voxel: Vec<(f64, f64)> = mask
            .world_coordinates()
            .iter()
            .map(|place| {
                let side = if place[0].abs() < 1e-6 {
                    0.0
                } else {
                    -place[0].signum()
                };
                (side, VOXEL_SD * f64::from(normal(&mut of_voxels)))
            })
            .collect();
        let mut of_runs = stream(self.seed, name);
        let mut runs = Array2::zeros((self.n_runs, of_voxel.len()));
        for mut run in runs.rows_mut() {
            let found = difference + self.noise * f64::from(normal(&mut of_runs));
            for (score, (side, voxel)) in run.iter_mut().zip(&of_voxel) {
                *score = (mean + voxel + side * found / 2.0) as f32;
            }
        }
        let values = runs.mean_axis(Axis(0)).unwrap_or_default().insert_axis(Axis(0));
        let path = study.scores(name, self.lang);
        let info = self.info(name, &values);
        Scores { values, info }.save(&path)?;
        Ok(npy::save(&beside_scores(&path, "runs"), &runs)?)
    }

    fn info(&self, name: &str, values: &Array2<f32>) -> ScoresInfo {
        ScoresInfo {
            model: name.to_owned(),
            lang: self.lang,
            subject: "average".to_owned(),
            kind: ModelKind::Model,
            family: Some(MODEL.to_owned()),
            n_parameters: Some(1_000_000),
            n_hidden: vec![64],
            terms: FitTerms::default(),
            n_runs: self.n_runs,
            n_voxels: values.ncols(),
            mask_sha256: None,
            words_sha256: None,
            transfer: None,
            alphas: vec![1.0],
            alpha_index: Vec::new(),
            alpha_counts: Vec::new(),
            test_folds: Vec::new(),
            fold_means: Vec::new(),
            n_nan_voxels: vec![0],
            wall_s: Vec::new(),
        }
    }

    /// Pairs that are right with this probability, a little more or less in each set.
    fn pairs(&self, battery: &str, name: &str, accuracy: f64) -> Vec<PairRow> {
        let mut of_sets = stream(self.seed, battery);
        let factors: Vec<f64> = (0..N_SETS)
            .map(|_| 1.0 + 0.1 * f64::from(normal(&mut of_sets)))
            .collect();
        let mut of_items = stream(self.seed, &format!("{battery} {name}"));
        let mut rows = Vec::with_capacity(N_SETS * N_PAIRS);
        for (set, factor) in factors.iter().enumerate() {
            let share = 0.5 + (accuracy - 0.5) * factor;
            let phenomenon = format!("phenomenon {}", set % N_PHENOMENA + 1);
            for item in 0..N_PAIRS {
                let is_right = of_items.random::<f64>() < share;
                let sentence = |logp_nats| Scored {
                    logp_nats,
                    n_tokens: 8,
                };
                let [good, bad] = if is_right { [-19.0, -20.0] } else { [-20.0, -19.0] };
                let set = format!("set {}", set + 1);
                rows.push(PairRow::new(
                    &set,
                    item,
                    &phenomenon,
                    sentence(good),
                    sentence(bad),
                ));
            }
        }
        rows
    }
}
