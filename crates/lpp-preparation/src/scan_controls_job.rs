//! Low-level controls that are properties of scans: when pictures were shown, and how much scans differ from those before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lpp_files::{BidsName, BoundedRows, FileError, npy};
use lpp_fmri::{BrainMask, FmriError, Hrf, ImageReader, RegressorOperator};
use lpp_steps::{ScanControlStep, Software, run_if_stale};
use lpp_study::FeatureSource;
use ndarray::{Array1, Array2, ArrayRef2, Axis, concatenate, stack};
use serde::Deserialize;

use crate::features::save_layer;
use crate::repetition_time::RepetitionTime;

/// A picture on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Picture {
    /// The run of the words, from 0.
    pub run: usize,
    /// When it appears, in seconds on the clock of the words.
    pub onset_s: f64,
    /// When it disappears.
    pub offset_s: f64,
}

impl Picture {
    /// The drawings that the subjects of the published English study saw in the first run, as the README of the data set
    /// (OpenNeuro ds003643) lists them.
    pub const PUBLISHED_ENGLISH: [Self; 3] = [
        Self::first(10.0, 25.0),
        Self::first(35.0, 55.0),
        Self::first(60.0, 75.0),
    ];

    const fn first(onset_s: f64, offset_s: f64) -> Self {
        Self {
            run: 0,
            onset_s,
            offset_s,
        }
    }

    /// Reads a table with the columns `run`, `onset_s` and `offset_s`.
    ///
    /// # Errors
    /// [`FileError`] naming the file, and the row whose times are no times.
    pub fn load_all(path: &Path) -> Result<Vec<Self>, FileError> {
        let file = lpp_files::open_input(path).map_err(FileError::read(path))?;
        let mut reader = csv::Reader::from_reader(BoundedRows::new(file));
        let expected = "a table with the columns run (from 0), onset_s and offset_s";
        let mut pictures: Vec<Self> = Vec::new();
        for (row, picture) in reader.deserialize().enumerate() {
            let picture: Self = picture.map_err(|e| FileError::malformed(path, e.to_string(), expected))?;
            let Self {
                onset_s, offset_s, ..
            } = picture;
            if !(onset_s >= 0.0 && offset_s > onset_s && offset_s.is_finite()) {
                let found = format!("{onset_s} to {offset_s} s in row {row}");
                return Err(FileError::malformed(
                    path,
                    found,
                    "an end behind its beginning, 0 s or later",
                ));
            }
            pictures.push(picture);
        }
        if pictures.is_empty() {
            return Err(FileError::malformed(path, "no rows", expected));
        }
        Ok(pictures)
    }
}

/// What a control of scans is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum ScanControl {
    /// Boxes while pictures are shown, convolved with a response.
    Pictures(Vec<Picture>, Hrf),
    /// √mean over voxels of the squared difference to the scan before, and the first difference of that.
    Dvars,
}

/// Writes the features of one control of scans.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanControlJob {
    /// Inputs and output.
    pub step: ScanControlStep,
    /// What is computed.
    pub control: ScanControl,
    /// Time of the first scan of each run on the clock of the words, s; empty or `None` for half a repetition time.
    pub start_s: Vec<Option<f64>>,
    /// What is said of the repetition time, besides the runs.
    pub tr: RepetitionTime,
    /// Recompute even if the features are up to date.
    pub force: bool,
}

