//! Word vectors, random vectors and untrained models, which any trained model must beat.

use std::collections::BTreeMap;

use lpp_study::numbered;

use crate::densities::{group_maps, score_table};
use crate::model_scores::Choosing;
use crate::scaling::{identity, reliable_means};
use crate::training::measures;
use crate::voxel_maps::VoxelMap;
use crate::{AnalysisError, Table};
use crate::{Brain, ModelScores};

/// Names of the tables made here.
pub(crate) const TABLES: [&str; 4] = ["baselines", "baseline_groups", "score_densities", "baseline_maps"];

/// Groups whose name begins so draw one vector per word of the vocabulary; the paper's maps are over them.
const RANDOM_EMBEDDING: &str = "random_embedding";

/// One row per baseline, one per group of seeds, the densities of their scores, and the maps of [`maps`].
pub(crate) fn tables(
    brain: &Brain,
    models: &[&ModelScores],
) -> Result<(Vec<Table>, Vec<VoxelMap>), AnalysisError> {
    let baselines: Vec<&ModelScores> = models
        .iter()
        .copied()
        .filter(|model| model.is_baseline())
        .collect();
    let trained: Vec<&ModelScores> = models
        .iter()
        .copied()
        .filter(|model| model.is_trained())
        .collect();
    let groups: Vec<String> = baselines
        .iter()
        .map(|model| group_of(model.name()).to_owned())
        .collect();
    let values = baselines
        .iter()
        .map(|model| measures(brain, model))
        .collect::<Result<Vec<_>, _>>()?;
    let table = with_values(
        identity("baselines", &baselines)?.text("group", groups.iter().cloned())?,
        &values,
    )?;
    let group_scores = group_maps(&baselines);
    let (listed, maps) = maps(brain, &group_scores, &trained)?;
    let tables = vec![
        table,
        group_table(&groups, &values)?,
        score_table(brain, &group_scores, &trained)?,
        listed,
    ];
    Ok((tables, maps))
}

/// The random embedding of the most dimensions, mean over its seeds; `None` if there is no random embedding.
pub(crate) fn random_embedding(groups: &BTreeMap<String, Vec<f64>>) -> Option<(&str, &[f64])> {
    let dims = |name: &str| {
        let digits: String = name.chars().filter(char::is_ascii_digit).collect();
        digits.parse::<u64>().unwrap_or(0)
    };
    groups
        .iter()
        .filter(|(name, _)| name.starts_with(RANDOM_EMBEDDING))
        .max_by_key(|(name, _)| dims(name))
        .map(|(name, scores)| (name.as_str(), scores.as_slice()))
}

/// Score of the best and of the worst model over a random embedding, voxel by voxel, and the table that lists them.
fn maps(
    brain: &Brain,
    groups: &BTreeMap<String, Vec<f64>>,
    trained: &[&ModelScores],
) -> Result<(Table, Vec<VoxelMap>), AnalysisError> {
    let (voxels, scored) = ranked(brain, trained)?;
    let mut chosen = Vec::new();
    if let (Some(baseline), Some(best), Some(worst)) =
        (random_embedding(groups), scored.first(), scored.last())
    {
        for (name, (score, model)) in [("best", best), ("worst", worst)] {
            let values = model
                .best
                .iter()
                .zip(baseline.1)
                .map(|(score, over)| score - over);
            let map = VoxelMap {
                name: format!("{name}_over_random_embedding"),
                values: values.collect(),
            };
            chosen.push((map, model.name(), baseline.0, *score));
        }
    }
    let means = chosen
        .iter()
        .map(|(map, ..)| lpp_stats::MeanScore::of(&map.values).mean);
    let table = Table::new("baseline_maps")
        .text("map", chosen.iter().map(|(map, ..)| map.name.as_str()))?
        .text("model", chosen.iter().map(|row| row.1))?
        .text("over", chosen.iter().map(|row| row.2))?
        .number("mean", means)?
        .text("chosen_over_voxels", chosen.iter().map(|_| voxels.to_string()))?
        .number("score_chosen_by", chosen.iter().map(|row| row.3))?;
    Ok((table, chosen.into_iter().map(|(map, ..)| map).collect()))
}

/// Models that have a score, the best first, and the voxels whose mean decides: the reliable ones, as the paper's notebook has
/// it, or all of them where no model has a score in a reliable voxel. Of equals the first stays first.
#[allow(clippy::type_complexity, reason = "a choice and a list")]
fn ranked<'a>(
    brain: &Brain,
    trained: &[&'a ModelScores],
) -> Result<(Choosing, Vec<(f64, &'a ModelScores)>), AnalysisError> {
    let reliable = reliable_means(brain, trained)?;
    let (voxels, means) = if reliable.iter().any(|mean| !mean.is_nan()) {
        (Choosing::Reliable, reliable)
    } else {
        let all = trained
            .iter()
            .map(|model| lpp_stats::MeanScore::of(&model.best).mean);
        (Choosing::All, all.collect())
    };
    let mut scored: Vec<(f64, &ModelScores)> = means
        .into_iter()
        .zip(trained.iter().copied())
        .filter(|(mean, _)| !mean.is_nan())
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok((voxels, scored))
}

/// Means over the seeds of each group.
fn group_table(groups: &[String], values: &[[f64; 4]]) -> Result<Table, AnalysisError> {
    let mut members: BTreeMap<&str, Vec<[f64; 4]>> = BTreeMap::new();
    for (group, row) in groups.iter().zip(values) {
        members.entry(group).or_default().push(*row);
    }
    let means: Vec<[f64; 4]> = members
        .values()
        .map(|rows| std::array::from_fn(|i| rows.iter().map(|row| row[i]).sum::<f64>() / rows.len() as f64))
        .collect();
    let table = Table::new("baseline_groups")
        .text("group", members.keys().copied())?
        .count(
            "n_seeds",
            members.values().map(|rows| i64::try_from(rows.len()).ok()),
        )?;
    with_values(table, &means)
}

fn with_values(table: Table, values: &[[f64; 4]]) -> Result<Table, AnalysisError> {
    [
        "score_all",
        "score_reliable",
        "l_minus_r_all",
        "l_minus_r_reliable",
    ]
    .iter()
    .enumerate()
    .try_fold(table, |table, (i, name)| {
        table.number(name, values.iter().map(|row| row[i]))
    })
}

/// The name without its seed: `random_vector_300d` of `random_vector_300d_seed7`.
pub(crate) fn group_of(name: &str) -> &str {
    numbered(name, "_seed").map_or(name, |(group, _)| group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_fall_into_groups() {
        assert_eq!(group_of("random_vector_300d_seed12"), "random_vector_300d");
        assert_eq!(group_of("glove"), "glove");
        assert_eq!(group_of("my_seedling"), "my_seedling");
    }

    #[test]
    fn groups_average_their_seeds() {
        let groups = ["a".to_owned(), "b".to_owned(), "a".to_owned()];
        let table = group_table(&groups, &[[1.0; 4], [5.0; 4], [3.0; 4]]).unwrap();
        assert_eq!(table.numbers("score_all"), [Some(2.0), Some(5.0)]);
        assert_eq!(table.numbers("n_seeds"), [Some(2.0), Some(1.0)]);
    }

    #[test]
    fn the_widest_random_embedding_is_taken() {
        let groups = [
            "random_embedding_1024d",
            "random_embedding_300d",
            "random_vector_2048d",
        ]
        .map(|name| (name.to_owned(), vec![0.0]))
        .into();
        assert_eq!(random_embedding(&groups).unwrap().0, "random_embedding_1024d");
        assert!(random_embedding(&BTreeMap::new()).is_none());
    }
}
