//! Features of other programs become activations of the study.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lpp_files::{ActivationsWriter, FileError, LayerShape, WordTable, check_distinct_files, check_outputs};
use lpp_steps::{Choice, ImportFeaturesStep, Software, run_if_stale};

use super::arrays::{load_csv, load_npy};
use super::hdf5::load_hdf5;
use super::named_arrays::load_safetensors;
use super::npz::load_npz;
use super::parquet::load_parquet;
use super::run_features::{Place, RunFeatures};
use crate::words::places;

/// What the rows of features are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowsAre {
    /// Words: a response makes features of scans of them.
    #[default]
    Words,
    /// Scans.
    Scans,
}

impl Choice for RowsAre {
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Words, "words", "the words of words_LANG.csv in their order"),
        (Self::Scans, "scans", "the scans of the run"),
    ];
}

/// Reads features and writes activations of one language.
#[derive(Debug, Clone, Default)]
pub struct FeaturesJob {
    /// The files: one a run, or one with all runs.
    pub files: Vec<PathBuf>,
    /// The name of the features in the study.
    pub name: String,
    /// The language.
    pub lang: String,
    /// What the rows are.
    pub rows: RowsAre,
    /// The axis of the layers, of arrays that have one.
    pub layer_axis: Option<usize>,
    /// The stories of the study, if it has a runs table.
    pub stories: Option<Vec<String>>,
    /// Rows that each run must have, if they are known, and the file that says so.
    pub n_rows: Option<(Vec<usize>, PathBuf)>,
    /// The hash of the table of words, for features of words.
    pub words_sha256: Option<String>,
    /// The activations.
    pub output: PathBuf,
    /// Write them even if they are up to date.
    pub force: bool,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeaturesReport {
    /// Whether the activations were up to date.
    pub up_to_date: bool,
    /// Rows of each run.
    pub n_rows: Vec<usize>,
    /// Features of each layer.
    pub n_features: Vec<usize>,
}

impl FeaturesJob {
    /// Reads the features, and writes the activations unless they are up to date.
    ///
    /// # Errors
    /// [`FileError`] naming the file and the run if a run is missing or there twice, has other rows than words or scans,
    /// other layers or features than the first run, or a value that is not finite.
    pub fn run(&self, software: Software) -> Result<FeaturesReport, FileError> {
        check_distinct_files(&self.files)?;
        check_outputs(&self.files, std::slice::from_ref(&self.output))?;
        let mut read: Vec<(PathBuf, RunFeatures)> = Vec::new();
        for path in &self.files {
            let runs = load(path, self.layer_axis)?;
            read.extend(runs.into_iter().map(|run| (path.clone(), run)));
        }
        let runs = self.in_order(read)?;
        self.check(&runs)?;
        let step = ImportFeaturesStep {
            files: self.files.clone(),
            name: self.name.clone(),
            lang: self.lang.clone(),
            rows: self.rows.name().to_owned(),
            layer_axis: self.layer_axis,
            stories: self.stories.clone(),
            output: self.output.clone(),
        };
        let done = run_if_stale(software, vec![step.artefact()], self.force, || self.write(&runs))?;
        Ok(FeaturesReport {
            up_to_date: done.is_up_to_date(),
            n_rows: runs.iter().map(|(_, run)| run.layers[0].nrows()).collect(),
            n_features: runs[0].1.layers.iter().map(ndarray::Array2::ncols).collect(),
        })
    }

    /// The runs in the order of the study, from 0 without a gap.
    fn in_order(
        &self,
        mut read: Vec<(PathBuf, RunFeatures)>,
    ) -> Result<Vec<(PathBuf, RunFeatures)>, FileError> {
        let first = self.files.first().map_or(Path::new("features"), PathBuf::as_path);
        let names: Vec<String> = read
            .iter()
            .filter_map(|(_, run)| match &run.place {
                Place::Name(name) => Some(name.clone()),
                Place::Run(_) => None,
            })
            .collect();
        let numbers: Vec<usize> = if names.is_empty() {
            let places = read.iter().filter_map(|(_, run)| match run.place {
                Place::Run(number) => Some(number),
                Place::Name(_) => None,
            });
            places.collect()
        } else if names.len() == read.len() {
            places(&names, self.stories.as_deref(), first)?
        } else {
            return Err(FileError::malformed(
                first,
                "files of one run and files of several",
                "files of one kind",
            ));
        };
        let mut order: Vec<usize> = (0..read.len()).collect();
        order.sort_by_key(|at| numbers[*at]);
        if let Some((expected, at)) = order
            .iter()
            .enumerate()
            .find(|(expected, at)| numbers[**at] != *expected)
        {
            let found = format!("run {} in place of run {expected}", numbers[*at]);
            return Err(FileError::malformed(
                &read[*at].0,
                found,
                "each run once, from run-0 on without a gap",
            ));
        }
        let mut taken: Vec<Option<(PathBuf, RunFeatures)>> = read.drain(..).map(Some).collect();
        Ok(order.into_iter().filter_map(|at| taken[at].take()).collect())
    }

