//! Runs from files: features read, targets mapped where that is possible.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use lpp_files::npy::{self, ViewElement, WritableElement};
use lpp_files::{FileError, MappedMatrix};
use lpp_ridge::{Element, delayed};
use ndarray::{Array2, ArrayRef2, ArrayView2, Axis, concatenate, s};

use crate::args::Args;

/// A number type of fits and files.
pub(crate) trait Number: Element + ViewElement + WritableElement {
    /// Reads a matrix, converting other numbers.
    fn load(path: &Path) -> Result<Array2<Self>, FileError>;

    /// The same, a vector as one column.
    fn load_columns(path: &Path) -> Result<Array2<Self>, FileError>;
}

impl Number for f32 {
    fn load(path: &Path) -> Result<Array2<Self>, FileError> {
        npy::load_f32_matrix(path)
    }

    fn load_columns(path: &Path) -> Result<Array2<Self>, FileError> {
        npy::load_f32_columns(path)
    }
}

impl Number for f64 {
    fn load(path: &Path) -> Result<Array2<Self>, FileError> {
        npy::load_f64_matrix(path)
    }

    fn load_columns(path: &Path) -> Result<Array2<Self>, FileError> {
        npy::load_f64_columns(path)
    }
}

/// One run of targets.
enum Targets<A> {
    /// In its file; its pages come and go as blocks of targets are used.
    Mapped(MappedMatrix<A>),
    /// In memory, converted.
    Read(Array2<A>),
}

/// All runs of targets.
pub(crate) struct TargetRuns<A>(Vec<Targets<A>>);

impl<A: Number> TargetRuns<A> {
    /// Opens the files and checks that they agree on their columns, naming the one that does not.
    pub(crate) fn open(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let open = |path: &PathBuf| {
            Ok::<_, FileError>(match MappedMatrix::open(path)? {
                Some(matrix) => Targets::Mapped(matrix),
                None => Targets::Read(A::load_columns(path)?),
            })
        };
        let runs = Self(paths.iter().map(open).collect::<Result<_, _>>()?);
        check_columns(paths, &runs.views()?)?;
        Ok(runs)
    }

    pub(crate) fn views(&self) -> Result<Vec<ArrayView2<'_, A>>, FileError> {
        self.0
            .iter()
            .map(|run| match run {
                Targets::Mapped(matrix) => matrix.view(),
                Targets::Read(array) => Ok(array.view()),
            })
            .collect()
    }
}

/// Reads the features, delayed if the flags say so, band by band.
pub(crate) fn features<A: Number>(args: &Args) -> anyhow::Result<Vec<Array2<A>>> {
    let runs = args
        .x
        .iter()
        .map(|path| A::load(path))
        .collect::<Result<Vec<_>, _>>()?;
    check_columns(&args.x, &runs.iter().map(|run| run.view()).collect::<Vec<_>>())?;
    let Some(delays) = &args.delays else {
        return Ok(runs);
    };
    let bands = args.banded.bands.as_deref();
    runs.iter()
        .zip(&args.x)
        .map(|(run, path)| delayed_bands(run, bands, delays).with_context(|| path.display().to_string()))
        .collect()
}

/// Each band at all delays, so that its columns stay together.
fn delayed_bands<A: Number>(
    run: &ArrayRef2<A>,
    bands: Option<&[usize]>,
    delays: &[isize],
) -> anyhow::Result<Array2<A>> {
    let whole = [run.ncols()];
    let widths = bands.unwrap_or(&whole);
    let covered = widths.iter().fold(0_usize, |sum, &w| sum.saturating_add(w));
    ensure!(
        covered == run.ncols(),
        "--bands cover {covered} features, the file has {}",
        run.ncols()
    );
    let mut left = 0;
    let mut parts = Vec::new();
    for width in widths {
        parts.push(delayed(&run.slice(s![.., left..left + width]), delays)?);
        left += width;
    }
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    Ok(concatenate(Axis(1), &views)?)
}

/// Features and targets must have one file per run, of the same number of scans.
pub(crate) fn check_runs<A: Number>(
    args: &Args,
    x: &[Array2<A>],
    y: &[ArrayView2<'_, A>],
) -> anyhow::Result<()> {
    ensure!(
        x.len() == y.len(),
        "{} files of features (--x) and {} of targets (--y), expected one of each per run",
        x.len(),
        y.len()
    );
    for (run, (x, y)) in x.iter().zip(y).enumerate() {
        ensure!(
            x.nrows() == y.nrows(),
            "{}: {} scans, but {} has {}",
            args.y[run].display(),
            y.nrows(),
            args.x[run].display(),
            x.nrows()
        );
    }
    Ok(())
}

fn check_columns<A>(paths: &[PathBuf], runs: &[ArrayView2<'_, A>]) -> anyhow::Result<()> {
    for (path, run) in paths.iter().zip(runs) {
        ensure!(
            !run.is_empty(),
            "{}: empty array of shape {:?}",
            path.display(),
            run.shape()
        );
        ensure!(
            run.ncols() == runs[0].ncols(),
            "{}: {} columns, but {} has {}",
            path.display(),
            run.ncols(),
            paths[0].display(),
            runs[0].ncols()
        );
    }
    Ok(())
}
