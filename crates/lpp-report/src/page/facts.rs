//! What the files of a study tell of how they were made.

use std::path::Path;

use lpp_files::FileError;
use lpp_steps::Provenance;
use lpp_study::{Language, ScoresInfo, Study};
use serde_json::Value;

use crate::ReportError;

/// The records beside scores, activations, scans and regions. What is not recorded is missing here, and not told.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// The sidecar of each model's scores.
    pub(crate) infos: Vec<ScoresInfo>,
    /// How the scores were made.
    pub(crate) fits: Vec<Provenance>,
    /// How the activations of models, untrained models and baselines were made.
    pub(crate) activations: Vec<Provenance>,
    /// How the first run of the average subject was made.
    pub(crate) average: Option<Provenance>,
    /// How the inter-subject correlation was made.
    pub(crate) isc: Option<Provenance>,
    /// How the regions were made.
    pub(crate) rois: Vec<Provenance>,
    /// Whether the study was simulated.
    pub(crate) simulated: bool,
}

impl Facts {
    /// Reads the records of `models` and `rois`.
    ///
    /// # Errors
    /// [`ReportError::File`] if the sidecar of a model's scores cannot be read.
    pub(crate) fn load(
        study: &Study,
        lang: Language,
        models: &[String],
        rois: &[String],
    ) -> Result<Self, ReportError> {
        let record = |path: &Path| Provenance::load(path).ok();
        Ok(Self {
            infos: models
                .iter()
                .map(|model| sidecar(&study.scores(model, lang).with_extension("json")))
                .collect::<Result<_, _>>()?,
            fits: models
                .iter()
                .filter_map(|model| record(&study.scores(model, lang)))
                .collect(),
            activations: models
                .iter()
                .filter_map(|model| record(&study.activations(model, lang)))
                .collect(),
            average: record(&study.average_run(lang, 0)),
            isc: record(&study.isc(lang)),
            rois: rois
                .iter()
                .filter_map(|roi| record(&study.roi_mask(roi)))
                .collect(),
            simulated: study.root().join("simulation/truth.json").exists(),
        })
    }

    /// Programs that made the files, each once, with their commit.
    pub(crate) fn programs(&self) -> Vec<String> {
        let records = self
            .activations
            .iter()
            .chain(&self.average)
            .chain(&self.isc)
            .chain(&self.rois)
            .chain(&self.fits);
        let mut names = Vec::new();
        for record in records {
            let name = program(&record.software, record.commit.as_deref());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// Name, version and, if known, the first digits of the commit.
pub(crate) fn program(software: &str, commit: Option<&str>) -> String {
    match commit {
        Some(commit) => format!("{software} ({})", commit.get(..12).unwrap_or(commit)),
        None => software.to_owned(),
    }
}

/// The value of a parameter on which all records agree; `None` without records.
pub(crate) fn agreed<'a>(records: &'a [Provenance], name: &str) -> Option<&'a Value> {
    let mut values = records.iter().map(|record| record.parameters.get(name));
    let first = values.next()??;
    values.all(|value| value == Some(first)).then_some(first)
}

/// Smallest and largest value of a numerical parameter, over the records that have it.
pub(crate) fn range(records: &[Provenance], name: &str) -> Option<(f64, f64)> {
    let values = records
        .iter()
        .filter_map(|record| record.parameters.get(name)?.as_f64());
    values.fold(None, |range, value| {
        let (low, high) = range.unwrap_or((value, value));
        Some((f64::min(low, value), f64::max(high, value)))
    })
}

fn sidecar(path: &Path) -> Result<ScoresInfo, ReportError> {
    let text = lpp_files::read_input_text(path).map_err(|source| FileError::Read {
        path: path.to_owned(),
        source,
    })?;
    lpp_files::json::from_str(&text).map_err(|error| {
        let malformed = FileError::Malformed {
            path: path.to_owned(),
            found: error.to_string(),
            expected: "the sidecar of a score file".to_owned(),
        };
        malformed.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_files::FileHash;

    fn record(window: u32) -> Provenance {
        Provenance {
            form: 2,
            software: "lpp-extract 0.1.0".to_owned(),
            commit: None,
            command: Vec::new(),
            parameters: [
                ("window".to_owned(), window.into()),
                ("overlap".to_owned(), 64.into()),
            ]
            .into(),
            inputs: Vec::new(),
            output: FileHash {
                path: "out".into(),
                bytes: 0,
                sha256: String::new(),
            },
            companions: Vec::new(),
            wall_s: 0.0,
            peak_memory_bytes: 0,
        }
    }

    #[test]
    fn only_what_all_records_say_is_agreed() {
        let records = [record(1024), record(2048)];
        assert_eq!(agreed(&records, "overlap"), Some(&64.into()));
        assert_eq!(agreed(&records, "window"), None);
        assert_eq!(agreed(&[], "overlap"), None);
        assert_eq!(range(&records, "window"), Some((1024.0, 2048.0)));
        assert_eq!(range(&records, "seed"), None);
    }

    #[test]
    fn programs_are_named_once() {
        let facts = Facts {
            activations: vec![record(1), record(2)],
            ..Facts::default()
        };
        assert_eq!(facts.programs(), ["lpp-extract 0.1.0"]);
        assert_eq!(program("a 1", Some("0123456789abcdef")), "a 1 (0123456789ab)");
    }
}
