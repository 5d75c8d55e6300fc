//! Reads arrays written by Python's joblib, without executing anything.
//!
//! The reference study publishes its arrays as joblib dumps. A dump is a pickle, that is, a program for a small stack
//! machine, in which each array is a wrapper object followed by raw bytes; the whole is compressed. A pickle can name
//! and call any Python function. This reader knows exactly three names (the wrapper class, `numpy.ndarray`,
//! `numpy.dtype`), allows only the use that joblib makes of each, and refuses everything else. Sizes are checked
//! against the file length before memory is allocated.

mod dialect;
mod tree;

use std::path::Path;

use lpp_pickle::Limits;

use self::dialect::Joblib;
use crate::FmriError;
use crate::byte_source::ByteSource;
use crate::numeric::NumArray;

pub use tree::JoblibTree;

/// Reads a dump that is one array, such as the published inter-subject correlations.
///
/// # Errors
/// [`FmriError`] naming the file if it cannot be read, is truncated, is not a joblib dump, or is a dump of something
/// else.
///
/// ```no_run
/// let isc = lpp_fmri::joblib::load_array("isc_10trials_en.gz".as_ref())?;
/// assert_eq!(isc.shape(), [10, 25870]);
/// # Ok::<(), lpp_fmri::FmriError>(())
/// ```
pub fn load_array(path: &Path) -> Result<NumArray, FmriError> {
    match load_tree(path)? {
        JoblibTree::Array(array) => Ok(array),
        JoblibTree::Sequence(items) => Err(FmriError::malformed(
            path,
            format!("a sequence of {} items", items.len()),
            "one array",
        )),
    }
}

/// Reads a dump of arrays in nested lists and tuples, such as the activations of all runs, layers and words.
///
/// # Errors
/// As [`load_array`]; also for an item that is not an array, list or tuple, for lists nested deeper than 32, and for a
/// list that occurs twice.
pub fn load_tree(path: &Path) -> Result<JoblibTree, FmriError> {
    let mut source = ByteSource::open(path)?;
    let limits = Limits::for_file(source.file_size());
    let (root, objects) = lpp_pickle::read(&mut source, &mut Joblib, limits)?;
    source.drain()?;
    JoblibTree::new(root, objects).map_err(|found| source.malformed(found, "arrays in lists and tuples"))
}
