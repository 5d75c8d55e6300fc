//! The error of this crate.

use std::io;
use std::path::{Path, PathBuf};

/// What can go wrong with a file.
///
/// Each message names the file, what was found and, where there is one, what was expected; the cause is the
/// [`source`](std::error::Error::source) and is not repeated in the text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system refused to read a file; if it is not there, the message says what makes it, or which name is near.
    #[error("{}", crate::cannot_read(path, source))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The operating system refused to write a file; nothing stands under its final name.
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
    /// A file stands where an output should go, and this program has not made it.
    #[error("{}: {why}; name another file to write to, or overwrite it (--force)", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// Why it is taken for somebody else's.
        why: String,
    },
    /// A tensor was asked for, or given, that the activations file does not have in its plan.
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
        /// How many tensors are missing.
        missing: usize,
        /// How many there should be.
        total: usize,
    },
    /// An activation is too large for the type that it is to be stored in.
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
    /// Two inputs are one file, or two names of one run.
    #[error("found {} and {}, which are {what}; expected each run once", first.display(), second.display())]
    SameInput {
        /// The one that was given first.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// What they have in common.
        what: &'static str,
    },
    /// Runs of one list are not of one kind.
    #[error("{}: found {found}, expected {expected} (list runs of one kind)", path.display())]
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
        /// The input that it would replace, or the first of two that would be written there.
        first: PathBuf,
        /// The second of two.
        second: Option<PathBuf>,
    },
    /// A name is no entity with a label.
    #[error("found {name:?}, expected an entity and a label such as space-MNI152NLin2009cAsym")]
    UnknownEntity {
        /// The name.
        name: String,
    },
}

impl FileError {
    /// [`FileError::Malformed`]; what was found is cut short if it is long.
    pub fn malformed(path: &Path, found: impl Into<String>, expected: impl Into<String>) -> Self {
        // What a file holds may be as long as the file.
        let short = |text: String| crate::shortened(&text, crate::MOST_QUOTED).into_owned();
        Self::Malformed {
            path: path.to_owned(),
            found: short(found.into()),
            expected: short(expected.into()),
        }
    }

    /// The operating system refused to read `path`.
    pub fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    /// The operating system refused to write `path`.
    pub fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }
}

fn same_output(first: &Path, second: Option<&Path>) -> String {
    match second {
        None => format!(
            "found the input {} there, expected another file to write to",
            first.display()
        ),
        Some(second) => format!(
            "found {} and {}, which would both be written there under the same name, expected a place for each (call \
             the program once for each, with an output folder of its own)",
            first.display(),
            second.display()
        ),
    }
}
