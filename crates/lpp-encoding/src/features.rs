//! Activations of words as features of scans.

use std::path::{Path, PathBuf};

use lpp_files::{Activations, TimedWord, WordTable};
use lpp_fmri::{CleaningParams, FmriError, Hrf, RegressorOperator, RunTimes, SignalCleaner};
use lpp_ridge::delayed;
use lpp_steps::check_word_stories;
use ndarray::{Array2, ArrayRef2};

use crate::EncodingError;
use crate::pieces::Pieces;
use crate::projector::Projector;

/// Turns the layers of an activations file into features, with one regressor matrix per run for all layers.
///
/// If the metadata of the file contain `rows` = `scans`, its rows are already features of scans.
#[derive(Debug)]
pub(crate) struct LayerFeatures {
    path: PathBuf,
    activations: Activations,
    rows: Rows,
    words_sha256: Option<String>,
    /// Applied to the features of all scans of a run.
    filter: Option<SignalCleaner>,
    /// Applied to the activations before anything else.
    projector: Option<Projector>,
    warnings: Vec<String>,
}

/// What the rows of the activations are.
#[derive(Debug)]
enum Rows {
    /// Words, which these matrices turn into scans.
    Words(Vec<RegressorOperator>),
    /// Scans, as many in each run, which are the design itself.
    Scans(Vec<usize>),
    /// Scans, which these matrices convolve with a response.
    Convolved(Vec<RegressorOperator>),
    /// Scans, which are delayed by these numbers of scans.
    Delayed(Vec<usize>, Vec<isize>),
}

/// Features of one layer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layer {
    /// (`n_scans`, `n_features`) of each piece, columns z-scored; a feature that is constant in a piece is 0 there.
    pub(crate) pieces: Vec<Array2<f64>>,
    /// Features that are constant in at least one piece.
    pub(crate) n_constant: usize,
}

/// When words were heard, and how the brain responds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Design<'a> {
    /// The words and their times; not read if rows are scans.
    pub(crate) words: Option<&'a Path>,
    /// Names of the stories that the words must be of; empty if there are none.
    pub(crate) stories: &'a [String],
    /// Scans of each run.
    pub(crate) n_scans: &'a [usize],
    /// Time of the first scan of each run on the clock of the words, s; empty or `None` for half a repetition time.
    pub(crate) start_s: &'a [Option<f64>],
    /// Repetition time, s.
    pub(crate) tr_s: f64,
    /// The haemodynamic response.
    pub(crate) hrf: &'a Hrf,
    /// Whether features of scans are convolved too.
    pub(crate) convolve_scans: bool,
    /// Whether features are detrended and high-passed like the scans of the reference study.
    pub(crate) filter_features: bool,
}

impl Design<'_> {
    /// What the reference study does to scans before it standardises them.
    fn filter(&self) -> Result<SignalCleaner, FmriError> {
        let params = CleaningParams {
            standardise: false,
            tr_s: self.tr_s,
            ..CleaningParams::reference()
        };
        params.check()
    }
}

/// Whether the rows of an activations file are scans. If the metadata do not say, they are words.
pub(crate) fn rows_are_scans(path: &Path, activations: &Activations) -> Result<bool, EncodingError> {
    match activations.metadata().get("rows").map(String::as_str) {
        None | Some("words") => Ok(false),
        Some("scans") => Ok(true),
        Some(other) => Err(EncodingError::Mismatch {
            path: path.to_owned(),
            found: format!("rows = {other:?} in the metadata"),
            expected: "words or scans".to_owned(),
        }),
    }
}

