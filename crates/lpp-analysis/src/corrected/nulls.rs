//! Scores and sides of a layer against reordered scans, and sides given encoding.

use lpp_study::{NullsInfo, SidesTest};
use lpp_tables::CorrectedNulls;

use super::Sample;
use super::why_empty::why_empty;

/// One row per model or baseline with nulls: voxels that are significant over the whole map, the mean score, and the
/// difference of the sides by three definitions, with their p-values.
pub(crate) fn rows(sample: &Sample) -> Vec<CorrectedNulls> {
    let everything = sample.models.iter().chain(&sample.baselines);
    let tested = everything.filter_map(|model| Some((model.name.as_str(), model.nulls.as_ref()?)));
    tested.map(|(model, info)| row(model, info)).collect()
}

fn row(model: &str, info: &NullsInfo) -> CorrectedNulls {
    let sides = &info.l_minus_r;
    let [halves, x, pairs] = [sides.halves, sides.x, sides.pairs].map(Cells::of);
    let row = CorrectedNulls {
        model: model.to_owned(),
        layer: info.layer,
        layer_choice: info.layer_choice.clone(),
        null: info.null.clone(),
        n_nulls: info.n_nulls,
        threshold_fwe_05: info.threshold_fwe_05.unwrap_or(f64::NAN),
        n_significant: info.n_significant,
        score_mean: info.mean_score.observed,
        score_mean_p: info.mean_score.p,
        gate_p: info.gate_p.unwrap_or(f64::NAN),
        l_minus_r_halves: halves.observed,
        l_minus_r_halves_no_encoding_p: halves.no_encoding_p,
        l_minus_r_halves_runs_p: halves.runs_p,
        l_minus_r_x: x.observed,
        l_minus_r_x_no_encoding_p: x.no_encoding_p,
        l_minus_r_x_runs_p: x.runs_p,
        l_minus_r_pairs: pairs.observed,
        l_minus_r_pairs_no_encoding_p: pairs.no_encoding_p,
        l_minus_r_pairs_runs_p: pairs.runs_p,
        l_minus_r_pairs_swap_p: pairs.swap_p,
        swaps: info.swaps.clone(),
        note: String::new(),
    };
    let note = why_empty(&row, |column| match column {
        "gate_p" | "threshold_fwe_05" => "not in the sidecar of an older version",
        "l_minus_r_pairs_swap_p" => "swap_p: see swaps",
        _ if column.ends_with("runs_p") && row.gate_p > 0.05 => "runs_p: no encoding (gate_p above 0.05)",
        _ if column.ends_with("runs_p") && !row.gate_p.is_nan() && sides.x.is_some() => {
            "runs_p: fewer than two runs, or fixed test stories"
        }
        _ => "l_minus_r: no mask, or no such sides in it",
    });
    CorrectedNulls { note, ..row }
}

/// The numbers of a difference, NaN where there are none.
struct Cells {
    observed: f64,
    no_encoding_p: f64,
    runs_p: f64,
    swap_p: f64,
}

impl Cells {
    /// Sides need a mask.
    fn of(test: Option<SidesTest>) -> Self {
        let number = |of: fn(SidesTest) -> Option<f64>| test.and_then(of).unwrap_or(f64::NAN);
        Self {
            observed: number(|test| Some(test.observed)),
            no_encoding_p: number(|test| Some(test.no_encoding_p)),
            runs_p: number(|test| test.runs_p),
            swap_p: number(|test| test.swap_p),
        }
    }
}