impl ScanControlJob {
    /// Writes the features, one row per scan, unless they are up to date; returns whether they were.
    ///
    /// # Errors
    /// [`FmriError`] naming the file that cannot be read, the run without scans, the picture outside its run, runs of
    /// different lengths, or cleaned arrays where images are needed.
    pub fn run(&self, software: Software) -> Result<bool, FmriError> {
        let files: Vec<PathBuf> = self.step.runs.iter().flatten().cloned().collect();
        let tr_s = self.tr.of_runs(&files)?;
        let step = ScanControlStep {
            tr_s: Some(tr_s),
            ..self.step.clone()
        };
        let done = run_if_stale(software, vec![step.artefact()], self.force, || {
            let runs = match &self.control {
                ScanControl::Pictures(pictures, hrf) => self.pictures(pictures, hrf, tr_s)?,
                ScanControl::Dvars => self.dvars()?,
            };
            let name = step.control.clone();
            let metadata = [
                ("model", FeatureSource::Control { name }.to_string()),
                ("kind", "control".to_owned()),
                ("lang", step.lang.to_string()),
                ("rows", "scans".to_owned()),
                // A response is part of them, or has no part in them: lpp-fit --hrf leaves them as they are.
                ("design", "final".to_owned()),
            ];
            let metadata: BTreeMap<_, _> = metadata.map(|(key, value)| (key.to_owned(), value)).into();
            save_layer(&step.output, &runs, metadata).map_err(FmriError::from)
        })?;
        Ok(done.is_up_to_date())
    }

    fn pictures(&self, pictures: &[Picture], hrf: &Hrf, tr_s: f64) -> Result<Vec<Array2<f32>>, FmriError> {
        let table = self
            .step
            .pictures
            .as_deref()
            .unwrap_or(Path::new("the published pictures"));
        if let Some(wrong) = pictures
            .iter()
            .find(|picture| picture.run >= self.step.runs.len())
        {
            let expected = format!("runs from 0 to {}", self.step.runs.len() - 1);
            return Err(
                FileError::malformed(table, format!("a picture in run {}", wrong.run), expected).into(),
            );
        }
        let of_run = |(run, files): (usize, &Vec<PathBuf>)| {
            let n_scans = same_length(files)?;
            let shown: Vec<&Picture> = pictures.iter().filter(|picture| picture.run == run).collect();
            let start_s = self.start_s.get(run).copied().flatten().unwrap_or(0.5 * tr_s);
            let end_s = start_s + n_scans as f64 * tr_s;
            if let Some(late) = shown.iter().find(|picture| picture.onset_s >= end_s) {
                let found = format!("a picture at {} s in run {run}", late.onset_s);
                let expected = format!("times within its {n_scans} scans, which end at {end_s} s");
                return Err(FileError::malformed(table, found, expected).into());
            }
            let times = |of: fn(&Picture) -> f64| shown.iter().map(|picture| of(picture)).collect::<Vec<_>>();
            if shown.is_empty() {
                return Ok(Array2::zeros((n_scans, hrf.n_columns())));
            }
            let (onsets, offsets) = (
                times(|picture| picture.onset_s),
                times(|picture| picture.offset_s),
            );
            let operator = RegressorOperator::starting_at(start_s, &onsets, &offsets, n_scans, tr_s, hrf)?;
            Ok(operator
                .apply(&Array2::<f32>::ones((shown.len(), 1)))?
                .mapv(single))
        };
        self.step.runs.iter().enumerate().map(of_run).collect()
    }

    /// The mean over subjects of their DVARS, each relative to its mean over the run: their scanners' units differ.
    fn dvars(&self) -> Result<Vec<Array2<f32>>, FmriError> {
        let mask = BrainMask::load(self.step.mask.as_deref().ok_or(FmriError::NoRuns)?)?;
        let of_run = |files: &Vec<PathBuf>| {
            same_length(files)?;
            let mut sum: Option<Array1<f64>> = None;
            for file in files {
                let of_subject = dvars_of(file, &mask)?;
                sum = Some(sum.map_or_else(|| of_subject.clone(), |sum| sum + &of_subject));
            }
            let dvars = sum.ok_or(FmriError::NoRuns)? / files.len() as f64;
            Ok(with_difference(&dvars))
        };
        self.step.runs.iter().map(of_run).collect()
    }
}

