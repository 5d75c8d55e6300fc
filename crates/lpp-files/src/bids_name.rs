//! The parts of the name of a file of scans: entities, suffix, ending.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::FileError;
use crate::natural_order::without_leading_zeros;

/// Suffixes of images that accompany runs but are not runs: references, masks, segmentations, anatomical images.
const NO_RUNS: [&str; 14] = [
    "boldref",
    "sbref",
    "mask",
    "dseg",
    "probseg",
    "aparcaseg",
    "T1w",
    "T2w",
    "FLAIR",
    "T2starw",
    "T1map",
    "epi",
    "phasediff",
    "timeseries",
];

/// The parts of a name such as `sub-01_task-story_run-2_space-T1w_bold.nii.gz`.
///
/// Entities are the parts `key-label`, in the order of the name. The suffix is the last part, if it is not an entity.
/// Any name can be parsed; a name that follows no rule has no entities.
///
/// # References
/// Brain Imaging Data Structure, <https://bids-specification.readthedocs.io>
///
/// ```
/// use lpp_files::BidsName;
///
/// let name = BidsName::of("func/sub-01_run-02_space-T1w_bold.nii.gz".as_ref());
/// assert_eq!((name.entity("run"), name.suffix(), name.is_volume()), (Some("02"), "bold", true));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BidsName {
    entities: Vec<(String, String)>,
    suffix: String,
    stem: String,
    ending: String,
}

impl BidsName {
    /// Parses the file name of `path`; folders are ignored.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let (stem, ending) = split_ending(&name);
        let mut parts: Vec<&str> = stem.split('_').collect();
        let suffix = match parts.pop() {
            Some(last) if entity(last).is_none() => last,
            Some(last) => {
                parts.push(last);
                ""
            }
            None => "",
        };
        Self {
            entities: parts.into_iter().filter_map(entity).collect(),
            suffix: suffix.to_owned(),
            stem: stem.to_owned(),
            ending: ending.to_ascii_lowercase(),
        }
    }

    /// The label of an entity: `02` of `run` in `…_run-02_…`.
    #[must_use]
    pub fn entity(&self, key: &str) -> Option<&str> {
        let found = self.entities.iter().find(|(found, _)| found == key);
        found.map(|(_, label)| label.as_str())
    }

    /// The entities, keys and labels, in the order of the name.
    pub fn entities(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entities
            .iter()
            .map(|(key, label)| (key.as_str(), label.as_str()))
    }

    /// Adds an entity that the name lacks, for example from a folder `ses-01`.
    #[must_use]
    pub fn or_entity(mut self, key: &str, label: &str) -> Self {
        if self.entity(key).is_none() {
            self.entities.push((key.to_owned(), label.to_owned()));
        }
        self
    }

    /// The kind of file: `bold`, `mask`, `boldref`.
    #[must_use]
    pub fn suffix(&self) -> &str {
        &self.suffix
    }

    /// The name without its ending.
    #[must_use]
    pub fn stem(&self) -> &str {
        &self.stem
    }

    /// The ending in lower case: `.nii.gz`, `.func.gii`.
    #[must_use]
    pub fn ending(&self) -> &str {
        &self.ending
    }

    /// Whether it is a volume image by its ending: `.nii` or `.nii.gz`, not `.dtseries.nii`.
    #[must_use]
    pub fn is_volume(&self) -> bool {
        matches!(self.ending.as_str(), ".nii" | ".nii.gz")
    }

    /// Whether it is a GIFTI file by its ending: `.func.gii`, `.surf.gii`.
    #[must_use]
    pub fn is_gifti(&self) -> bool {
        self.ending.rsplit('.').next() == Some("gii")
    }

    /// Whether it is a NumPy array by its ending.
    #[must_use]
    pub fn is_array(&self) -> bool {
        self.ending == ".npy"
    }

    /// Whether the suffix is that of an image that accompanies runs but is not a run.
    #[must_use]
    pub fn is_no_run(&self) -> bool {
        NO_RUNS.contains(&self.suffix.as_str())
    }

    /// The label of the run: that of the entity `run`, or else the stem without the subject. Leading zeros are ignored.
    #[must_use]
    pub fn run_label(&self) -> String {
        if let Some(run) = self.entity("run") {
            return without_leading_zeros(run);
        }
        let subject = self.entity("sub").map(|label| format!("sub-{label}"));
        let rest = subject.and_then(|subject| self.stem.strip_prefix(&subject));
        without_leading_zeros(rest.unwrap_or(&self.stem).trim_start_matches('_'))
    }

    /// The label of the entity `run`, if it is a number.
    #[must_use]
    pub fn run_number(&self) -> Option<u64> {
        self.entity("run")?.parse().ok()
    }

    /// Whether the file is from ds003643. There, run labels are the scanner's numbering, which has gaps and differs
    /// between subjects, so the k-th run of a subject is section k.
    #[must_use]
    pub fn is_of_ds003643(&self) -> bool {
        let subject = self.entity("sub").unwrap_or_default();
        ["EN", "FR", "CN"].iter().any(|lang| {
            let number = subject.strip_prefix(lang);
            number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
                && self.entity("task") == Some(&format!("lpp{lang}"))
                && self.entity("space") == Some("MNIColin27")
        })
    }
}

