//! The grid on which the scans of a study are analysed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The grid on which scans are masked and fitted: `[grid]` of `lpp.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Table", into = "Table")]
pub enum StudyGrid {
    /// The 4 mm grid of the published study.
    Paper,
    /// That of the scans, which are not resampled.
    Native,
    /// That of an image, from the study folder.
    Like(PathBuf),
}

/// The keys of the table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    like: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Paper,
    Native,
}

impl TryFrom<Table> for StudyGrid {
    type Error = &'static str;

    fn try_from(table: Table) -> Result<Self, &'static str> {
        match (table.kind, table.like) {
            (Some(Kind::Paper), None) => Ok(Self::Paper),
            (Some(Kind::Native), None) => Ok(Self::Native),
            (None, Some(image)) => Ok(Self::Like(image)),
            _ => Err("[grid] needs one of kind = \"paper\", kind = \"native\" and like = \"FILE\""),
        }
    }
}

impl From<StudyGrid> for Table {
    fn from(grid: StudyGrid) -> Self {
        let (kind, like) = match grid {
            StudyGrid::Paper => (Some(Kind::Paper), None),
            StudyGrid::Native => (Some(Kind::Native), None),
            StudyGrid::Like(image) => (None, Some(image)),
        };
        Self { kind, like }
    }
}
