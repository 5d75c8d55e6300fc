//! Word vectors, random vectors and untrained models, which any trained model must beat.

use std::collections::BTreeMap;

use lpp_stats::MeanScore;
use lpp_tables::{BaselineGroups, BaselineMaps, Baselines, Measures, Row, ScoreDensities};

use crate::inputs::Inputs;
use crate::model_columns::{identity, measures, reliable_mean};
use crate::model_scores::Choosing;
use crate::need::Need;
use crate::part::{Made, Part};
use crate::seeds::{group_maps, group_of, random_embedding};
use crate::voxel_maps::VoxelMap;
use crate::{AnalysisError, Brain, ModelScores, densities};

/// One row per baseline, one per group of seeds, the densities of their scores, and the best and worst model over them.
pub(crate) struct BaselinesPart;

impl Part for BaselinesPart {
    fn needs(&self) -> &'static [Need] {
        &[Need::AverageSubject]
    }

    fn tables(&self) -> &'static [&'static str] {
        &[
            Baselines::NAME,
            BaselineGroups::NAME,
            ScoreDensities::NAME,
            BaselineMaps::NAME,
        ]
    }

    fn compute(&self, inputs: &Inputs<'_>) -> Result<Made, AnalysisError> {
        let average = inputs.average()?;
        let (brain, baselines, trained) = (&average.brain, average.baselines(), average.trained());
        let row = |model: &&ModelScores| {
            Ok(Baselines {
                id: identity(model),
                group: group_of(model.name()).to_owned(),
                measures: measures(brain, model)?,
            })
        };
        let rows = baselines
            .iter()
            .map(row)
            .collect::<Result<Vec<_>, AnalysisError>>()?;
        let groups = group_maps(&baselines);
        let (listed, maps) = maps(brain, &groups, &trained)?;
        let made = Made::default()
            .with(&rows)
            .with(&group_rows(&rows))
            .with(&densities::of_scores(brain, &groups, &trained)?)
            .with(&listed);
        Ok(Made { maps, ..made })
    }
}

/// Score of the best and of the worst model over a random embedding, voxel by voxel, and the table that lists them.
fn maps(
    brain: &Brain,
    groups: &BTreeMap<String, Vec<f64>>,
    trained: &[&ModelScores],
) -> Result<(Vec<BaselineMaps>, Vec<VoxelMap>), AnalysisError> {
    let (voxels, scored) = ranked(brain, trained)?;
    let (mut rows, mut maps) = (Vec::new(), Vec::new());
    let (Some((group, embedding)), Some(best), Some(worst)) =
        (random_embedding(groups), scored.first(), scored.last())
    else {
        return Ok((rows, maps));
    };
    for (name, (score, model)) in [("best", best), ("worst", worst)] {
        let over = model.best.iter().zip(embedding).map(|(score, over)| score - over);
        let map = VoxelMap {
            name: format!("{name}_over_random_embedding"),
            values: over.collect(),
        };
        rows.push(BaselineMaps {
            map: map.name.clone(),
            model: model.name().to_owned(),
            over: group.to_owned(),
            mean: MeanScore::of(&map.values).mean,
            chosen_over_voxels: voxels.to_string(),
            score_chosen_by: *score,
        });
        maps.push(map);
    }
    Ok((rows, maps))
}

/// A model and the mean score that ranks it.
type Ranked<'a> = (f64, &'a ModelScores);

/// Models that have a score, the best first, and the voxels whose mean decides: the reliable ones, as the paper's notebook has
/// it, or all of them where no model has a score in a reliable voxel. Of equals the first stays first.
fn ranked<'a>(
    brain: &Brain,
    trained: &[&'a ModelScores],
) -> Result<(Choosing, Vec<Ranked<'a>>), AnalysisError> {
    let reliable = trained.iter().map(|model| reliable_mean(brain, model));
    let reliable = reliable.collect::<Result<Vec<f64>, _>>()?;
    let (voxels, means) = if reliable.iter().any(|mean| !mean.is_nan()) {
        (Choosing::Reliable, reliable)
    } else {
        let all = trained.iter().map(|model| MeanScore::of(&model.best).mean);
        (Choosing::All, all.collect())
    };
    let mut scored: Vec<Ranked<'_>> = means
        .into_iter()
        .zip(trained.iter().copied())
        .filter(|(mean, _)| !mean.is_nan())
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok((voxels, scored))
}

/// Means over the seeds of each group.
fn group_rows(baselines: &[Baselines]) -> Vec<BaselineGroups> {
    let mut members: BTreeMap<&str, Vec<&Measures>> = BTreeMap::new();
    for row in baselines {
        members.entry(&row.group).or_default().push(&row.measures);
    }
    let row = |(group, seeds): (&str, Vec<&Measures>)| {
        // A seed without a value leaves its group without one.
        let mean =
            |of: fn(&Measures) -> f64| seeds.iter().map(|seed| of(seed)).sum::<f64>() / seeds.len() as f64;
        BaselineGroups {
            group: group.to_owned(),
            n_seeds: seeds.len(),
            measures: Measures {
                score_all: mean(|m| m.score_all),
                score_reliable: mean(|m| m.score_reliable),
                l_minus_r_all: mean(|m| m.l_minus_r_all),
                l_minus_r_reliable: mean(|m| m.l_minus_r_reliable),
            },
        }
    };
    members.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_tables::Identity;

    #[test]
    fn groups_average_their_seeds() {
        let row = |group: &str, value: f64| Baselines {
            id: Identity {
                model: String::new(),
                kind: String::new(),
                family: String::new(),
                n_parameters: None,
            },
            group: group.to_owned(),
            measures: Measures {
                score_all: value,
                score_reliable: value,
                l_minus_r_all: value,
                l_minus_r_reliable: value,
            },
        };
        let groups = group_rows(&[row("a", 1.0), row("b", 5.0), row("a", 3.0)]);
        let found: Vec<(f64, usize)> = groups
            .iter()
            .map(|row| (row.measures.score_all, row.n_seeds))
            .collect();
        assert_eq!(found, [(2.0, 2), (5.0, 1)]);
    }
}
