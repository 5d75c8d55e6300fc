//! Which run of the study the words of a file or of a column's value belong to.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use lpp_files::{BidsName, FileError, missing_run, natural_order, without_leading_zeros};

/// What tells the run of words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RunOf {
    /// The name of the file: its entity `run`, or its last number.
    #[default]
    Name,
    /// The value in this column.
    Column(String),
}

impl FromStr for RunOf {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "name" => Self::Name,
            column => Self::Column(column.to_owned()),
        })
    }
}

/// The place of each label among the runs of the study, from 0. Labels are names of files without their ending, or
/// values of a column, each once; errors name `origin`.
///
/// If the study has a runs table, labels and `stories` must be the same, one to one. Otherwise labels are numbered in the
/// natural order of their numbers.
pub(crate) fn places(
    labels: &[String],
    stories: Option<&[String]>,
    origin: &Path,
) -> Result<Vec<usize>, FileError> {
    match stories {
        Some(stories) => by_story(labels, stories, origin),
        None => by_number(labels, origin),
    }
}

fn by_story(labels: &[String], stories: &[String], origin: &Path) -> Result<Vec<usize>, FileError> {
    let mut taken: BTreeMap<usize, &String> = BTreeMap::new();
    let mut places = Vec::new();
    for label in labels {
        let fitting: Vec<usize> = (0..stories.len())
            .filter(|story| is_of(label, &stories[*story]))
            .collect();
        let exact = fitting.iter().copied().find(|story| stories[*story] == *label);
        let place = match (exact, fitting.as_slice()) {
            (Some(place), _) | (None, &[place]) => place,
            (None, found) => {
                let found = format!("words of {label:?}, which is the name of {} stories", found.len());
                let expected = format!("words of the stories of runs.csv: {}", listed(stories));
                return Err(FileError::malformed(origin, found, expected));
            }
        };
        if let Some(first) = taken.insert(place, label) {
            let found = format!("{first:?} and {label:?}, both of the story {}", stories[place]);
            return Err(FileError::malformed(origin, found, "each story once"));
        }
        places.push(place);
    }
    if let Some(missing) = (0..stories.len()).find(|story| !taken.contains_key(story)) {
        let found = format!("words of {}", listed(labels));
        let expected = format!("words of the story {} of runs.csv too", stories[missing]);
        return Err(FileError::malformed(origin, found, expected));
    }
    Ok(places)
}

/// Whether a label names a story: it is the story, has all its entities, has its number, or has it as a part. A label without
/// entities may have the number of a run of any session.
fn is_of(label: &str, story: &str) -> bool {
    let (own, other) = (named(label), named(story));
    let entities: Vec<(&str, &str)> = other.entities().collect();
    let same = |a: &str, b: &str| without_leading_zeros(a) == without_leading_zeros(b);
    match entities[..] {
        [] => {
            same(label, story) || label.split(['_', '-', ' ']).any(|part| same(part, story)) || {
                story.bytes().all(|byte| byte.is_ascii_digit())
                    && number_of(label).is_some_and(|n| same(&n, story))
            }
        }
        [("run", run)] | [("ses", _), ("run", run)] if own.entities().next().is_none() => {
            number_of(label).is_some_and(|n| same(&n, run))
        }
        [("run", run)] if own.entity("run").is_none() => number_of(label).is_some_and(|n| same(&n, run)),
        _ => entities
            .iter()
            .all(|(key, value)| own.entity(key).is_some_and(|label| same(label, value))),
    }
}

fn by_number(labels: &[String], origin: &Path) -> Result<Vec<usize>, FileError> {
    if labels.len() == 1 {
        return Ok(vec![0]);
    }
    let mut keys = Vec::new();
    for label in labels {
        let name = named(label);
        let run = name
            .entity("run")
            .map(without_leading_zeros)
            .or_else(|| number_of(label));
        let Some(run) = run else {
            let expected = "names with the number of their run, or a runs.csv whose stories have these names";
            return Err(FileError::malformed(
                origin,
                format!("the run {label:?}"),
                expected,
            ));
        };
        let session = name
            .entity("ses")
            .map(|session| format!("{}_", without_leading_zeros(session)));
        keys.push(session.unwrap_or_default() + &run);
    }
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by(|a, b| natural_order(&keys[*a], &keys[*b]));
    if let Some(pair) = order.windows(2).find(|pair| keys[pair[0]] == keys[pair[1]]) {
        let found = format!(
            "{:?} and {:?}, both of run {}",
            labels[pair[0]], labels[pair[1]], keys[pair[0]]
        );
        return Err(FileError::malformed(origin, found, "each run once"));
    }
    if let Some(missing) = missing_run(&keys) {
        tracing::warn!(
            "there are no words of run {missing}; the column run counts the runs that there are, from 0"
        );
    }
    let mut places = vec![0; labels.len()];
    for (place, label) in order.into_iter().enumerate() {
        places[label] = place;
    }
    Ok(places)
}