    fn check(&self, runs: &[(PathBuf, RunFeatures)]) -> Result<(), FileError> {
        let none = || FileError::malformed(Path::new("features"), "no run", "at least one run");
        let widths = |run: &RunFeatures| run.layers.iter().map(ndarray::Array2::ncols).collect::<Vec<_>>();
        let expected = widths(&runs.first().ok_or_else(none)?.1);
        for (number, (path, run)) in runs.iter().enumerate() {
            let refused = |found: String, expected: String| Err(FileError::malformed(path, found, expected));
            let found = widths(run);
            if found != expected || found.is_empty() || found.contains(&0) {
                let [found, expected] = [found, expected].map(|widths| described(&widths));
                return refused(
                    format!("{found} in run {number}"),
                    format!("{expected} as in run 0"),
                );
            }
            let n_rows = run.layers[0].nrows();
            if let Some(layer) = run.layers.iter().find(|layer| layer.nrows() != n_rows) {
                return refused(
                    format!("layers of {n_rows} and {} rows in run {number}", layer.nrows()),
                    "one row per word or scan in each layer".to_owned(),
                );
            }
            for (layer, values) in run.layers.iter().enumerate() {
                if let Some(((row, column), value)) =
                    values.indexed_iter().find(|(_, value)| !value.is_finite())
                {
                    let found =
                        format!("{value} in run {number}, layer {layer}, row {row}, feature {column}");
                    return refused(found, "finite numbers in the range of f32".to_owned());
                }
            }
        }
        let Some((n_rows, said_by)) = &self.n_rows else {
            return Ok(());
        };
        let found: Vec<usize> = runs.iter().map(|(_, run)| run.layers[0].nrows()).collect();
        if found == *n_rows {
            return Ok(());
        }
        let wrong = (0..found.len().min(n_rows.len())).find(|run| found[*run] != n_rows[*run]);
        let (path, found, expected) = match wrong {
            Some(run) => (
                &runs[run].0,
                format!("{} rows in run {run}", found[run]),
                format!("{} {}", n_rows[run], self.rows.name()),
            ),
            None => (
                &runs[0].0,
                format!("{} runs", found.len()),
                format!("{} runs", n_rows.len()),
            ),
        };
        Err(FileError::malformed(
            path,
            found,
            format!("{expected} as in {}", said_by.display()),
        ))
    }