impl LayerFeatures {
    /// Opens `activations` and prepares the regressors of runs. Finite impulse responses of features of scans are
    /// features of earlier scans.
    ///
    /// # Errors
    /// [`EncodingError::File`] if a file cannot be read, [`EncodingError::Mismatch`] if words, activations and scans
    /// differ in runs or words, [`EncodingError::Fmri`] if a run is too short for a regressor or its words are outside
    /// its scans.
    pub(crate) fn open(activations: &Path, design: Design<'_>) -> Result<Self, EncodingError> {
        let n_scans = design.n_scans;
        let path = activations.to_owned();
        let activations = Activations::open(&path)?;
        let mismatch = |path: &Path, found: usize, expected: String| EncodingError::Mismatch {
            path: path.to_owned(),
            found: format!("{found} runs"),
            expected,
        };
        if n_scans.len() != activations.n_runs() {
            return Err(mismatch(
                &path,
                activations.n_runs(),
                format!("{} as there are runs of scans", n_scans.len()),
            ));
        }
        let (mut warnings, mut words_sha256) = (Vec::new(), None);
        let is_final = activations
            .metadata()
            .get("design")
            .is_some_and(|design| design == "final");
        let rows = if rows_are_scans(&path, &activations)? {
            rows_of_scans(design, is_final)?
        } else {
            let words = design.words.ok_or_else(|| EncodingError::Mismatch {
                path: path.clone(),
                found: "activations of words, and no table of words".to_owned(),
                expected: "the words with their times".to_owned(),
            })?;
            check_word_stories(words, design.stories)?;
            let table = WordTable::load(words)?;
            if table.n_runs() != activations.n_runs() {
                let expected = format!("{} as in {}", activations.n_runs(), path.display());
                return Err(mismatch(words, table.n_runs(), expected));
            }
            words_sha256 = Some(check_words(&path, &activations, words, &table)?);
            let runs = n_scans.iter().enumerate().map(|(run, &n)| {
                let (operator, of_run) = regressor(words, run, table.run(run), n, design)?;
                warnings.extend(of_run);
                Ok(operator)
            });
            Rows::Words(runs.collect::<Result<_, EncodingError>>()?)
        };
        Ok(Self {
            path,
            activations,
            rows,
            words_sha256,
            filter: design.filter_features.then(|| design.filter()).transpose()?,
            projector: None,
            warnings,
        })
    }

    /// The same with the activations of each layer projected.
    pub(crate) fn projected(self, projector: Option<Projector>) -> Self {
        Self { projector, ..self }
    }

    /// The activations.
    pub(crate) fn activations(&self) -> &Activations {
        &self.activations
    }

    /// The hash of the table of words; `None` for features of scans.
    pub(crate) fn words_sha256(&self) -> Option<&str> {
        self.words_sha256.as_deref()
    }

    /// Whether a haemodynamic response is part of the features.
    pub(crate) fn are_convolved(&self) -> bool {
        !matches!(self.rows, Rows::Scans(_))
    }

    /// Doubts about the times of the words relative to the scans.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Features of all scans of each run, for one layer.
    ///
    /// # Errors
    /// [`EncodingError::Mismatch`] if the number of words (or scans) of a run differs from its word table, if its width
    /// differs from the first run, or if it contains a NaN or an infinity, [`EncodingError::File`] for a broken file,
    /// [`EncodingError::Fmri`] if a run is too short for the filter.
    pub(crate) fn scans(&self, layer: usize) -> Result<Vec<Array2<f64>>, EncodingError> {
        let n_runs = self.activations.n_runs();
        let mut width = None;
        let mut of_run = |run| {
            let rows = self.activations.layer(run, layer)?;
            let width = *width.get_or_insert(rows.ncols());
            if rows.dim() != (self.n_rows(run), width) {
                return Err(self.mismatch(
                    format!("run {run}, layer {layer} of shape {:?}", rows.dim()),
                    format!("{:?} ({}s, width)", (self.n_rows(run), width), self.row_name()),
                ));
            }
            let scans = self.of_scans(run, layer, &self.project(layer, rows)?)?;
            match &self.filter {
                Some(filter) => Ok(filter.clean_double(&scans)?),
                None => Ok(scans),
            }
        };
        (0..n_runs).map(&mut of_run).collect()
    }

    fn project(&self, layer: usize, rows: Array2<f32>) -> Result<Array2<f32>, EncodingError> {
        match &self.projector {
            None => Ok(rows),
            Some(projector) if projector.projection.dims <= rows.ncols() => Ok(projector.apply(layer, &rows)),
            Some(projector) => Err(self.mismatch(
                format!("{} features in layer {layer}", rows.ncols()),
                format!(
                    "at least the {} of --project; use no more than the narrowest model has",
                    projector.projection.dims
                ),
            )),
        }
    }

