//! What a model knows of language over its training, and when left and right come apart (results C1 to C5).

use crate::{columns, table};

columns! {
    /// Which checkpoint a row is about.
    CheckpointOf {
        /// The model without its revision.
        model: String,
        /// The checkpoint of its training: the revision; empty for a model whose name has none.
        revision: String,
        /// Training step; empty if unknown.
        step: Option<u64>,
        /// Tokens seen in training; empty if unknown.
        tokens: Option<u64>,
    }
}

columns! {
    /// Which measure a row is about.
    MeasureOf {
        /// competence, or brain.
        kind: String,
        /// A battery, or a column of brain scores: l, r, l_minus_r, l_plus_r. Texts count as minus the mean surprisal of a word in bits.
        measure: String,
        /// How left is told from right, for brain scores: halves (the paper's), x, or pairs of mirrored voxels.
        sides: String,
    }
}

columns! {
    /// An estimate and its confidence interval.
    Estimate {
        /// Estimate.
        value: f64,
        /// Lower end of its 95 % confidence interval.
        ci_low: f64,
        /// Upper end.
        ci_high: f64,
    }
}

table! {
    /// Accuracy of each checkpoint on each battery, its phenomena and sets.
    Competence: "competence" {
        /// The checkpoint.
        checkpoint: CheckpointOf,
        /// The battery: the name of its table in competence/.
        battery: String,
        /// What is counted: battery (mean over sets), phenomena (mean over phenomena of the mean over their sets), phenomenon or set.
        level: String,
        /// Name of the phenomenon or set; empty for the battery.
        name: String,
        /// Items.
        n_items: usize,
        /// Accuracy that guessing has.
        chance: f64,
        /// Accuracy by the sum of ln p. Intervals resample phenomena, sets and items.
        accuracy: f64,
        /// Lower end of its 95 % confidence interval.
        accuracy_ci_low: f64,
        /// Upper end.
        accuracy_ci_high: f64,
        /// Accuracy by ln p over the length: tokens for pairs, characters for choices unless lpp-score was told otherwise.
        accuracy_mean: f64,
    }
}

table! {
    /// Competence and brain scores over training, one row per checkpoint, measure and unit.
    Trajectories: "trajectories" {
        /// The checkpoint.
        checkpoint: CheckpointOf,
        /// The measure.
        measure: MeasureOf,
        /// Voxels of a brain score: all or reliable.
        voxels: String,
        /// How the layer of each voxel is chosen: best_of_test or nested (on inner data).
        layer_rule: String,
        /// The set, question or run; empty for the mean.
        unit: String,
        /// The value. Intervals of the mean are Student's over units: sets of items, or runs.
        at: Estimate,
    }
}

table! {
    /// When each measure rises over training: a sigmoid over ln(tokens), if the measure rises at all.
    Transitions: "transitions" {
        /// The model.
        model: String,
        /// The measure.
        measure: MeasureOf,
        /// Checkpoints with known tokens, step 0 left out.
        n_checkpoints: usize,
        /// What was sampled: sets, items or runs.
        units: String,
        /// Their number.
        n_units: usize,
        /// t over units of the last minus the first third of the checkpoints.
        gate_t: f64,
        /// Its two-sided p.
        gate_p: f64,
        /// transition (a rise with p up to 0.05), no transition, or not testable (accuracy never leaves chance).
        answer: String,
        /// Value long before the transition.
        low: f64,
        /// Value long after it.
        high: f64,
        /// Tokens at which half of the way is done.
        tokens_at_half: f64,
        /// ln of them: the location of the sigmoid.
        location: f64 as "x0_ln_tokens",
        /// Lower end of its 95 % confidence interval: deviation of refits to resampled units, times the quantile of t.
        location_ci_low: f64 as "x0_ci_low",
        /// Upper end.
        location_ci_high: f64 as "x0_ci_high",
        /// Least location if one checkpoint is left out.
        left_out_low: f64,
        /// Largest.
        left_out_high: f64,
        /// Slope of the sigmoid per unit of ln(tokens).
        slope: f64,
        /// Lower end of its 95 % confidence interval.
        slope_ci_low: f64,
        /// Upper end.
        slope_ci_high: f64,
    }
}

table! {
    /// Whether a brain score rises when a competence rises: the lag of the first behind the second.
    TransitionPairs: "transition_pairs" {
        /// The model.
        model: String,
        /// The brain score: l_minus_r, or l_plus_r as a control.
        brain: String,
        /// How left is told from right: halves, x or pairs.
        sides: String,
        /// The battery.
        battery: String,
        /// Margin of the answer together, in ln(tokens), given beforehand: one doubling.
        margin: f64,
        /// Location of the brain score minus that of the battery, in ln(tokens); below 0 the brain score rises first.
        lag: f64,
        /// Lower end of its 95 % confidence interval, over runs and items.
        lag_ci_low: f64,
        /// Upper end.
        lag_ci_high: f64,
        /// ln of the ratio of the slopes.
        ln_slope_ratio: f64,
        /// Lower end of its 95 % confidence interval.
        ln_slope_ratio_ci_low: f64,
        /// Upper end.
        ln_slope_ratio_ci_high: f64,
        /// together (the interval of the lag is within the margin), apart (it excludes 0), undecided, no transition, or not testable.
        answer: String,
        /// Checkpoints that have both.
        n_checkpoints: usize,
        /// r over checkpoints. A description, no test: two rising curves are always correlated.
        r_levels: f64,
        /// r of the differences of neighbouring checkpoints. A description, no test: one rise in each makes one coincidence.
        r_differences: f64,
    }
}

table! {
    /// How well each checkpoint predicts the text, and what the surprisal of its words goes with.
    Surprisal: "surprisal" {
        /// The checkpoint.
        checkpoint: CheckpointOf,
        /// The table of words in competence/.
        battery: String,
        /// Words with a surprisal.
        n_words: usize,
        /// exp of the mean surprisal of a token of these words.
        perplexity: f64,
        /// Surprisal of these words over their bytes in UTF-8, a blank each included.
        bits_per_byte: f64 ["bits"],
        /// Mean surprisal of a word.
        bits_per_word: f64 ["bits"],
        /// Pearson's r of surprisal with ln of how often the word occurs in the text.
        r_frequency: f64,
        /// Pearson's r of surprisal with the number of characters of the word.
        r_length: f64,
    }
}
