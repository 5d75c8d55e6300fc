//! Word vectors, random vectors and untrained models, which any trained model must beat.

use std::collections::BTreeMap;

use lpp_stats::LateralScore;

use crate::scaling::{identity, reliable_means};
use crate::{AnalysisError, Table};
use crate::{Brain, ModelScores};

/// Names of the tables made here.
pub(crate) const TABLES: [&str; 2] = ["baselines", "baseline_groups"];

/// One row per baseline, and one per group of seeds.
pub(crate) fn tables(brain: &Brain, models: &[&ModelScores]) -> Result<Vec<Table>, AnalysisError> {
    let baselines: Vec<&ModelScores> = models
        .iter()
        .copied()
        .filter(|model| !model.is_trained())
        .collect();
    let groups: Vec<String> = baselines
        .iter()
        .map(|model| group_of(model.name()).to_owned())
        .collect();
    let mut values = Vec::new();
    let reliable = reliable_means(brain, &baselines)?;
    for (model, score_reliable) in baselines.iter().zip(reliable) {
        let sides = LateralScore::over(&model.best, brain.hemispheres())?;
        let reliable_difference = match brain.reliable() {
            Some(reliable) => {
                LateralScore::over(&model.best, &brain.hemispheres().within(&reliable.voxels))?.difference()
            }
            None => f64::NAN,
        };
        let score_all = lpp_stats::MeanScore::of(&model.best).mean;
        values.push([score_all, score_reliable, sides.difference(), reliable_difference]);
    }
    let table = with_values(
        identity("baselines", &baselines)?.text("group", groups.iter().cloned())?,
        &values,
    )?;
    Ok(vec![table, group_table(&groups, &values)?])
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
fn group_of(name: &str) -> &str {
    match name.rsplit_once("_seed") {
        Some((group, seed)) if !seed.is_empty() && seed.bytes().all(|b| b.is_ascii_digit()) => group,
        _ => name,
    }
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
}
