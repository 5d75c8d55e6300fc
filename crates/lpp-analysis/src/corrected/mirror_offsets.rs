//! Left minus right of pairs whose partners lie beside the mirror image: how much depends on the exact place.

use std::collections::HashMap;

use lpp_stats::{HomotopicPairs, MeanScore};
use lpp_tables::CorrectedMirrorOffsets;

use super::outcome::Outcome;
use super::why_empty::{MODELS, RUNS, why_empty};
use super::{LayerChoice, Sample};
use crate::AnalysisError;

/// Shifts of the partner along x, mm: up to two voxels of the study's grid.
const OFFSETS_MM: [f64; 5] = [-8.0, -4.0, 0.0, 4.0, 8.0];

/// Coordinates are compared to a hundredth of a millimetre.
const PER_MM: f64 = 100.0;

/// One row per rule for the layer and offset.
pub(crate) fn rows(sample: &Sample) -> Result<Vec<CorrectedMirrorOffsets>, AnalysisError> {
    let mut rows = Vec::new();
    for rule in [LayerChoice::BestOfTest, LayerChoice::Nested] {
        for offset_mm in OFFSETS_MM {
            let pairs = pairs(&sample.places_mm, offset_mm)?;
            let of_map = |scores: &[f64]| Ok(pairs.mirror_difference(scores)?.difference.mean);
            let outcome = Outcome::by(sample, rule, |scores, _| of_map(scores))?;
            let Some(outcome) = outcome.filter(|outcome| !outcome.values.is_empty() && !pairs.is_empty())
            else {
                continue;
            };
            let tests = outcome.tests(sample);
            let row = CorrectedMirrorOffsets {
                layer_rule: rule.name().to_owned(),
                offset_mm,
                n_pairs: pairs.len(),
                l_minus_r_mean: MeanScore::of(&outcome.values).mean,
                slope_per_ln_parameter: tests.slope,
                runs_p: tests.runs.map_or(f64::NAN, |test| test.p),
                note: String::new(),
            };
            let note = why_empty(&row, |_| if tests.slope.is_nan() { MODELS } else { RUNS });
            rows.push(CorrectedMirrorOffsets { note, ..row });
        }
    }
    Ok(rows)
}

/// Voxels at x < 0 with those at −x + offset, where these are on the right.
fn pairs(places_mm: &[[f64; 3]], offset_mm: f64) -> Result<HomotopicPairs, AnalysisError> {
    #[expect(clippy::cast_possible_truncation, reason = "coordinates of a brain are small")]
    let key = |place: [f64; 3]| place.map(|mm| (mm * PER_MM).round() as i64);
    let voxels: HashMap<[i64; 3], usize> = places_mm
        .iter()
        .enumerate()
        .map(|(voxel, &place)| (key(place), voxel))
        .collect();
    let partner = |(left, &[x, y, z]): (usize, &[f64; 3])| {
        let image = [offset_mm - x, y, z];
        let on_both_sides = key([x, y, z])[0] < 0 && key(image)[0] > 0;
        on_both_sides.then(|| Some((left, *voxels.get(&key(image))?)))?
    };
    let (left, right) = places_mm.iter().enumerate().filter_map(partner).unzip();
    Ok(HomotopicPairs::new(left, right)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partners_are_beside_the_mirror_image() {
        let places = [-6.0, -2.0, 2.0, 6.0].map(|x| [x, 4.0, 0.0]);
        let found = |offset| pairs(&places, offset).unwrap();
        assert_eq!(
            (found(0.0).left(), found(0.0).right()),
            (&[0, 1][..], &[3, 2][..])
        );
        assert_eq!((found(4.0).left(), found(4.0).right()), (&[1][..], &[3][..]));
        assert_eq!((found(-4.0).left(), found(-4.0).right()), (&[0][..], &[2][..]));
        assert!(found(3.0).is_empty());
    }
}
