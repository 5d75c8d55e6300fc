//! The words of the runs from `events.tsv`, beside the runs or in the raw data set.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lpp_files::{BidsName, FileError, inherited_files};
use lpp_study::{RunsTable, TableRun};
use serde_json::Value;

use crate::words::same_words;

/// Where events may lie besides the folder of the runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsSource {
    /// The folder of derivatives.
    pub folder: PathBuf,
    /// The raw data set, if it is given.
    pub raw: Option<PathBuf>,
    /// The column of the words, if it is given.
    pub column: Option<String>,
}

impl EventsSource {
    /// The events of each story, in the order of the stories: those of the first subject that heard it.
    ///
    /// # Errors
    /// [`FileError`] naming a run without events, or two files of one story with other words or other times.
    pub fn files(&self, runs: &RunsTable) -> Result<Vec<PathBuf>, FileError> {
        let raw = self.raw_folder()?;
        let mut first: BTreeMap<String, PathBuf> = BTreeMap::new();
        for run in runs.runs() {
            let story = runs.story_of(run);
            let events = Self::of_run(run, raw.as_deref())?;
            match first.get(&story) {
                Some(known) if *known != events => same_words(known, &events, self.column.as_deref())?,
                Some(_) => {}
                None => {
                    first.insert(story, events);
                }
            }
        }
        let stories = runs.stories();
        Ok(stories
            .iter()
            .filter_map(|story| first.get(story).cloned())
            .collect())
    }

    fn of_run(run: &TableRun, raw: Option<&Path>) -> Result<PathBuf, FileError> {
        let name = BidsName::of(&run.path).or_entity("sub", &run.subject);
        let name = if run.session.is_empty() {
            name
        } else {
            name.or_entity("ses", &run.session)
        };
        let beside = run.path.parent().unwrap_or(Path::new("."));
        let mut places = vec![beside.to_owned()];
        places.extend(raw.map(|raw| {
            let subject = raw.join(format!("sub-{}", run.subject));
            let session = if run.session.is_empty() {
                subject
            } else {
                subject.join(format!("ses-{}", run.session))
            };
            session.join("func")
        }));
        let found = places
            .iter()
            .flat_map(|folder| inherited_files(&name, folder, "events", ".tsv"));
        found.into_iter().next().ok_or_else(|| {
            let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
            let expected = format!(
                "its events.tsv in {} or above (--raw names the raw data set)",
                places.join(" or ")
            );
            FileError::malformed(&run.path, format!("no events of {}", run.labels()), expected)
        })
    }

    /// The raw data set: the given one, or that which `dataset_description.json` names.
    fn raw_folder(&self) -> Result<Option<PathBuf>, FileError> {
        if let Some(raw) = &self.raw {
            if !raw.is_dir() {
                return Err(FileError::malformed(
                    raw,
                    "no such folder",
                    "the raw data set (--raw)",
                ));
            }
            return Ok(Some(raw.clone()));
        }
        let file = self.folder.join("dataset_description.json");
        let Ok(text) = lpp_files::read_input(&file) else {
            return Ok(None);
        };
        let json: Value = lpp_files::json::from_slice(&text).map_err(|e| {
            FileError::malformed(&file, format!("no JSON ({e})"), "the description of the data set")
        })?;
        let sources = json
            .get("SourceDatasets")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let links = json
            .get("DatasetLinks")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        let named = sources
            .filter_map(|source| source.get("URL"))
            .chain(links.map(|(_, url)| url));
        let paths = named
            .filter_map(Value::as_str)
            .map(|url| url.strip_prefix("file://").unwrap_or(url));
        Ok(paths
            .map(|path| self.folder.join(path))
            .find(|path| path.is_dir()))
    }
}
