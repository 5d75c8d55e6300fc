//! The languages of the data set.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::NameError;

/// A language in which the story was told.
///
/// The short codes are those of the original file names: `en`, `fr`, `cn`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Language {
    /// English, 49 subjects.
    #[serde(rename = "en")]
    English,
    /// French, 28 subjects.
    #[serde(rename = "fr")]
    French,
    /// Chinese, 35 subjects.
    #[serde(rename = "cn")]
    Chinese,
}

impl Language {
    /// The code in lower case, as in file names: `en`, `fr`, `cn`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
            Self::Chinese => "cn",
        }
    }

    /// The code in upper case, as in the data set's folders and subjects: `EN`, `FR`, `CN`.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::English => "EN",
            Self::French => "FR",
            Self::Chinese => "CN",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Language {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        match name {
            "en" => Ok(Self::English),
            "fr" => Ok(Self::French),
            "cn" => Ok(Self::Chinese),
            _ => Err(NameError::UnknownLanguage {
                name: name.to_owned(),
            }),
        }
    }
}
