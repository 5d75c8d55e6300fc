//! What a trained model must beat, and what training does (results B1 to B3, T1, T2).

use crate::table;
use crate::{Identity, Measures, SizeFit, SizePoint};

table! {
    /// One row per baseline and untrained model.
    Baselines: "baselines" {
        /// The baseline.
        id: Identity,
        /// Its name without the seed.
        group: String,
        /// Its scores.
        measures: Measures,
    }
}

table! {
    /// Means over the seeds of each baseline.
    BaselineGroups: "baseline_groups" {
        /// Name of the baselines without their seeds.
        group: String,
        /// Seeds.
        n_seeds: usize,
        /// Means over them.
        measures: Measures,
    }
}

table! {
    /// Kernel densities of the score over voxels: of each group of baselines (mean of its seeds) and of each trained model.
    ScoreDensities: "score_densities" {
        /// Group of baselines, or model.
        source: String,
        /// What it is: baseline or model.
        kind: String,
        /// Voxels: all or reliable.
        voxels: String,
        /// Score.
        score: f64,
        /// Density there.
        density: f64,
    }
}

table! {
    /// The best and the worst model minus the random embedding, voxel by voxel; the maps are images in results/.
    BaselineMaps: "baseline_maps" {
        /// Stem of the image's file without the language.
        map: String,
        /// The model.
        model: String,
        /// The group of random embeddings, of which the mean is subtracted.
        over: String,
        /// Mean of the map.
        mean: f64,
        /// Voxels whose mean score chose the model: reliable or all.
        chosen_over_voxels: String,
        /// That mean score.
        score_chosen_by: f64,
    }
}

table! {
    /// Trained models that have an untrained twin, and the twins.
    Training: "training" {
        /// Name of the trained model.
        model: String,
        /// trained or untrained.
        training: String,
        /// Seed of the twin; empty for trained models.
        seed: Option<u64>,
        /// Model family.
        family: String,
        /// Number of parameters; empty if unknown.
        n_parameters: Option<u64>,
        /// Its scores.
        measures: Measures,
    }
}

table! {
    /// Regression of the measures of training on ln(parameters), by family, training and seed.
    TrainingRegression: "training_regression" {
        /// Model family.
        family: String,
        /// trained or untrained.
        training: String,
        /// Seed of the twins; empty for trained models.
        seed: Option<u64>,
        /// What is regressed: a column of training.
        outcome: String,
        /// Its regression.
        fit: SizeFit,
    }
}

table! {
    /// The lines of training_regression with their bootstrap bands.
    TrainingLines: "training_lines" {
        /// Model family.
        family: String,
        /// trained or untrained.
        training: String,
        /// Seed of the twins; empty for trained models.
        twin_seed: Option<u64>,
        /// What is regressed: a column of training.
        outcome: String,
        /// A place on its line.
        at: SizePoint,
    }
}

table! {
    /// A model at steps of its training.
    Checkpoints: "checkpoints" {
        /// Name of the model.
        model: String,
        /// Training step.
        step: u64,
        /// Number of parameters; empty if unknown.
        n_parameters: Option<u64>,
        /// Its scores.
        measures: Measures,
    }
}
