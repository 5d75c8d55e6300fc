//! Weights of one study, language or story on the words of another.

use crate::table;

table! {
    /// Every pair of a source of weights and a target: kept weights (lpp-fit --apply) next to the target's own fit. A row
    /// whose source is the target itself is its own fit, cross-validated over its folds.
    Transfers: "transfer" {
        /// The model.
        model: String,
        /// Study that the weights were fitted in.
        source_study: String,
        /// Its language.
        source_lang: String,
        /// Its subject, or average.
        source_subject: String,
        /// Study whose scans are predicted.
        target_study: String,
        /// Its language.
        target_lang: String,
        /// Its subject, or average.
        target_subject: String,
        /// What scores are: pearson or r2.
        metric: String,
        /// The layer: the best one by the validation scores of the source, so not chosen by the scores of this row. Of the
        /// target's own fit, the layer of --nested-layer; empty without it.
        layer: Option<usize>,
        /// Voxels of the means: those with both scores, or with the one that there is.
        n_voxels: usize,
        /// Mean score of that layer.
        score: f64,
        /// Mean score of that layer in the target's own fit, over the same voxels; empty without one of the same metric.
        own_score: f64,
        /// score over own_score.
        share: f64,
        /// The layer with the largest mean score, chosen by these scores.
        best_layer: Option<usize>,
        /// Its mean score.
        best_layer_score: f64,
    }
}
