//! Corrected definitions and tests beside the paper's.

use crate::{MeansOverRuns, table};

table! {
    /// Every headline number by the paper's definition and by a corrected one.
    Delta: "delta" {
        /// The headline number.
        result: String,
        /// What is corrected.
        correction: String,
        /// Which statistic of it: r, p, slope, mean or difference.
        statistic: String,
        /// By the paper's definition.
        paper: f64,
        /// By the corrected one.
        corrected: f64,
        /// Corrected minus paper's.
        difference: f64,
        /// Why numbers of this row are empty.
        note: String,
    }
}

table! {
    /// The headline slopes with model families as units, without the strongest family, and given the width.
    CorrectedFamilies: "corrected_families" {
        /// What is regressed on ln(parameters).
        outcome: String,
        /// How the layer of each voxel is chosen: best_of_test or nested (on inner data); one_layer is one a model, chosen on
        /// inner data over all voxels.
        layer_rule: String,
        /// Where the ceilings of the outcome come from, if it has some: voxelwise or lower bound.
        ceiling_kind: String,
        /// Models with a size and an outcome.
        n_models: usize,
        /// Families of the trained models.
        n_families: usize,
        /// Least-squares slope.
        slope_per_ln_parameter: f64,
        /// Its p with models as independent units.
        p_models_as_units: f64,
        /// Standard error, cluster-robust over families (CR2); empty, as all that follows from it, with one family.
        robust_std_err: f64,
        /// Degrees of freedom of the robust test (Satterthwaite).
        robust_df: f64,
        /// p of the robust test.
        robust_p: f64,
        /// Lower end of the robust 95 % confidence interval.
        robust_ci_low: f64,
        /// Upper end.
        robust_ci_high: f64,
        /// Test runs; empty if the scores of single runs are not known for every model.
        n_runs: Option<usize>,
        /// Standard error over runs, for these models: all of them are fitted to the same scans.
        runs_std_err: f64,
        /// Its degrees of freedom.
        runs_df: f64,
        /// p of the slope over runs.
        runs_p: f64,
        /// Lower end of its 95 % confidence interval.
        runs_ci_low: f64,
        /// Upper end.
        runs_ci_high: f64,
        /// Standard error over runs and families, for further models.
        two_way_std_err: f64,
        /// Its degrees of freedom.
        two_way_df: f64,
        /// p of the slope over runs and families.
        two_way_p: f64,
        /// Lower end of its 95 % confidence interval.
        two_way_ci_low: f64,
        /// Upper end.
        two_way_ci_high: f64,
        /// p of the slope under exchanges of the sides of whole runs, in all models alike; only for one_layer.
        swap_p: f64,
        /// Slope with a random intercept per family: families may differ in level, not in slope.
        mixed_slope: f64,
        /// Its degrees of freedom.
        mixed_df: f64,
        /// Its p; empty with one or two families, which leave no degrees of freedom.
        mixed_p: f64,
        /// Slope without the family that supports it most.
        slope_without_the_strongest_family: f64,
        /// That family.
        strongest_family: String,
        /// Slope given ln(width).
        slope_given_width: f64,
        /// Its p, cluster-robust.
        p_given_width: f64,
        /// Why numbers of this row are empty.
        note: String,
    }
}

table! {
    /// Measures of laterality of each model that need no threshold.
    CorrectedLaterality: "corrected_laterality" {
        /// The model or baseline.
        model: String,
        /// Voxels: all or reliable.
        voxels: String,
        /// Left minus right by halves of the array.
        l_minus_r_halves: f64,
        /// Left minus right by x.
        l_minus_r_by_x: f64,
        /// Mean difference between a voxel and its mirror image.
        mirror_difference: f64,
        /// Pairs of voxels with a score each.
        n_pairs: usize,
        /// Share of pairs with the higher score on the left.
        share_of_pairs_left: f64,
        /// Average laterality index over thresholds (AveLI).
        aveli: f64,
        /// Where ceilings come from: voxelwise (halves of the subjects, same voxel) or lower bound (from the ISC).
        ceiling_kind: String,
        /// Left minus right by x at equal noise ceilings, over voxels matched by the ceilings of other runs.
        l_minus_r_matched: f64,
        /// Matched pairs of voxels.
        matched_n_pairs: Option<usize>,
        /// Left minus right of their ceilings in the runs that are scored, which is then removed.
        matched_ceiling_difference: f64,
        /// Why numbers of this row are empty.
        note: String,
    }
}