/// DVARS of the scans of a file over its mean; the first scan, which has none before it, has the mean.
fn dvars_of(file: &Path, mask: &BrainMask) -> Result<Array1<f64>, FmriError> {
    if BidsName::of(file).is_array() {
        let expected =
            "the image as the scanner's preprocessing left it: cleaned signals all have variance 1";
        return Err(FileError::malformed(file, "an array", expected).into());
    }
    let scans = mask.signals(file, None)?.into_single();
    let differences = changes(&scans);
    let mean = differences.mean().filter(|mean| *mean > 0.0);
    let mean =
        mean.ok_or_else(|| FileError::malformed(file, "scans that are all the same", "scans that differ"))?;
    let of_all = concatenate(Axis(0), &[Array1::from_elem(1, mean).view(), differences.view()]);
    Ok(of_all.unwrap_or_else(|_| unreachable!("both are one-dimensional")) / mean)
}

/// √mean over voxels of the squared difference between a scan and the one before, from the second scan on.
fn changes(scans: &ArrayRef2<f32>) -> Array1<f64> {
    let later = scans.rows().into_iter().skip(1);
    let change = |(before, after): (ndarray::ArrayView1<f32>, ndarray::ArrayView1<f32>)| {
        let squares = before
            .iter()
            .zip(after)
            .map(|(a, b)| (f64::from(*b) - f64::from(*a)).powi(2));
        (squares.sum::<f64>() / before.len() as f64).sqrt()
    };
    scans.rows().into_iter().zip(later).map(change).collect()
}

/// A series and its first difference, which is 0 where one of both scans has no value of its own.
fn with_difference(series: &Array1<f64>) -> Array2<f32> {
    let difference = |scan: usize| {
        if scan < 2 {
            0.0
        } else {
            series[scan] - series[scan - 1]
        }
    };
    let differences: Array1<f64> = (0..series.len()).map(difference).collect();
    let both = stack(Axis(1), &[series.view(), differences.view()]);
    both.unwrap_or_else(|_| unreachable!("both have all scans"))
        .mapv(single)
}

/// Number of scans, the same in all files of a run.
fn same_length(files: &[PathBuf]) -> Result<usize, FmriError> {
    let (first, others) = files.split_first().ok_or(FmriError::NoRuns)?;
    let n_scans = n_scans(first)?;
    for file in others {
        let found = self::n_scans(file)?;
        if found != n_scans {
            let expected = format!("{n_scans} as in {}", first.display());
            return Err(FileError::malformed(file, format!("{found} scans"), expected).into());
        }
    }
    Ok(n_scans)
}

fn n_scans(file: &Path) -> Result<usize, FmriError> {
    if BidsName::of(file).is_array() {
        return Ok(npy::load_f32_matrix(file)?.nrows());
    }
    Ok(ImageReader::open(file)?.n_volumes())
}

#[expect(clippy::cast_possible_truncation, reason = "features are stored in f32")]
fn single(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn dvars_is_that_of_the_definition() {
        let scans = array![[1.0_f32, 2.0], [4.0, 6.0], [4.0, 6.0]];
        // √((3² + 4²)/2), then nothing.
        let changes = changes(&scans);
        assert!((changes[0] - 12.5_f64.sqrt()).abs() < 1e-12 && changes[1].abs() < 1e-12);
        let both = with_difference(&array![1.0, 3.0, 2.0, 2.5]);
        assert_eq!(both, array![[1.0_f32, 0.0], [3.0, 0.0], [2.0, -1.0], [2.5, 0.5]]);
    }

    #[test]
    fn pictures_are_read_and_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pictures.csv");
        let load = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Picture::load_all(&path)
        };
        let pictures = load("run,onset_s,offset_s\n0,10,25\n0,35,55\n0,60,75\n").unwrap();
        assert_eq!(pictures, Picture::PUBLISHED_ENGLISH);
        for wrong in [
            "run,onset_s\n0,1\n",
            "run,onset_s,offset_s\n",
            "run,onset_s,offset_s\n0,5,5\n",
            "run,onset_s,offset_s\n0,x,5\n",
        ] {
            assert!(
                load(wrong).unwrap_err().to_string().contains("pictures.csv"),
                "{wrong}"
            );
        }
    }
}