/// The GIFTI file of the right hemisphere beside that of the left one: `hemi-R` for `hemi-L` in its name. Files of values
/// and labels come in pairs; a mesh is used by itself.
///
/// ```
/// let right = lpp_files::right_hemisphere("func/sub-01_hemi-L_bold.func.gii".as_ref());
/// assert_eq!(right, Some("func/sub-01_hemi-R_bold.func.gii".into()));
/// assert_eq!(lpp_files::right_hemisphere("sub-01_bold.nii.gz".as_ref()), None);
/// assert_eq!(lpp_files::right_hemisphere("sub-01_hemi-L_white.surf.gii".as_ref()), None);
/// ```
#[must_use]
pub fn right_hemisphere(left: &Path) -> Option<PathBuf> {
    let name = BidsName::of(left);
    let holds_values = [".func.gii", ".shape.gii", ".label.gii"].contains(&name.ending());
    let is_left = name.entity("hemi") == Some("L") && holds_values;
    let file = left.file_name()?.to_str().filter(|_| is_left)?;
    Some(left.with_file_name(file.replacen("hemi-L", "hemi-R", 1)))
}

/// A file of values, and that of the right hemisphere if it is of the left one.
#[must_use]
pub fn both_hemispheres(path: &Path) -> Vec<PathBuf> {
    [path.to_owned()]
        .into_iter()
        .chain(right_hemisphere(path))
        .collect()
}

/// Key and label of a part, if it is an entity.
fn entity(part: &str) -> Option<(String, String)> {
    let (key, label) = part.split_once('-')?;
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '+');
    (plain(key) && !label.is_empty()).then(|| (key.to_owned(), label.to_owned()))
}

/// Stem and ending; an image's ending has two or three parts.
fn split_ending(name: &str) -> (&str, &str) {
    let lower = name.to_ascii_lowercase();
    let end = lower.strip_suffix(".gz").map_or(lower.len(), str::len);
    let Some(dot) = lower[..end].rfind('.').filter(|dot| *dot > 0) else {
        return name.split_at(end);
    };
    let inner = lower[..dot].rfind('.').filter(|inner| *inner > 0);
    // `.dtseries.nii`, `.func.gii`: two words that belong together.
    match inner {
        Some(inner) if matches!(&lower[dot..end], ".nii" | ".gii") && is_word(&lower[inner + 1..dot]) => {
            name.split_at(inner)
        }
        _ => name.split_at(dot),
    }
}

fn is_word(text: &str) -> bool {
    text.len() > 3 && text.bytes().all(|b| b.is_ascii_lowercase())
}

/// A choice of one label of an entity: `space-MNI152NLin2009cAsym`. `space-` selects names without that entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntityChoice {
    key: String,
    label: String,
}

