//! Lists of features in `lpp.toml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::{FeatureName, Language};

/// Reads names of features in their canonical spelling.
pub(crate) fn features<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<FeatureName>::deserialize(deserializer)?;
    Ok(names.iter().map(FeatureName::to_string).collect())
}

/// Names by language.
pub(crate) type ByLanguage = BTreeMap<Language, Vec<String>>;

/// The same by language.
pub(crate) fn features_by_language<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<ByLanguage, D::Error> {
    let names = BTreeMap::<Language, Vec<FeatureName>>::deserialize(deserializer)?;
    let texts = |names: Vec<FeatureName>| names.iter().map(FeatureName::to_string).collect();
    Ok(names
        .into_iter()
        .map(|(lang, names)| (lang, texts(names)))
        .collect())
}