    /// Features of the pieces of one layer, z-scored, from those of [`scans`](Self::scans).
    ///
    /// # Errors
    /// [`EncodingError::Run`] if a run is too short to trim.
    pub(crate) fn cut(&self, scans: &[Array2<f64>], pieces: &Pieces) -> Result<Layer, EncodingError> {
        let mut constant = vec![false; scans.first().map_or(0, Array2::ncols)];
        let mut all = Vec::new();
        for (run, scans) in scans.iter().enumerate() {
            let of_run = pieces
                .standardised(run, scans)
                .map_err(|source| EncodingError::Run {
                    path: self.path.clone(),
                    source,
                })?;
            for piece in of_run {
                for column in constant_columns(&piece) {
                    constant[column] = true;
                }
                all.push(piece);
            }
        }
        Ok(Layer {
            pieces: all,
            n_constant: constant.into_iter().filter(|constant| *constant).count(),
        })
    }

    /// The pieces of one layer.
    ///
    /// # Errors
    /// As [`scans`](Self::scans) and [`cut`](Self::cut).
    pub(crate) fn layer(&self, layer: usize, pieces: &Pieces) -> Result<Vec<Array2<f64>>, EncodingError> {
        Ok(self.cut(&self.scans(layer)?, pieces)?.pieces)
    }

    /// Features of all scans of a run.
    fn of_scans(&self, run: usize, layer: usize, rows: &Array2<f32>) -> Result<Array2<f64>, EncodingError> {
        let not_finite = |row: usize, feature: usize, value: f64| {
            self.mismatch(
                format!(
                    "the activation {value} at run {run}, layer {layer}, {} {row}, feature {feature} (all count from 0)",
                    self.row_name()
                ),
                "finite numbers".to_owned(),
            )
        };
        match &self.rows {
            Rows::Words(operators) | Rows::Convolved(operators) => {
                operators[run].apply(rows).map_err(|error| match error {
                    FmriError::NonFiniteActivation { word, feature, value } => {
                        not_finite(word, feature, value)
                    }
                    other => other.into(),
                })
            }
            Rows::Scans(_) | Rows::Delayed(..) => {
                if let Some(((row, feature), value)) =
                    rows.indexed_iter().find(|(_, value)| !value.is_finite())
                {
                    return Err(not_finite(row, feature, f64::from(*value)));
                }
                let rows = rows.mapv(f64::from);
                match &self.rows {
                    Rows::Delayed(_, delays) => delayed(&rows, delays).map_err(|source| EncodingError::Run {
                        path: self.path.clone(),
                        source,
                    }),
                    _ => Ok(rows),
                }
            }
        }
    }

    fn mismatch(&self, found: String, expected: String) -> EncodingError {
        EncodingError::Mismatch {
            path: self.path.clone(),
            found,
            expected,
        }
    }

    fn n_rows(&self, run: usize) -> usize {
        match &self.rows {
            Rows::Words(operators) | Rows::Convolved(operators) => operators[run].n_words(),
            Rows::Scans(n_scans) | Rows::Delayed(n_scans, _) => n_scans[run],
        }
    }

    fn row_name(&self) -> &'static str {
        match &self.rows {
            Rows::Words(_) => "word",
            _ => "scan",
        }
    }
}

/// The hash of the words, which must be that of the words of the features, if their metadata have it.
fn check_words(
    path: &Path,
    activations: &Activations,
    words: &Path,
    table: &WordTable,
) -> Result<String, EncodingError> {
    let found = table.sha256();
    match activations.metadata().get(WordTable::HASH_KEY) {
        Some(own) if *own != found => Err(EncodingError::Mismatch {
            path: path.to_owned(),
            found: format!(
                "features of other words ({} {})",
                WordTable::HASH_KEY,
                own.get(..12).unwrap_or(own)
            ),
            expected: format!(
                "those of {} ({}); make the features again from these words, or give their own table with --words",
                words.display(),
                &found[..12]
            ),
        }),
        _ => Ok(found),
    }
}