table! {
    /// Laterality indices of each model as the threshold rises.
    CorrectedLateralityCurves: "corrected_laterality_curves" {
        /// The model or baseline.
        model: String,
        /// Voxels: all or reliable.
        voxels: String,
        /// Score from which voxels count.
        threshold: f64,
        /// Voxels above it on the left.
        n_left: usize,
        /// Voxels above it on the right.
        n_right: usize,
        /// Laterality index of the counts.
        count_index: f64,
        /// Laterality index of the sums.
        sum_index: f64,
        /// Why numbers of this row are empty.
        note: String,
    }
}

table! {
    /// What choosing each voxel's layer by its test score adds, against a choice on inner data.
    CorrectedOptimism: "corrected_optimism" {
        /// The model or baseline.
        model: String,
        /// Mean score with layers chosen by test score, all voxels.
        score_all_best_of_test: f64,
        /// Mean score with layers chosen on inner data, all voxels.
        score_all_nested: f64,
        /// The first minus the second.
        score_all_optimism: f64,
        /// Mean score with layers chosen by test score, reliable voxels.
        score_reliable_best_of_test: f64,
        /// Mean score with layers chosen on inner data, reliable voxels.
        score_reliable_nested: f64,
        /// The first minus the second.
        score_reliable_optimism: f64,
        /// Left minus right with layers chosen by test score, all voxels.
        l_minus_r_all_best_of_test: f64,
        /// Left minus right with layers chosen on inner data, all voxels.
        l_minus_r_all_nested: f64,
        /// The first minus the second.
        l_minus_r_all_optimism: f64,
        /// Left minus right with layers chosen by test score, reliable voxels.
        l_minus_r_reliable_best_of_test: f64,
        /// Left minus right with layers chosen on inner data, reliable voxels.
        l_minus_r_reliable_nested: f64,
        /// The first minus the second.
        l_minus_r_reliable_optimism: f64,
        /// Why numbers of this row are empty.
        note: String,
    }
}

table! {
    /// What a layer explains beyond low-level controls.
    CorrectedJoint: "corrected_joint" {
        /// The model or baseline.
        model: String,
        /// The layer.
        layer: usize,
        /// The controls.
        controls: String,
        /// Which score: layer and controls together (`joint`), controls alone, unique to the layer, or the layer alone (`layer`), as r
        /// or R².
        score: String,
        /// Means and their errors over runs.
        means: MeansOverRuns,
        /// Left minus right by halves, all voxels.
        l_minus_r_all: f64,
        /// Its p over runs.
        l_minus_r_all_runs_p: f64,
        /// Left minus right by halves, reliable voxels.
        l_minus_r_reliable: f64,
        /// Its p over runs.
        l_minus_r_reliable_runs_p: f64,
        /// Left minus right by x, all voxels.
        l_minus_r_all_by_x: f64,
        /// Its p over runs.
        l_minus_r_all_by_x_runs_p: f64,
        /// Left minus right by x, reliable voxels.
        l_minus_r_reliable_by_x: f64,
        /// Its p over runs.
        l_minus_r_reliable_by_x_runs_p: f64,
        /// Left minus right over pairs, all voxels.
        l_minus_r_all_pairs: f64,
        /// Its p over runs.
        l_minus_r_all_pairs_runs_p: f64,
        /// Left minus right over pairs, reliable voxels.
        l_minus_r_reliable_pairs: f64,
        /// Its p over runs.
        l_minus_r_reliable_pairs_runs_p: f64,
        /// p of the mean over all voxels of a unique score, against shifts of the layer's features alone.
        unique_p: f64,
        /// The same of the mean over voxels left of x = 0.
        unique_left_p: f64,
        /// The same right of x = 0.
        unique_right_p: f64,
        /// What these nulls were, or why there are none.
        unique_nulls: String,
        /// Why numbers of this row are empty.
        note: String,
    }
}

