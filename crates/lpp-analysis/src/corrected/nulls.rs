//! Scores and sides of a layer against reordered scans.

use lpp_study::{NullTest, NullsInfo};
use lpp_tables::CorrectedNulls;

use super::Sample;

/// One row per model or baseline with nulls: voxels that are significant over the whole map, and the mean score and the
/// difference of the sides, by three definitions, with their p-values.
pub(crate) fn rows(sample: &Sample) -> Vec<CorrectedNulls> {
    let everything = sample.models.iter().chain(&sample.baselines);
    let tested = everything.filter_map(|model| Some((model.name.as_str(), model.nulls.as_ref()?)));
    tested.map(|(model, info)| row(model, info)).collect()
}

fn row(model: &str, info: &NullsInfo) -> CorrectedNulls {
    // Sides need a mask.
    let observed = |test: Option<NullTest>| test.map_or(f64::NAN, |test| test.observed);
    let p = |test: Option<NullTest>| test.map_or(f64::NAN, |test| test.p);
    let sides = &info.l_minus_r;
    CorrectedNulls {
        model: model.to_owned(),
        layer: info.layer,
        null: info.null.clone(),
        n_nulls: info.n_nulls,
        threshold_fwe_05: info.threshold_fwe_05.unwrap_or(f64::NAN),
        n_significant: info.n_significant,
        score_mean: info.mean_score.observed,
        score_mean_p: info.mean_score.p,
        l_minus_r_halves: observed(sides.halves),
        l_minus_r_halves_p: p(sides.halves),
        l_minus_r_x: observed(sides.x),
        l_minus_r_x_p: p(sides.x),
        l_minus_r_pairs: observed(sides.pairs),
        l_minus_r_pairs_p: p(sides.pairs),
    }
}
