//! Random projections of features to fewer columns, and the names of their scores.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::numbered;

/// A random projection of the features of each layer, so that wide and narrow models have equally many.
///
/// ```
/// use lpp_study::Projection;
/// let projection = Projection { dims: 768, seed: 2 };
/// assert_eq!(projection.name_of("gpt2-xl"), "gpt2-xl_proj768_seed2");
/// assert_eq!(Projection::split("gpt2-xl_proj768_seed2"), Some(("gpt2-xl", projection)));
/// assert_eq!(Projection::split("gpt2_untrained_seed2"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Projection {
    /// Number of columns that are left.
    pub dims: usize,
    /// Seed.
    pub seed: u64,
}

impl Projection {
    /// The name of a model's scores with projected features.
    #[must_use]
    pub fn name_of(self, model: &str) -> String {
        format!("{model}_{self}")
    }

    /// The model and the projection of such a name; `None` for other names.
    #[must_use]
    pub fn split(name: &str) -> Option<(&str, Self)> {
        let (rest, seed) = numbered(name, "_seed")?;
        let (model, dims) = numbered(rest, "_proj")?;
        let dims = usize::try_from(dims).ok()?;
        Some((model, Self { dims, seed }))
    }
}

impl fmt::Display for Projection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proj{}_seed{}", self.dims, self.seed)
    }
}