    fn write(&self, runs: &[(PathBuf, RunFeatures)]) -> Result<(), FileError> {
        let layers = || {
            let runs = runs.iter().enumerate();
            runs.flat_map(|(run, (_, of))| {
                of.layers
                    .iter()
                    .enumerate()
                    .map(move |(layer, values)| (run, layer, values))
            })
        };
        let shapes: Vec<LayerShape> = layers()
            .map(|(run, layer, values)| LayerShape {
                run,
                layer,
                n_words: values.nrows(),
                n_hidden: values.ncols(),
            })
            .collect();
        let words = self
            .words_sha256
            .as_ref()
            .map(|hash| (WordTable::HASH_KEY.to_owned(), hash.clone()));
        let metadata = [
            ("model".to_owned(), self.name.clone()),
            ("lang".to_owned(), self.lang.clone()),
            ("rows".to_owned(), self.rows.name().to_owned()),
            (
                "software".to_owned(),
                format!("lpp-rs {}", env!("CARGO_PKG_VERSION")),
            ),
        ];
        let metadata: BTreeMap<String, String> = metadata.into_iter().chain(words).collect();
        let mut writer = ActivationsWriter::create(&self.output, &shapes, &metadata)?;
        for (run, layer, values) in layers() {
            writer.write(run, layer, values)?;
        }
        writer.commit()
    }
}

fn described(widths: &[usize]) -> String {
    let first = widths.first().copied().unwrap_or(0);
    if widths.iter().all(|width| *width == first) {
        format!("{} layers of {first} features", widths.len())
    } else {
        format!("layers of {widths:?} features")
    }
}

/// Reads a file by its ending.
fn load(path: &Path, layer_axis: Option<usize>) -> Result<Vec<RunFeatures>, FileError> {
    let ending = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let without_layers = |runs: Result<Vec<RunFeatures>, FileError>| match layer_axis {
        None => runs,
        Some(_) => Err(FileError::malformed(
            path,
            "a file without axes",
            "arrays (.npy, .npz, .hdf5) with --layer-axis",
        )),
    };
    match ending.as_str() {
        "npy" => load_npy(path, layer_axis),
        "npz" => load_npz(path, layer_axis),
        "csv" | "tsv" => without_layers(load_csv(path)),
        "safetensors" => without_layers(load_safetensors(path)),
        "parquet" | "pq" => without_layers(load_parquet(path)),
        "h5" | "hdf5" | "hdf" => load_hdf5(path, layer_axis),
        _ => Err(FileError::malformed(
            path,
            format!("the ending {ending:?}"),
            ".npy, .npz, .csv, .tsv, .parquet, .hdf5 or .safetensors (numpy.savez and pandas.DataFrame.to_csv write these)",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_files::{Activations, npy};
    use ndarray::{Array2, Array3, array};

    const SOFTWARE: Software = Software {
        program: "lpp-import",
        version: "0",
        commit: None,
    };

    fn job(folder: &tempfile::TempDir, files: &[&str]) -> FeaturesJob {
        FeaturesJob {
            files: files.iter().map(|name| folder.path().join(name)).collect(),
            name: "own".to_owned(),
            lang: "de".to_owned(),
            output: folder.path().join("own_de.safetensors"),
            ..FeaturesJob::default()
        }
    }

    #[test]
    fn arrays_and_tables_become_activations_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        npy::save(&path("f_run-10.npy"), &array![[1_i64, 2], [3, 4], [5, 6]]).unwrap();
        std::fs::write(path("f_run-9.csv"), "a,b\n0.5,-1\n2e3,4\n").unwrap();
        let mut own = job(&folder, &["f_run-10.npy", "f_run-9.csv"]);
        own.rows = RowsAre::Scans;
        let report = own.run(SOFTWARE).unwrap();
        assert_eq!((report.n_rows, report.n_features), (vec![2, 3], vec![2]));
        let written = Activations::open(&own.output).unwrap();
        assert_eq!(
            written.layer(0, 0).unwrap(),
            array![[0.5_f32, -1.0], [2000.0, 4.0]]
        );
        assert_eq!(
            written.layer(1, 0).unwrap(),
            array![[1.0_f32, 2.0], [3.0, 4.0], [5.0, 6.0]]
        );
        assert_eq!(written.metadata()["rows"], "scans");
        assert!(own.run(SOFTWARE).unwrap().up_to_date);
        own.n_rows = Some((vec![2, 4], path("runs.csv")));
        let error = own.run(SOFTWARE).unwrap_err().to_string();
        assert!(
            error.contains("3 rows in run 1, expected 4 scans as in") && error.contains("f_run-10.npy"),
            "{error}"
        );
    }

    #[test]
    fn an_axis_of_layers_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let values = Array3::from_shape_fn((4, 2, 3), |(row, layer, feature)| {
            (100 * row + 10 * layer + feature) as f64
        });
        npy::save(&folder.path().join("run-0.npy"), &values).unwrap();
        let mut own = job(&folder, &["run-0.npy"]);
        assert!(
            own.run(SOFTWARE)
                .unwrap_err()
                .to_string()
                .contains("--layer-axis")
        );
        own.layer_axis = Some(1);
        own.run(SOFTWARE).unwrap();
        let layer = Activations::open(&own.output).unwrap().layer(0, 1).unwrap();
        assert_eq!(
            layer,
            Array2::from_shape_fn((4, 3), |(row, feature)| (100 * row + 10 + feature) as f32)
        );
    }

    #[test]
    fn what_does_not_belong_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        npy::save(&path("a_1.npy"), &array![[1.0, 2.0]]).unwrap();
        npy::save(&path("a_2.npy"), &array![[1.0], [2.0]]).unwrap();
        npy::save(&path("b_2.npy"), &array![[1.0, f64::NAN]]).unwrap();
        npy::save(&path("c_2.npy"), &array![[1.0, 1e300]]).unwrap();
        std::fs::write(path("d_2.csv"), "word,a\nda,1\n").unwrap();
        std::fs::write(path("e_2.csv"), "0.5,1\n1,2\n").unwrap();
        std::fs::write(path("g_2.npz"), "no archive").unwrap();
        for empty in ["h_2.hdf5", "i_2.parquet", "j_2.mat"] {
            std::fs::write(path(empty), "").unwrap();
        }
        for (file, said) in [
            ("a_2.npy", "1 layers of 1 features in run 1"),
            ("b_2.npy", "NaN in run 1, layer 0, row 0, feature 1"),
            ("c_2.npy", "inf in run 1"),
            ("d_2.csv", "\"da\" in row 1, column \"word\""),
            ("e_2.csv", "in the header"),
            ("g_2.npz", "a complete zip archive"),
            ("h_2.hdf5", "expected HDF5"),
            ("i_2.parquet", "expected a Parquet file"),
            ("j_2.mat", "the ending \"mat\""),
        ] {
            let error = job(&folder, &["a_1.npy", file])
                .run(SOFTWARE)
                .unwrap_err()
                .to_string();
            assert!(error.contains(file) && error.contains(said), "{error}");
        }
    }
}
