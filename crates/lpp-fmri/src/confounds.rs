//! Tables of confounds, such as those that fMRIPrep writes beside each run.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use glob::Pattern;
use ndarray::Array2;

use crate::FmriError;
use crate::csv_table::CsvTable;

/// Columns of a table of confounds, and the scans that are scrubbed.
///
/// Tables are separated by tabs or commas, with a row per scan. A missing value (`n/a`) in the
/// first row, as in derivatives over time, takes the value of the second row, as in nilearn's `load_confounds`.
///
/// ```
/// use lpp_fmri::Confounds;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("confounds.tsv");
/// std::fs::write(&path, "trans_x\ttrans_x_derivative1\tcsf\n0.1\tn/a\t5\n0.3\t0.2\t6\n")?;
/// let confounds = Confounds::load(&path, &["trans_*"], None)?;
/// assert_eq!(confounds.names(), ["trans_x", "trans_x_derivative1"]);
/// assert_eq!(confounds.values(), ndarray::array![[0.1, 0.2], [0.3, 0.2]]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Confounds {
    path: PathBuf,
    names: Vec<String>,
    values: Array2<f64>,
    scrubbed: Vec<usize>,
}

/// Scans to leave out: those at which a column is above a threshold. `framewise_displacement:0.5`
///
/// ```
/// let scrub: lpp_fmri::Scrub = "framewise_displacement:0.5".parse()?;
/// assert_eq!(scrub.threshold, 0.5);
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Scrub {
    /// The column.
    pub column: String,
    /// Largest value of a scan that stays.
    pub threshold: f64,
}

impl FromStr for Scrub {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once(':').filter(|(column, _)| !column.is_empty());
        let parse = |(column, threshold): (&str, &str)| {
            let threshold = threshold.parse().ok().filter(|t: &f64| t.is_finite())?;
            Some(Self {
                column: column.to_owned(),
                threshold,
            })
        };
        parts
            .and_then(parse)
            .ok_or_else(|| "expected COLUMN:THRESHOLD, for example framewise_displacement:0.5".to_owned())
    }
}

impl std::fmt::Display for Scrub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.column, self.threshold)
    }
}

