//! Which of the scans of a folder are the runs of the study.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lpp_files::{EntityChoice, FileError, natural_order};
use lpp_study::RunKind;

use super::found::Found;

/// What is asked for, among the scans of a folder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BidsChoice {
    /// Labels of entities: `task-story`, `space-T1w`. An empty label takes names without the entity.
    pub only: Vec<EntityChoice>,
    /// The description; `None` for `preproc`, and for surfaces and grayordinates none.
    pub desc: Option<String>,
    /// The kind of scans; `None` for the only one that there is.
    pub kind: Option<RunKind>,
}

/// Entities that tell runs apart; all others must have one label, or be chosen.
const OF_RUNS: [&str; 4] = ["sub", "ses", "run", "hemi"];
/// The description that fMRIPrep gives to preprocessed volumes.
const PREPROCESSED: &str = "preproc";

impl BidsChoice {
    /// The scans that are asked for, which must differ only in what tells runs apart.
    ///
    /// # Errors
    /// [`FileError::Malformed`] naming the folder and the choices that there are.
    pub(super) fn among(&self, folder: &Path, scans: Vec<Found>) -> Result<Vec<Found>, FileError> {
        if scans.is_empty() {
            let expected = "files such as sub-01/func/sub-01_task-story_run-1_desc-preproc_bold.nii.gz";
            return Err(FileError::malformed(folder, "no scans (_bold)", expected));
        }
        let mut left = scans;
        for choice in &self.only {
            let choices = labels(&left, choice.key());
            left.retain(|found| choice.takes(&found.name));
            if left.is_empty() {
                let expected = format!("scans of {choice}");
                return Err(FileError::malformed(
                    folder,
                    format!("scans of {}", said(choice.key(), &choices)),
                    expected,
                ));
            }
        }
        let choices = labels(&left, "desc");
        left.retain(|found| self.takes_desc(found));
        if left.is_empty() {
            let asked = self.desc.as_deref().unwrap_or(PREPROCESSED);
            let expected = format!("scans of desc-{asked} (--desc); is this the folder of derivatives?");
            return Err(FileError::malformed(
                folder,
                format!("scans of {}", said("desc", &choices)),
                expected,
            ));
        }
        left.retain(|found| self.kind.is_none_or(|kind| found.kind == kind));
        self.check_one(folder, &left)?;
        Ok(left)
    }

    fn takes_desc(&self, found: &Found) -> bool {
        let desc = found.label("desc");
        match &self.desc {
            Some(asked) => desc == *asked,
            None => desc == PREPROCESSED || desc.is_empty() && found.kind != RunKind::Volume,
        }
    }

    /// Every entity that does not tell runs apart must have one label.
    fn check_one(&self, folder: &Path, scans: &[Found]) -> Result<(), FileError> {
        let kinds: BTreeSet<RunKind> = scans.iter().map(|found| found.kind).collect();
        let keys: BTreeSet<&str> = scans
            .iter()
            .flat_map(|found| found.name.entities().map(|(key, _)| key))
            .collect();
        let open: Vec<(&str, Vec<String>)> = keys
            .into_iter()
            .filter(|key| !OF_RUNS.contains(key) && !self.is_chosen(key))
            .map(|key| (key, labels(scans, key)))
            .filter(|(key, labels)| {
                labels.len() > 1 && (*key == "space" || varies_within_a_space(scans, key))
            })
            .collect();
        let mut found: Vec<String> = open
            .iter()
            .map(|(key, labels)| format!("{} {} ({})", labels.len(), plural(key), said(key, labels)))
            .collect();
        let mut flags: Vec<String> = open.iter().map(|(key, labels)| flag(key, labels)).collect();
        // Where the space decides, the kind follows.
        let decided = open.iter().any(|(key, _)| *key == "space");
        if kinds.len() > 1 && !decided {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
            found.push(format!("{} kinds of scans ({})", kinds.len(), names.join(", ")));
            flags.push(format!("--kind {}", names[0]));
        }
        if found.is_empty() {
            return if kinds.is_empty() {
                Err(FileError::malformed(
                    folder,
                    "no scans of this kind",
                    "scans of the kind of --kind",
                ))
            } else {
                Ok(())
            };
        }
        let expected = format!("one of each; choose for example with {}", flags.join(" "));
        Err(FileError::malformed(folder, found.join("; "), expected))
    }

    fn is_chosen(&self, key: &str) -> bool {
        // Several chosen tasks are stories of one study each.
        self.only.iter().any(|choice| choice.key() == key)
    }
}

/// Whether an entity is a choice of its own, and does not follow from the space.
fn varies_within_a_space(scans: &[Found], key: &str) -> bool {
    let mut of_space: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for found in scans {
        of_space
            .entry(found.label("space"))
            .or_default()
            .insert(found.label(key));
    }
    of_space.values().any(|labels| labels.len() > 1)
}

/// The labels of an entity in natural order, one empty if a name lacks it.
fn labels(scans: &[Found], key: &str) -> Vec<String> {
    let labels: BTreeSet<String> = scans.iter().map(|found| found.label(key)).collect();
    let mut labels: Vec<String> = labels.into_iter().collect();
    labels.sort_by(|a, b| natural_order(a, b));
    labels
}

fn said(key: &str, labels: &[String]) -> String {
    const MOST: usize = 6;
    let more = if labels.len() > MOST { ", ..." } else { "" };
    let names = labels.iter().take(MOST).map(|label| match label.as_str() {
        "" => format!("no {key}"),
        label => format!("{key}-{label}"),
    });
    names.collect::<Vec<_>>().join(", ") + more
}

fn plural(key: &str) -> String {
    match key {
        "desc" => "descriptions".to_owned(),
        "res" => "resolutions".to_owned(),
        "echo" => "echoes".to_owned(),
        "acq" => "acquisitions".to_owned(),
        "den" => "densities".to_owned(),
        _ => format!("{key}s"),
    }
}

/// The flag that chooses one label of an entity.
fn flag(key: &str, labels: &[String]) -> String {
    let label = labels
        .iter()
        .find(|label| !label.is_empty())
        .map_or("", String::as_str);
    match key {
        "task" | "space" | "desc" => format!("--{key} {label}"),
        _ => format!("--only {key}-{label}"),
    }
}