/// The regressors of a run, and doubts about its times.
fn regressor(
    file: &Path,
    run: usize,
    words: &[TimedWord],
    n_scans: usize,
    design: Design<'_>,
) -> Result<(RegressorOperator, Vec<String>), EncodingError> {
    let tr_s = design.tr_s;
    // Without a time of its own, the first scan is at half a repetition time, as in the published study.
    let usual_s = 0.5 * tr_s;
    let start_s = design.start_s.get(run).copied().flatten().unwrap_or(usual_s);
    let (onsets, offsets): (Vec<f64>, Vec<f64>) = words.iter().map(|w| (w.onset_s, w.offset_s)).unzip();
    let from_first = |times: &[f64]| RunTimes::from_first_scan(times, start_s, tr_s);
    let of_start = if (start_s - usual_s).abs() > 0.0 {
        ", whose first scan is at start_s"
    } else {
        ""
    };
    let times = RunTimes {
        file,
        run: &format!("run {run}{of_start}"),
        onsets_s: &from_first(&onsets),
        offsets_s: &from_first(&offsets),
        name: &|word| format!("word {word} ({:?})", words[word].word),
        n_scans,
        tr_s,
    };
    let warnings = times.check()?;
    let operator = RegressorOperator::starting_at(start_s, &onsets, &offsets, n_scans, tr_s, design.hrf)?;
    Ok((operator, warnings))
}

/// What becomes of features of scans: each is an event that lasts for its scan, or they stay as they are. So do those that
/// the file says are final: a response is part of them already, or has no part in them.
fn rows_of_scans(design: Design<'_>, is_final: bool) -> Result<Rows, EncodingError> {
    let n_scans = design.n_scans.to_vec();
    match design.hrf {
        _ if is_final || !design.convolve_scans => Ok(Rows::Scans(n_scans)),
        Hrf::Fir(delays) => Ok(Rows::Delayed(
            n_scans,
            delays.iter().map(|d| d.cast_signed()).collect(),
        )),
        hrf => {
            let operator = |&n: &usize| {
                let onsets: Vec<f64> = (0..n).map(|scan| scan as f64 * design.tr_s).collect();
                let offsets: Vec<f64> = onsets.iter().map(|onset| onset + design.tr_s).collect();
                Ok(RegressorOperator::new(&onsets, &offsets, n, design.tr_s, hrf)?)
            };
            let operators = n_scans
                .iter()
                .map(operator)
                .collect::<Result<_, EncodingError>>()?;
            Ok(Rows::Convolved(operators))
        }
    }
}

/// Columns that are constant, which z-scoring sets to 0.
fn constant_columns(standardised: &ArrayRef2<f64>) -> impl Iterator<Item = usize> {
    let is_zero = |&column: &usize| standardised.column(column).iter().all(|v| v.abs() <= 0.0);
    (0..standardised.ncols()).filter(is_zero)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::s;

    #[test]
    fn constant_features_become_0_at_any_scale_and_harm_no_other() {
        let n = 49;
        let wave = |i: usize| (0.3 * i as f64).sin();
        let columns: [&dyn Fn(usize) -> f64; 7] = [
            &wave,
            &|_| 0.0,
            &|_| 437.3,
            &|_| -0.1e-20,
            &|i| 76.71 + if i % 2 == 0 { 1e-14 } else { 0.0 },
            // Constant once the ends are cut.
            &|i| if (5..44).contains(&i) { 1.0 } else { wave(i) },
            &|i| 1e6 + 1e-3 * wave(i),
        ];
        let features = Array2::from_shape_fn((n, columns.len()), |(i, j)| columns[j](i));
        let standardised = |features: &ArrayRef2<f64>| {
            let found = lpp_ridge::trim_and_standardise(features, 5).unwrap();
            let constant: Vec<usize> = constant_columns(&found).collect();
            (found, constant)
        };
        let (found, constant) = standardised(&features);
        assert_eq!(constant, [1, 2, 3, 4, 5]);
        for column in [1, 2, 3, 4, 5] {
            assert!(found.column(column).iter().all(|v| *v == 0.0));
        }
        let (alone, none) = standardised(&features.slice(s![.., ..1]));
        assert!(none.is_empty() && alone.column(0) == found.column(0));
        // What a feature of 1e6 keeps of a thousandth.
        assert!(
            (&found.column(6) - &found.column(0))
                .iter()
                .all(|d| d.abs() < 1e-6)
        );
    }
}
