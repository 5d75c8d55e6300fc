//! A feature space beside a model.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{FeatureName, NameError};

/// Features by their name, and one of their layers if they have several: `control_wordrate`, `gpt2:6`.
///
/// ```
/// use lpp_study::Space;
/// let space: Space = "gpt2:6".parse().unwrap();
/// assert_eq!((space.name.as_str(), space.layer), ("gpt2", Some(6)));
/// assert!("gpt2:last".parse::<Space>().unwrap_err().contains("NAME:LAYER"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Space {
    /// The features.
    pub name: FeatureName,
    /// The layer; `None` for features that have only one.
    pub layer: Option<usize>,
}

impl FromStr for Space {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, layer) = match text.rsplit_once(':') {
            Some((name, layer)) => {
                let wrong = |_| format!("{layer:?} is no layer, expected NAME:LAYER with a number from 0");
                (name, Some(layer.parse().map_err(wrong)?))
            }
            None => (text, None),
        };
        let name = name.parse().map_err(|error: NameError| error.to_string())?;
        Ok(Self { name, layer })
    }
}

impl TryFrom<String> for Space {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Space> for String {
    fn from(space: Space) -> Self {
        space.to_string()
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.layer {
            Some(layer) => write!(f, "{}:{layer}", self.name),
            None => self.name.fmt(f),
        }
    }
}
