//! An output file of a step, with everything that determines its contents.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lpp_files::both_hemispheres;
use serde::Serialize;
use serde_json::Value;

use crate::Provenance;

/// An output file of a step, with its inputs and parameters.
///
/// The plan of a study and the program that runs the step get it from the same function. Its record is up to date if it
/// has the same inputs and parameters. Values known only after the inputs are read (for example a repetition time from
/// the scans) are not in the plan, but in the record.
///
/// ```
/// use lpp_steps::Artefact;
///
/// let scores = Artefact::new("scores/gpt2_en.npy")
///     .input("activations/gpt2_en.safetensors")
///     .with("trim_scans", 10)
///     .if_known("tr_s", None::<f64>);
/// assert_eq!(scores.parameters.len(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Artefact {
    /// The file.
    pub path: PathBuf,
    /// The input files, in the order of the record.
    #[serde(skip)]
    pub inputs: Vec<PathBuf>,
    /// The parameters.
    pub parameters: BTreeMap<String, Value>,
    /// Whether older versions of the step did not write it; see [`added_later`](Self::added_later).
    #[serde(skip)]
    pub is_later: bool,
}

impl Artefact {
    /// An artefact without inputs and parameters.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            inputs: Vec::new(),
            parameters: BTreeMap::new(),
            is_later: false,
        }
    }

    /// Marks an output that older versions of the step did not write. Where neither it nor a record of it exists, the
    /// step may be up to date without it, so that an existing study is not computed again.
    #[must_use]
    pub fn added_later(self) -> Self {
        Self {
            is_later: true,
            ..self
        }
    }

    /// Whether the file, at `path`, is one that an older version did not write.
    #[must_use]
    pub fn was_never_written(&self, path: &Path) -> bool {
        self.is_later && !path.exists() && !Provenance::path_of(path).exists()
    }

    /// Adds an input.
    #[must_use]
    pub fn input(self, path: impl Into<PathBuf>) -> Self {
        self.inputs([path.into()])
    }

    /// Adds inputs; that of a left hemisphere is followed by its right one.
    #[must_use]
    pub fn inputs<P: Into<PathBuf>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        let files = paths.into_iter().flat_map(|path| both_hemispheres(&path.into()));
        self.inputs.extend(files);
        self
    }

    /// Adds a parameter that determines the contents. A value that JSON cannot represent (NaN) is recorded as `null`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.parameters
            .insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
        self
    }

    /// Adds a parameter if its value is known.
    #[must_use]
    pub fn if_known(self, name: &str, value: Option<impl Serialize>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}
