//! Sides, voxels and ceilings, and left minus right by them.

use lpp_stats::VoxelSet;

use crate::AnalysisError;
use crate::corrected::{CeilingKind, Sample, Voxels};

/// What left minus right is taken of.
pub(super) struct Choice {
    /// halves, x or pairs.
    pub(super) sides: &'static str,
    /// all, reliable, or reliable pairs.
    pub(super) voxels: &'static str,
    /// none, over ceiling, or matched; with a word if ceilings are only a lower bound.
    pub(super) ceiling: String,
    of: Of,
}

enum Of {
    /// Left and right voxels; of pairs, in the same order.
    Sides {
        left: Vec<usize>,
        right: Vec<usize>,
        paired: bool,
        over_ceiling: bool,
    },
    /// Voxels matched by the ceilings of other runs.
    Matched(Voxels),
}

/// Every choice that the sample knows.
pub(super) fn choices(sample: &Sample) -> Vec<Choice> {
    let mut selections: Vec<(&'static str, VoxelSet)> = vec![("all", VoxelSet::all(sample.places_mm.len()))];
    if let Some(ceiling) = &sample.ceiling {
        let pairs = &ceiling.reliable_pairs;
        selections.push(("reliable", ceiling.reliable.clone()));
        selections.push((
            "reliable pairs",
            VoxelSet::at([pairs.left(), pairs.right()].concat()),
        ));
    }
    let mut all = Vec::new();
    for (voxels, set) in &selections {
        let (halves, by_x) = (sample.halves.within(set), sample.by_x.within(set));
        let pairs = sample.pairs.within(set);
        let sides = [
            ("halves", halves.left().indices(), halves.right().indices(), false),
            ("x", by_x.left().indices(), by_x.right().indices(), false),
            ("pairs", pairs.left(), pairs.right(), true),
        ];
        for (sides, left, right, paired) in sides.into_iter().filter(|(_, left, ..)| !left.is_empty()) {
            for (ceiling, over_ceiling) in [("none", false), ("over ceiling", true)] {
                if over_ceiling && sample.ceiling.is_none() {
                    continue;
                }
                let of = Of::Sides {
                    left: left.to_vec(),
                    right: right.to_vec(),
                    paired,
                    over_ceiling,
                };
                all.push(Choice {
                    sides,
                    voxels,
                    ceiling: named(sample, ceiling),
                    of,
                });
            }
        }
    }
    if sample.ceiling.is_some() {
        let matched = [("all", Voxels::All), ("reliable pairs", Voxels::Reliable)];
        all.extend(matched.map(|(voxels, set)| Choice {
            sides: "x",
            voxels,
            ceiling: named(sample, "matched"),
            of: Of::Matched(set),
        }));
    }
    all
}

/// The name of a use of ceilings.
fn named(sample: &Sample, ceiling: &str) -> String {
    let kind = sample.ceiling.as_ref().map(|ceiling| ceiling.kind);
    match kind {
        Some(kind @ CeilingKind::LowerBound) if ceiling != "none" => format!("{ceiling} ({kind})"),
        _ => ceiling.to_owned(),
    }
}

impl Choice {
    /// Left minus right of the scores of one run.
    pub(super) fn of_run(&self, sample: &Sample, values: &[f64], run: usize) -> Result<f64, AnalysisError> {
        let ceiling = sample.ceiling.as_ref();
        match (&self.of, ceiling) {
            (Of::Matched(voxels), Some(ceiling)) => ceiling.matched_difference(values, *voxels, Some(run)),
            (Of::Matched(_), None) => Ok(f64::NAN),
            (
                Of::Sides {
                    left,
                    right,
                    paired,
                    over_ceiling,
                },
                _,
            ) => {
                let ceilings = ceiling
                    .filter(|_| *over_ceiling)
                    .map(|ceiling| ceiling.of_voxel.as_slice());
                let known = |voxel: usize| {
                    values[voxel].is_finite() && ceilings.is_none_or(|ceilings| ceilings[voxel].is_finite())
                };
                let both = |place: usize| !paired || known(left[place]) && known(right[place]);
                let ratio = |side: &[usize]| {
                    let own = side
                        .iter()
                        .enumerate()
                        .filter(|(place, voxel)| known(**voxel) && both(*place));
                    let add = |[score, level]: [f64; 2], (_, &voxel): (usize, &usize)| {
                        [
                            score + values[voxel],
                            level + ceilings.map_or(1.0, |ceilings| ceilings[voxel]),
                        ]
                    };
                    let [score, level] = own.fold([0.0; 2], add);
                    score / level
                };
                Ok(ratio(left) - ratio(right))
            }
        }
    }
}
