//! Scores and sides of a layer against reordered scans.

use lpp_study::{NullTest, NullsInfo};

use super::Sample;
use crate::{AnalysisError, Table};

/// A test of a layer; sides need a mask.
type Test = fn(&NullsInfo) -> Option<NullTest>;

/// One row per model or baseline with nulls: voxels that are significant over the whole map, and the mean score and the
/// difference of the sides, by three definitions, with their p-values.
pub(crate) fn table(sample: &Sample) -> Result<Table, AnalysisError> {
    let everything = sample.models.iter().chain(&sample.baselines);
    let tested: Vec<(&str, &NullsInfo)> = everything
        .filter_map(|model| Some((model.name.as_str(), model.nulls.as_ref()?)))
        .collect();
    let infos = || tested.iter().map(|(_, info)| *info);
    let count = |n: usize| i64::try_from(n).ok();
    let mut table = Table::new("corrected_nulls")
        .text("model", tested.iter().map(|(name, _)| *name))?
        .count("layer", infos().map(|info| count(info.layer)))?
        .text("null", infos().map(|info| info.null.as_str()))?
        .count("n_nulls", infos().map(|info| count(info.n_nulls)))?
        .number(
            "threshold_fwe_05",
            infos().map(|info| info.threshold_fwe_05.unwrap_or(f64::NAN)),
        )?
        .count("n_significant", infos().map(|info| count(info.n_significant)))?;
    let tests: [(&str, Test); 4] = [
        ("score_mean", |info| Some(info.mean_score)),
        ("l_minus_r_halves", |info| info.l_minus_r.halves),
        ("l_minus_r_x", |info| info.l_minus_r.x),
        ("l_minus_r_pairs", |info| info.l_minus_r.pairs),
    ];
    for (name, of) in tests {
        let column = |value: fn(NullTest) -> f64| infos().map(move |info| of(info).map_or(f64::NAN, value));
        table = table
            .number(name, column(|test| test.observed))?
            .number(&format!("{name}_p"), column(|test| test.p))?;
    }
    Ok(table)
}
