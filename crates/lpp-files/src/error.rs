//! The error of this crate.

use std::io;
use std::path::{Path, PathBuf};

/// Errors about files.
///
/// Each message gives the file, what was found and, if applicable, what was expected. The cause is the
/// [`source`](std::error::Error::source) and is not repeated in the text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// A file cannot be read. If it does not exist, the message says which program makes it, or which names are
    /// similar.
    #[error("{}", crate::cannot_read(path, source))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file cannot be written; no file of its final name exists.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file has unexpected contents.
    #[error("{}: found {found}, expected {expected}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it contains.
        found: String,
        /// What it should contain.
        expected: String,
    },
    /// A file exists at the path of an output and was not made by this program.
    #[error("{}: {why}; give another output file, or overwrite it (--force)", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// Why it is not considered an output of this program.
        why: String,
    },
    /// A tensor is not in the plan of the activations file.
    #[error("{}: no tensor run-{run}/layer-{layer}", path.display())]
    NoSuchTensor {
        /// The file.
        path: PathBuf,
        /// The run, from 0.
        run: usize,
        /// The layer, from 0.
        layer: usize,
    },
    /// Some tensors of an activations file were never written.
    #[error("{}: {missing} of {total} tensors were not written", path.display())]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// Number of missing tensors.
        missing: usize,
        /// Expected number of tensors.
        total: usize,
    },
    /// An activation is too large for the storage type.
    #[error("{}: found {value} at run {run}, layer {layer}, word {word}; expected at most 65504 in size, the range of \
             f16 (store it as f32)", path.display())]
    BeyondF16 {
        /// The file that is written.
        path: PathBuf,
        /// The run, from 0.
        run: usize,
        /// The layer, from 0.
        layer: usize,
        /// The word of the run, from 0.
        word: usize,
        /// The activation.
        value: f32,
    },
    /// Two inputs are the same file, or two names of the same run.
    #[error("found {} and {}, which are {what}; expected each run once", first.display(), second.display())]
    SameInput {
        /// The one that was given first.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// What they have in common.
        what: &'static str,
    },
    /// The runs of a list are of different kinds.
    #[error("{}: found {}, expected {expected} (list runs of one kind)", path.display(), crate::quote(found))]
    MixedRuns {
        /// The file that differs from the first.
        path: PathBuf,
        /// What its name says.
        found: String,
        /// What that of the first says.
        expected: String,
    },
    /// An output would be written over an input or another output.
    #[error("{}: {}; nothing was written", output.display(), same_output(first, second.as_deref()))]
    SameOutput {
        /// The output.
        output: PathBuf,
        /// The input that it would replace, or the first of two inputs with this output.
        first: PathBuf,
        /// The second of two.
        second: Option<PathBuf>,
    },
    /// A name is not an entity with a label.
    #[error(
        "found {}, expected an entity and a label such as space-MNI152NLin2009cAsym",
        crate::in_quotes(name)
    )]
    UnknownEntity {
        /// The name.
        name: String,
    },
}

impl FileError {
    /// [`FileError::Malformed`]; a long description of what was found is truncated.
    pub fn malformed(path: &Path, found: impl Into<String>, expected: impl Into<String>) -> Self {
        let short = |text: String| crate::quote(&text).into_owned();
        Self::Malformed {
            path: path.to_owned(),
            found: short(found.into()),
            expected: short(expected.into()),
        }
    }

    /// The error for a file `path` that cannot be read.
    pub fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    /// The error for a file `path` that cannot be written.
    pub fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }
}

fn same_output(first: &Path, second: Option<&Path>) -> String {
    match second {
        None => format!(
            "the output {} is also an input; give another output file",
            first.display()
        ),
        Some(second) => format!(
            "found {} and {}, whose outputs would have the same name; run the program once for each, with separate \
             output folders",
            first.display(),
            second.display()
        ),
    }
}