/// The entities of a label, whatever points it has.
fn named(label: &str) -> BidsName {
    BidsName::of(Path::new(&label.replace('.', "")))
}

/// The last number in a label, without leading zeros. A value such as `3.0` is 3.
fn number_of(label: &str) -> Option<String> {
    let label = label.strip_suffix(".0").unwrap_or(label);
    let end = label.rfind(|c: char| c.is_ascii_digit())? + 1;
    let start = label[..end]
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| at + label[at..].chars().next().map_or(1, char::len_utf8));
    Some(without_leading_zeros(&label[start..end]))
}

fn listed(names: &[String]) -> String {
    const MOST: usize = 8;
    let more = if names.len() > MOST { ", ..." } else { "" };
    names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ") + more
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(labels: &[&str], stories: Option<&[&str]>) -> Result<Vec<usize>, String> {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let stories = stories.map(owned);
        places(&owned(labels), stories.as_deref(), Path::new("words")).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_count_as_numbers() {
        assert_eq!(of(&["s_10", "s_9", "s_1"], None), Ok(vec![2, 1, 0]));
        assert_eq!(of(&["lppEN_section7", "lppEN_section3"], None), Ok(vec![1, 0]));
        assert_eq!(
            of(&["sub-9_ses-2_run-1_events", "sub-9_ses-1_run-2_events"], None),
            Ok(vec![1, 0])
        );
        assert_eq!(of(&["2.0", "1.0"], None), Ok(vec![1, 0]));
        assert_eq!(of(&["alone"], None), Ok(vec![0]));
        assert!(
            of(&["tunnel", "pieman"], None)
                .unwrap_err()
                .contains("\"tunnel\"")
        );
        assert!(of(&["a_1", "b_01"], None).unwrap_err().contains("both of run 1"));
    }

    #[test]
    fn stories_must_all_be_there_once() {
        let stories = Some(&["tunnel", "pieman"][..]);
        assert_eq!(of(&["align_pieman_v2", "tunnel"], stories), Ok(vec![1, 0]));
        assert!(of(&["pieman"], stories).unwrap_err().contains("the story tunnel"));
        assert!(
            of(&["pieman", "x_pieman"], stories)
                .unwrap_err()
                .contains("both of the story pieman")
        );
        assert!(
            of(&["pieman", "tunnels"], stories)
                .unwrap_err()
                .contains("0 stories")
        );
        let sessions = Some(&["ses-1_run-1", "ses-1_run-2", "ses-2_run-1"][..]);
        let events = [
            "sub-01_ses-02_task-x_run-01_events",
            "sub-01_ses-01_run-1",
            "sub-01_ses-01_run-2",
        ];
        assert_eq!(of(&events, sessions), Ok(vec![2, 0, 1]));
        assert!(of(&["run-1", "ses-1_run-2", "ses-2_run-1"], sessions).is_err());
        // Numbers that only one session has.
        let counted = Some(&["ses-1_run-1", "ses-2_run-3", "ses-2_run-4"][..]);
        assert_eq!(of(&["owl_04", "owl_01", "owl_03"], counted), Ok(vec![2, 0, 1]));
        let error = of(&["owl_1", "owl_2", "owl_3"], sessions).unwrap_err();
        assert!(
            error.contains("\"owl_1\", which is the name of 2 stories"),
            "{error}"
        );
        assert_eq!(
            of(&["text 02", "text 01"], Some(&["run-1", "run-2"])),
            Ok(vec![1, 0])
        );
        assert_eq!(of(&["12", "2"], Some(&["2", "12"])), Ok(vec![1, 0]));
    }
}
