//! What `lpp-fit` writes beyond scores: files, inputs and parameters of each.

use std::path::PathBuf;

use lpp_study::{KeptModel, beside_isc, beside_scores};

use super::fit::{FitStep, TargetSet};
use super::fit_extras::{ControlBands, Nulls};
use crate::{Artefact, Choice};

impl FitStep {
    /// The joint fit of a set and its scores in each fold, if there is one.
    #[must_use]
    pub fn joint_artefacts(&self, set: &TargetSet) -> Vec<Artefact> {
        let Some(joint) = &self.joint else {
            return Vec::new();
        };
        let names: Vec<&String> = joint.controls.iter().map(|(name, _)| name).collect();
        let each = (joint.bands == ControlBands::Each).then(|| joint.bands.name());
        let nulls = self.unique_nulls();
        let artefact = |what: &&str| {
            self.artefact(set, &beside_scores(&set.scores, what))
                .if_known("layer", self.layer)
                .inputs(joint.controls.iter().map(|(_, path)| path))
                .with("inner", self.inner_of_layers().name())
                .with("controls", &names)
                .with("ratios", &joint.ratios)
                .with("joint_scope", joint.scope.name())
                .if_known("control_bands", each)
                .if_known("unique_nulls", nulls.map(|nulls| nulls.n))
                .if_known("null", nulls.map(|nulls| nulls.order.recorded()))
                .if_known("null_seed", nulls.map(|nulls| nulls.seed))
        };
        let later = artefact(&"joint_layer_runs").added_later();
        let files = ["joint", "joint_runs"].iter().map(artefact);
        files.chain([later]).collect()
    }

    /// The nulls of the unique contribution of the layer beside controls. A layer that was chosen on the same scans has none,
    /// because its nulls would not be chosen alike.
    #[must_use]
    pub fn unique_nulls(&self) -> Option<Nulls> {
        let (_, nulls, _) = (self.joint.as_ref()?, self.nulls?, self.layer?);
        Some(nulls.of_unique())
    }

    /// The nulls of the parts of a partition with a given layer.
    #[must_use]
    pub fn part_nulls(&self) -> Option<Nulls> {
        let (_, nulls, _) = (self.partition.as_ref()?, self.nulls?, self.layer?);
        Some(nulls.of_unique())
    }

    /// The partition of a set and its parts in each fold, if there is one.
    #[must_use]
    pub fn partition_artefacts(&self, set: &TargetSet) -> Vec<Artefact> {
        let Some(partition) = &self.partition else {
            return Vec::new();
        };
        let nulls = self.part_nulls();
        let artefact = |what: &&str| {
            self.artefact(set, &beside_scores(&set.scores, what))
                .if_known("layer", self.layer)
                .inputs(partition.spaces.iter().map(|(path, _)| path))
                .with("inner", self.inner_of_layers().name())
                .with("spaces", &partition.asked)
                .with("partition_ratios", &partition.ratios)
                .if_known("part_nulls", nulls.map(|nulls| nulls.n))
                .if_known("null", nulls.map(|nulls| nulls.order.recorded()))
                .if_known("null_seed", nulls.map(|nulls| nulls.seed))
        };
        ["partition", "partition_runs"].iter().map(artefact).collect()
    }

    /// The nulls of a set, if there are any.
    #[must_use]
    pub fn nulls_artefact(&self, set: &TargetSet) -> Option<Artefact> {
        let nulls = self.nulls?;
        let artefact = self
            .artefact(set, &beside_scores(&set.scores, "nulls"))
            .if_known("layer", self.layer)
            .with("layer_choice", self.layer_choice())
            .with("n_nulls", nulls.n)
            .with("null", nulls.order.recorded())
            .with("null_refit", nulls.refit)
            .with("orders_per_run", nulls.orders_per_run)
            .with("null_seed", nulls.seed);
        Some(artefact)
    }

    /// The description of the kept model of a set, if it is kept.
    #[must_use]
    pub fn model_artefact(&self, set: &TargetSet) -> Option<Artefact> {
        let study = self.keep_model.as_ref()?;
        let artefact = self.artefact(set, &KeptModel::beside(&set.scores));
        Some(artefact.with("study", study))
    }

    /// The correlations of halves that tell the reliable pairs and matched voxels of exchanges, if they are there.
    #[must_use]
    pub fn swap_halves(&self, set: &TargetSet) -> Option<PathBuf> {
        let halves = beside_isc(self.swaps.as_ref()?.isc.as_deref()?, "voxelwise");
        (set.is_average() && halves.exists()).then_some(halves)
    }

    /// The inter-subject correlation that tells the reliable voxels of exchanges, if it is there.
    #[must_use]
    pub fn swap_isc(&self, set: &TargetSet) -> Option<PathBuf> {
        let isc = self.swaps.as_ref()?.isc.clone()?;
        (set.is_average() && isc.exists()).then_some(isc)
    }

    /// The exchanges of sides of a set, if they are wanted.
    #[must_use]
    pub fn swaps_artefact(&self, set: &TargetSet) -> Option<Artefact> {
        let swaps = self.swaps.as_ref()?;
        let artefact = self
            .artefact(set, &beside_scores(&set.scores, "swaps"))
            .inputs(self.swap_halves(set))
            .inputs(self.swap_isc(set))
            .if_known("layer", self.layer)
            .with("swap_seed", swaps.seed);
        Some(artefact)
    }

    /// The dimensions of the layers, beside the scores of the average subject, if they are wanted.
    #[must_use]
    pub fn dimensions_artefact(&self, set: &TargetSet) -> Option<Artefact> {
        let most_words = self.dimensions.filter(|_| set.is_average())?;
        let artefact = Artefact::new(beside_scores(&set.scores, "dimensions"))
            .input(&self.activations)
            .with("model", &self.model)
            .with("most_words", most_words);
        Some(artefact)
    }
}
