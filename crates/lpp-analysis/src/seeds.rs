//! Baselines that differ in their seed alone.

use std::collections::BTreeMap;

use lpp_study::numbered;

use crate::ModelScores;

/// Groups whose name begins so draw one vector per word of the vocabulary; the paper's maps are over them.
const RANDOM_EMBEDDING: &str = "random_embedding";

/// The name without its seed: `random_vector_300d` of `random_vector_300d_seed7`.
pub(crate) fn group_of(name: &str) -> &str {
    numbered(name, "_seed").map_or(name, |(group, _)| group)
}

/// Score of each voxel averaged over the seeds of a group; NaN where a seed has none.
pub(crate) fn group_maps(baselines: &[&ModelScores]) -> BTreeMap<String, Vec<f64>> {
    let mut members: BTreeMap<String, Vec<&ModelScores>> = BTreeMap::new();
    for &model in baselines {
        let group = group_of(model.name()).to_owned();
        members.entry(group).or_default().push(model);
    }
    let mean = |seeds: Vec<&ModelScores>| {
        let n = seeds.len() as f64;
        (0..seeds[0].best.len())
            .map(|voxel| seeds.iter().map(|seed| seed.best[voxel]).sum::<f64>() / n)
            .collect()
    };
    members
        .into_iter()
        .map(|(group, seeds)| (group, mean(seeds)))
        .collect()
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