impl EntityChoice {
    /// The entity.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether a name matches the choice; leading zeros are ignored.
    #[must_use]
    pub fn takes(&self, name: &BidsName) -> bool {
        let found = name.entity(&self.key).unwrap_or_default();
        without_leading_zeros(found) == without_leading_zeros(&self.label)
    }
}

impl std::fmt::Display for EntityChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.key, self.label)
    }
}

impl std::str::FromStr for EntityChoice {
    type Err = FileError;

    fn from_str(text: &str) -> Result<Self, FileError> {
        match text.split_once('-') {
            Some((key, label)) if !key.is_empty() && key.chars().all(char::is_alphanumeric) => Ok(Self {
                key: key.to_owned(),
                label: label.to_owned(),
            }),
            _ => Err(FileError::UnknownEntity {
                name: text.to_owned(),
            }),
        }
    }
}

impl TryFrom<String> for EntityChoice {
    type Error = FileError;

    fn try_from(text: String) -> Result<Self, FileError> {
        text.parse()
    }
}

impl From<EntityChoice> for String {
    fn from(choice: EntityChoice) -> Self {
        choice.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> BidsName {
        BidsName::of(Path::new(text))
    }

    #[test]
    fn names_are_taken_apart() {
        let full = name("a/sub-EN057_task-lppEN_run-15_space-MNIColin27_desc-preproc_bold.nii.gz");
        let entities: Vec<_> = full.entities().collect();
        assert_eq!(
            entities,
            [
                ("sub", "EN057"),
                ("task", "lppEN"),
                ("run", "15"),
                ("space", "MNIColin27"),
                ("desc", "preproc")
            ]
        );
        assert!(full.is_of_ds003643() && full.is_volume() && full.run_label() == "15");
        for (text, suffix, volume, array, label) in [
            ("run-003.npy", "", false, true, "3"),
            ("sub-1_run-1_boldref.nii", "boldref", true, false, "1"),
            (
                "sub-1_den-91k_bold.dtseries.nii",
                "bold",
                false,
                false,
                "den-91k_bold",
            ),
            (
                "sub-1_hemi-L_space-fsnative_bold.func.gii",
                "bold",
                false,
                false,
                "hemi-L_space-fsnative_bold",
            ),
            ("story2.NII.GZ", "story2", true, false, "story2"),
            ("v1.5_run-2.nii.gz", "", true, false, "2"),
            ("sub-02_pieman.npy", "pieman", false, true, "pieman"),
            ("plain", "plain", false, false, "plain"),
        ] {
            let found = name(text);
            assert_eq!(
                (
                    found.suffix(),
                    found.is_volume(),
                    found.is_array(),
                    found.run_label().as_str()
                ),
                (suffix, volume, array, label),
                "{text}"
            );
        }
    }

    #[test]
    fn only_the_published_names_are_the_published_data_set() {
        for text in [
            "sub-EN01_task-lppEN_run-1_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz",
            "sub-EN01_task-lppFR_run-1_space-MNIColin27_bold.nii.gz",
            "sub-01_task-lppEN_run-1_space-MNIColin27_bold.nii.gz",
            "sub-EN_task-lppEN_space-MNIColin27_bold.nii.gz",
        ] {
            assert!(!name(text).is_of_ds003643(), "{text}");
        }
        assert!(
            name("sub-CN013_task-lppCN_run-04_space-MNIColin27_res-4mm_desc-preproc_bold.nii")
                .is_of_ds003643()
        );
    }

    #[test]
    fn a_choice_takes_one_label_or_none() {
        let choice = |text: &str| text.parse::<EntityChoice>().unwrap();
        let t1w = name("sub-1_run-01_space-T1w_bold.nii.gz");
        assert!(
            choice("space-T1w").takes(&t1w) && choice("run-1").takes(&t1w) && choice("echo-").takes(&t1w)
        );
        assert!(!choice("space-MNI").takes(&t1w) && !choice("space-").takes(&t1w));
        for text in ["T1w", "", "-x", "space=T1w"] {
            assert!(text.parse::<EntityChoice>().is_err(), "{text}");
        }
        assert_eq!(choice("desc-preproc").to_string(), "desc-preproc");
    }
}