impl Confounds {
    /// Reads the columns that match any of `patterns`, which are matched with whole names as in a shell, in the order of the
    /// table.
    ///
    /// # Errors
    /// [`FmriError::File`] naming the file, and the pattern that matches nothing, or the row and column of a value that is
    /// missing or no number.
    pub fn load(path: &Path, patterns: &[impl AsRef<str>], scrub: Option<&Scrub>) -> Result<Self, FmriError> {
        let table = CsvTable::load(path)?;
        let mut wanted = vec![false; table.names().len()];
        for pattern in patterns {
            let text = pattern.as_ref();
            let pattern = Pattern::new(text).map_err(|error| {
                FmriError::malformed(
                    path,
                    format!("the pattern {text:?}"),
                    format!("a shell pattern ({error})"),
                )
            })?;
            let matched = wanted
                .iter_mut()
                .zip(table.names())
                .filter(|(_, name)| pattern.matches(name));
            let n = matched.map(|(wanted, _)| *wanted = true).count();
            if n == 0 {
                let found = format!("no column {text} among {}", table.names().join(", "));
                return Err(FmriError::malformed(
                    path,
                    found,
                    "columns that match each pattern",
                ));
            }
        }
        let mut names = table.names();
        let mut keep = wanted.into_iter();
        names.retain(|_| keep.next() == Some(true));
        let columns = names.iter().map(|name| table.numbers_from_second_row(name));
        let columns: Vec<Vec<f64>> = columns.collect::<Result<_, _>>()?;
        let values = Array2::from_shape_fn((table.n_rows(), names.len()), |(scan, column)| {
            columns[column][scan]
        });
        let scrubbed = match scrub {
            None => Vec::new(),
            Some(scrub) => {
                let column = table.numbers_from_second_row(&scrub.column)?;
                let is_missing = table.first_is_missing(&scrub.column)?;
                // The first scan has no displacement; it is not scrubbed for that of the second.
                let scans = column.iter().enumerate().skip(usize::from(is_missing));
                scans
                    .filter(|(_, v)| **v > scrub.threshold)
                    .map(|(scan, _)| scan)
                    .collect()
            }
        };
        Ok(Self {
            path: path.to_owned(),
            names,
            values,
            scrubbed,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names of the columns.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Values, (`n_scans`, `n_columns`).
    #[must_use]
    pub fn values(&self) -> &Array2<f64> {
        &self.values
    }

    /// Scans to leave out, ascending.
    #[must_use]
    pub fn scrubbed(&self) -> &[usize] {
        &self.scrubbed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, patterns: &[&str], scrub: Option<&str>) -> Result<Confounds, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub-1_desc-confounds_timeseries.tsv");
        std::fs::write(&path, text).unwrap();
        let scrub = scrub.map(|scrub| scrub.parse().unwrap());
        Confounds::load(&path, patterns, scrub.as_ref()).map_err(|e| e.to_string())
    }

    const TABLE: &str = "csf\tcosine00\tframewise_displacement\ttrans_x\ttrans_x_power2\n\
                         1\t0.5\tn/a\t0.1\t0.01\n2\t0.4\t0.9\t0.2\t0.04\n3\t0.3\t0.2\t0.3\t0.09\n";

    #[test]
    fn patterns_are_those_of_a_shell() {
        let names = |patterns: &[&str]| load(TABLE, patterns, None).unwrap().names().to_vec();
        assert_eq!(names(&["trans_*", "csf"]), ["csf", "trans_x", "trans_x_power2"]);
        assert_eq!(names(&["trans_?"]), ["trans_x"]);
        assert_eq!(names(&["[ck]*", "*sf"]), ["csf", "cosine00"]);
        let error = load(TABLE, &["csf", "rot_*"], None).unwrap_err();
        assert!(error.contains("no column rot_* among csf, cosine00"), "{error}");
    }

    #[test]
    fn missing_values_are_only_at_the_start() {
        let found = load(TABLE, &["framewise*"], Some("framewise_displacement:0.5")).unwrap();
        assert_eq!(found.values().column(0).to_vec(), [0.9, 0.9, 0.2]);
        assert_eq!(found.scrubbed(), [1]);
        let later = TABLE.replace("0.2\t0.3", "n/a\t0.3");
        let error = load(&later, &["frame*"], None).unwrap_err();
        assert!(
            error.contains("\"n/a\" in column framewise_displacement, row 3"),
            "{error}"
        );
        let error = load(&TABLE.replace("0.9\t0.2", "n/a\t0.2"), &["frame*"], None).unwrap_err();
        assert!(error.contains("row 2"), "{error}");
        let error = load(TABLE, &["csf"], Some("fd:0.5")).unwrap_err();
        assert!(error.contains("expected a column fd"), "{error}");
    }

    #[test]
    fn a_scan_at_the_threshold_stays() {
        let scrubbed = |threshold: &str| {
            let scrub = format!("framewise_displacement:{threshold}");
            load(TABLE, &["csf"], Some(&scrub)).unwrap().scrubbed().to_vec()
        };
        assert_eq!(scrubbed("0.9"), [0; 0]);
        assert_eq!(scrubbed("0.2"), [1]);
        assert_eq!(scrubbed("0.19"), [1, 2]);
    }

    #[test]
    fn a_scrub_has_a_column_and_a_finite_threshold() {
        let scrub: Scrub = "a:b:0.25".parse().unwrap();
        assert_eq!((scrub.column.as_str(), scrub.threshold), ("a:b", 0.25));
        assert_eq!(scrub.to_string(), "a:b:0.25");
        for text in [":0.5", "fd", "fd:", "fd:x", "fd:inf", "fd:NaN"] {
            assert!(text.parse::<Scrub>().is_err(), "{text}");
        }
    }
}