table! {
    /// Scores and sides of a layer against nulls that reorder the scans.
    CorrectedNulls: "corrected_nulls" {
        /// The model or baseline.
        model: String,
        /// The layer.
        layer: usize,
        /// Whether the layer was given, or chosen by validation in each null.
        layer_choice: String,
        /// How scans were reordered.
        null: String,
        /// Nulls drawn.
        n_nulls: usize,
        /// Score that the largest voxel exceeds in one null of twenty.
        threshold_fwe_05: f64,
        /// Voxels above it.
        n_significant: usize,
        /// Mean score.
        score_mean: f64,
        /// Its p.
        score_mean_p: f64,
        /// p of the mean score over both sides: above 5 % there is no encoding whose sides could be compared.
        gate_p: f64,
        /// Left minus right by halves.
        l_minus_r_halves: f64,
        /// Its p against nulls without encoding on either side.
        l_minus_r_halves_no_encoding_p: f64,
        /// Its p over runs, given encoding.
        l_minus_r_halves_runs_p: f64,
        /// Left minus right by x.
        l_minus_r_x: f64,
        /// Its p against nulls without encoding on either side.
        l_minus_r_x_no_encoding_p: f64,
        /// Its p over runs, given encoding.
        l_minus_r_x_runs_p: f64,
        /// Mean difference of mirrored voxels.
        l_minus_r_pairs: f64,
        /// Its p against nulls without encoding on either side.
        l_minus_r_pairs_no_encoding_p: f64,
        /// Its p over runs, given encoding.
        l_minus_r_pairs_runs_p: f64,
        /// Its p under exchanges of the sides of whole runs; empty if it cannot be 5 % or less.
        l_minus_r_pairs_swap_p: f64,
        /// The exchanges, or why there is no p.
        swaps: String,
        /// Why numbers of this row are empty.
        note: String,
    }
}

table! {
    /// Noise ceilings of both sides with their errors.
    CorrectedCeilings: "corrected_ceilings" {
        /// Where they come from: voxelwise (halves of the subjects, same voxel) or lower bound (from the ISC).
        ceiling_kind: String,
        /// How left is told from right: halves, x or pairs.
        hemisphere_rule: String,
        /// Voxels: all or reliable.
        voxels: String,
        /// Mean ceiling on the left.
        ceiling_left: f64,
        /// Its standard deviation over random halves of the subjects, which is no error over subjects.
        ceiling_left_spread_of_halves: f64,
        /// Mean ceiling on the right.
        ceiling_right: f64,
        /// Its standard deviation over random halves of the subjects.
        ceiling_right_spread_of_halves: f64,
        /// Left minus right.
        l_minus_r: f64,
        /// Its standard error over subjects (jackknife); empty without the correlations that lpp-average writes without each
        /// subject (`isc_LANG_jackknife.npy`).
        l_minus_r_std_err_subjects: f64,
        /// Why numbers of this row are empty.
        note: String,
    }
}

table! {
    /// Whether the sides' difference of noise ceilings could make at least half of their difference of scores.
    CorrectedEquivalence: "corrected_equivalence" {
        /// The model, or slope for the slope on ln(parameters).
        model: String,
        /// Voxels: all, or those of reliable pairs; sides by x.
        voxels: String,
        /// Mean score of the voxels, or its slope.
        mean_score: f64,
        /// Left minus right of the mean ceilings.
        ceiling_difference: f64,
        /// Its standard error over subjects (jackknife); empty, as all that follows from it, without the correlations that
        /// lpp-average writes without each subject (`isc_LANG_jackknife.npy`).
        ceiling_difference_std_err: f64,
        /// Subjects minus one.
        df: f64,
        /// The difference of scores that the ceilings alone would make.
        score_difference_by_ceiling: f64,
        /// Left minus right of the scores, or its slope.
        l_minus_r: f64,
        /// Half of its size: a difference by ceilings below it counts as small.
        margin: f64,
        /// p of the test that the ceilings make a difference beyond the margin.
        equivalence_p: f64,
        /// Why numbers of this row are empty.
        note: String,
    }
}

table! {
    /// How many voxels of a map survive which correction for their number.
    CorrectedVoxelTests: "corrected_voxel_tests" {
        /// The map.
        map: String,
        /// The correction.
        correction: String,
        /// Largest p of a voxel that counts.
        level: f64,
        /// Voxels tested.
        n_tests: usize,
        /// Significant voxels with a positive effect.
        n_positive: Option<usize>,
        /// Significant voxels with a negative effect.
        n_negative: Option<usize>,
        /// Smallest size of t among them.
        smallest_t: f64,
        /// Smallest p of all voxels.
        smallest_p: f64,
        /// Smallest p-value that the test can reach. With few families it may exceed the level; counts are then empty.
        smallest_reachable_p: f64,
        /// Why numbers of this row are empty.
        note: String,
    }
}

table! {
    /// Correlations of maps of parcels with a null that keeps their smoothness.
    CorrectedParcels: "corrected_parcels" {
        /// The two maps.
        maps: String,
        /// Parcels.
        n_parcels: usize,
        /// Pearson's r.
        r: f64,
        /// Its p if parcels were independent.
        p_parcels_independent: f64,
        /// Its p under surrogate maps with the same variogram.
        p_variogram: f64,
        /// Why numbers of this row are empty.
        note: String,
    }
}

