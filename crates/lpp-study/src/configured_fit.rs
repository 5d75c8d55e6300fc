//! `[fit]` of `lpp.toml`.

use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::names::check_part;
use crate::{AlphaScope, Metric, Projection, Space};

/// How features are fitted, and additional results that lpp-run requests from the fits of models.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfiguredFit {
    /// The haemodynamic response, as for `lpp-fit --hrf`.
    #[serde(alias = "response", skip_serializing_if = "Option::is_none")]
    pub hrf: Option<String>,
    /// What predictions are scored by.
    #[serde(skip_serializing_if = "is_default")]
    pub metric: Metric,
    /// The voxels that share a penalty.
    #[serde(skip_serializing_if = "is_default")]
    pub alpha_scope: AlphaScope,
    /// Whether the scores of each fold are kept.
    #[serde(skip_serializing_if = "is_default")]
    pub keep_folds: bool,
    /// Whether layers are also chosen on inner data.
    pub nested_layer: bool,
    /// Low-level controls for joint fits with one layer, for example `wordrate`; empty for no joint fit.
    #[serde(deserialize_with = "controls")]
    pub controls: Vec<String>,
    /// Number of nulls to test one layer against; 0 for no test.
    pub nulls: u32,
    /// Whether left minus right is also computed with exchanged sides of runs, for slopes.
    #[serde(skip_serializing_if = "is_default")]
    pub swaps: bool,
    /// The table of pictures that subjects saw, for the control `pictures`, as for `lpp-controls --pictures`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pictures: Option<PathBuf>,
    /// One or two feature spaces with which each model divides the explained variance, as for `lpp-fit --partition`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partition: Vec<Space>,
    /// Numbers of columns to which all models and their untrained twins are projected too, as for `lpp-fit --project`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub project: Vec<usize>,
    /// Seeds of these projections; 1 to 5 if none are given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub project_seeds: Vec<u64>,
}

impl ConfiguredFit {
    /// The projections of each model.
    pub fn projections(&self) -> impl Iterator<Item = Projection> + '_ {
        let given = self.project_seeds.as_slice();
        let seeds = if given.is_empty() { &[1, 2, 3, 4, 5] } else { given };
        let of_dims = |&dims: &usize| seeds.iter().map(move |&seed| Projection { dims, seed });
        self.project.iter().flat_map(of_dims)
    }

    /// What is wrong, and what is expected.
    pub(crate) fn fault(&self) -> Option<(String, &'static str)> {
        if self.partition.len() > 2 {
            let found = format!("partition with {} names under [fit]", self.partition.len());
            return Some((found, "one or two: variance is divided among up to three spaces"));
        }
        let none = self.project.contains(&0);
        none.then(|| ("project = 0 under [fit]".to_owned(), "numbers of columns from 1"))
    }
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn controls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Control(String);
    impl<'de> Deserialize<'de> for Control {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let name = String::deserialize(deserializer)?;
            check_part("control", &name).map_err(D::Error::custom)?;
            Ok(Self(name))
        }
    }
    let names = Vec::<Control>::deserialize(deserializer)?;
    Ok(names.into_iter().map(|control| control.0).collect())
}