table! {
    /// Slopes of single subjects and of single runs as samples of a population.
    CorrectedRandomEffects: "corrected_random_effects" {
        /// What is sampled: subjects or runs.
        units: String,
        /// The slope.
        outcome: String,
        /// Subjects or runs.
        n_units: usize,
        /// Mean slope.
        mean: f64,
        /// Its standard error.
        std_err: f64,
        /// Lower end of its 95 % confidence interval (t).
        ci_low: f64,
        /// Upper end.
        ci_high: f64,
        /// Its t.
        t: f64,
        /// Two-sided p of t.
        p: f64,
        /// p by flipping signs.
        p_sign_flips: f64,
        /// Lower end of the studentised bootstrap's 95 % interval.
        studentized_ci_low: f64,
        /// Upper end.
        studentized_ci_high: f64,
        /// Why numbers of this row are empty.
        note: String,
    }
}

table! {
    /// The headline slopes in each test run: whether one run, such as the first with its pictures, makes the result.
    CorrectedRuns: "corrected_runs" {
        /// The outcome, as in corrected_families.
        outcome: String,
        /// How the layer of each voxel is chosen: best_of_test or nested.
        layer_rule: String,
        /// Test run, from 0.
        run: usize,
        /// Models.
        n_models: usize,
        /// Mean of the outcome over models in this run.
        mean_over_models: f64,
        /// Its slope per ln(parameters) in this run.
        slope_per_ln_parameter: f64,
        /// Why numbers of this row are empty.
        note: String,
    }
}

table! {
    /// Slopes on ln(parameters) over individual subjects, runs and models, which are crossed.
    CorrectedCrossed: "corrected_crossed" {
        /// Mean score or left minus right.
        outcome: String,
        /// How the layer was chosen: by test score, or on inner data (nested).
        layer_rule: String,
        /// Subjects.
        n_subjects: usize,
        /// Runs of each.
        n_runs: usize,
        /// Models with a size.
        n_models: usize,
        /// Their families.
        n_families: usize,
        /// Mean slope over subjects and runs.
        slope_per_ln_parameter: f64,
        /// Its standard error over subjects and runs: for these models.
        std_err: f64,
        /// Degrees of freedom: those of the fewer units.
        df: f64,
        /// Two-sided p.
        p: f64,
        /// Lower end of the 95 % confidence interval.
        ci_low: f64,
        /// Upper end.
        ci_high: f64,
        /// Standard error over subjects, runs and families: for further models too.
        with_models_std_err: f64,
        /// Degrees of freedom.
        with_models_df: f64,
        /// Two-sided p.
        with_models_p: f64,
        /// Lower end of the 95 % confidence interval.
        with_models_ci_low: f64,
        /// Upper end.
        with_models_ci_high: f64,
        /// Why numbers of this row are empty.
        note: String,
    }
}

table! {
    /// Left minus right of pairs whose partners lie beside the mirror image: no template is symmetric.
    CorrectedMirrorOffsets: "corrected_mirror_offsets" {
        /// How the layer of each voxel is chosen: best_of_test or nested.
        layer_rule: String,
        /// Shift of the partner from the mirror image along x, mm.
        offset_mm: f64,
        /// Pairs.
        n_pairs: usize,
        /// Mean left minus right, over models.
        l_minus_r_mean: f64,
        /// Its slope per ln(parameters).
        slope_per_ln_parameter: f64,
        /// p of the slope over runs.
        runs_p: f64,
        /// Why numbers of this row are empty.
        note: String,
    }
}

table! {
    /// A synthetic study: what was planted (simulation/truth.json), and whether it came back.
    Planted: "planted" {
        /// A number of corrected_families, whose slope on ln(parameters) this is; or ceiling_l_minus_r, the difference of ceilings.
        outcome: String,
        /// How the layer of each voxel is chosen; empty for ceilings.
        layer_rule: String,
        /// What was planted: for slopes that of fits without noise, so measured ones are nearer to 0.
        planted: f64,
        /// What was found.
        recovered: f64,
        /// Lower end of its 95 % confidence interval: over runs, for ceilings over subjects.
        ci_low: f64,
        /// Upper end.
        ci_high: f64,
        /// Whether it was planted: above 0, below 0 or nothing.
        planted_direction: String,
        /// The same of what was found: nothing if the interval contains 0; empty without an interval.
        recovered_direction: String,
        /// Whether both are the same: yes or no; empty without an interval.
        came_back: String,
    }
}
