//! What a set of scans consists of: the files of each story, their lengths, and the scans that were scrubbed.

use std::path::{Path, PathBuf};

use lpp_files::{MappedMatrix, npy};
use lpp_steps::TargetSet;
use ndarray::{Array2, ArrayView2, Axis, Zip};
use rayon::prelude::*;

use crate::EncodingError;
use crate::prepared::to_f32;

/// The runs of a set, by story. In most studies a story is a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heard {
    pub(crate) stories: Vec<Story>,
    pub(crate) n_voxels: usize,
}

/// A story and the runs in which it was heard.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Story {
    pub(crate) runs: Vec<Run>,
}

/// A file of scans.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) path: PathBuf,
    pub(crate) n_scans: usize,
    /// Scrubbed scans, which are NaN in every voxel.
    pub(crate) absent: Vec<usize>,
}

impl Heard {
    /// Looks at the files of a set without keeping them.
    ///
    /// # Errors
    /// [`EncodingError::File`] if one cannot be read, [`EncodingError::Mismatch`] if runs differ in voxels, or runs of a
    /// story in scans, or if a story was not heard.
    pub(crate) fn of(set: &TargetSet) -> Result<Self, EncodingError> {
        let shapes: Vec<(Run, usize)> = set
            .runs
            .par_iter()
            .map(|path| survey(path))
            .collect::<Result<_, _>>()?;
        check_voxels(&shapes)?;
        let n_voxels = shapes.first().map_or(0, |(_, n_voxels)| *n_voxels);
        let n_stories = match &set.stories {
            Some(stories) => stories.iter().max().map_or(0, |last| last + 1),
            None => shapes.len(),
        };
        let mut stories = vec![Story::default(); n_stories];
        for (place, (run, _)) in shapes.into_iter().enumerate() {
            let story = set.stories.as_ref().map_or(place, |stories| stories[place]);
            stories[story].add(run)?;
        }
        match stories.iter().position(|story| story.runs.is_empty()) {
            Some(story) => Err(EncodingError::Mismatch {
                path: set.runs.first().cloned().unwrap_or_default(),
                found: format!("no run of story {story} for {}", set.subject),
                expected: "a run of each story of the words".to_owned(),
            }),
            None => Ok(Self { stories, n_voxels }),
        }
    }

    /// Scans of each story before trimming.
    pub(crate) fn n_scans(&self) -> Vec<usize> {
        self.stories.iter().map(Story::n_scans).collect()
    }

    /// Number of scans that are left out.
    pub(crate) fn n_absent(&self) -> usize {
        self.stories.iter().map(|story| story.absent().len()).sum()
    }
}

impl Story {
    fn add(&mut self, run: Run) -> Result<(), EncodingError> {
        if let Some(first) = self.runs.first()
            && first.n_scans != run.n_scans
        {
            return Err(EncodingError::Mismatch {
                path: run.path,
                found: format!("{} scans", run.n_scans),
                expected: format!(
                    "{} as in {}, of the same story",
                    first.n_scans,
                    first.path.display()
                ),
            });
        }
        self.runs.push(run);
        Ok(())
    }

    pub(crate) fn n_scans(&self) -> usize {
        self.runs.first().map_or(0, |run| run.n_scans)
    }

    /// Scans that are absent in every run.
    pub(crate) fn absent(&self) -> Vec<usize> {
        let Some((first, others)) = self.runs.split_first() else {
            return Vec::new();
        };
        let everywhere = |scan: &&usize| others.iter().all(|run| run.absent.contains(scan));
        first.absent.iter().filter(everywhere).copied().collect()
    }

    /// The file that stands for the story in messages.
    pub(crate) fn path(&self) -> &Path {
        self.runs.first().map_or(Path::new(""), |run| &run.path)
    }

    /// The scans, averaged over the runs in which they are present.
    pub(crate) fn load(&self) -> Result<Array2<f32>, EncodingError> {
        if let [run] = self.runs.as_slice() {
            return Ok(npy::load_f32_matrix(&run.path)?);
        }
        let mut sums = Array2::<f64>::zeros((0, 0));
        let mut n_present = vec![0_u32; self.n_scans()];
        for run in &self.runs {
            let scans = npy::load_f32_matrix(&run.path)?;
            if sums.is_empty() {
                sums = Array2::zeros(scans.raw_dim());
            }
            for (scan, row) in scans.rows().into_iter().enumerate() {
                if !run.absent.contains(&scan) {
                    n_present[scan] += 1;
                    Zip::from(sums.row_mut(scan))
                        .and(row)
                        .for_each(|sum, &v| *sum += f64::from(v));
                }
            }
        }
        for (mut row, n) in sums.rows_mut().into_iter().zip(n_present) {
            row /= f64::from(n);
        }
        Ok(sums.mapv(to_f32))
    }
}

fn survey(path: &Path) -> Result<(Run, usize), EncodingError> {
    let of = |scans: ArrayView2<'_, f32>| {
        let is_absent = |row: &usize| {
            let row = scans.index_axis(Axis(0), *row);
            !row.is_empty() && row.iter().all(|value| value.is_nan())
        };
        let run = Run {
            path: path.to_owned(),
            n_scans: scans.nrows(),
            absent: (0..scans.nrows()).filter(is_absent).collect(),
        };
        (run, scans.ncols())
    };
    Ok(match MappedMatrix::<f32>::open(path)? {
        Some(scans) => of(scans.view()?),
        None => of(npy::load_f32_matrix(path)?.view()),
    })
}

/// All runs must have the voxels of the first one.
fn check_voxels(runs: &[(Run, usize)]) -> Result<(), EncodingError> {
    let Some((first, expected)) = runs.first() else {
        return Ok(());
    };
    match runs.iter().find(|(_, found)| found != expected) {
        Some((run, found)) => Err(EncodingError::Mismatch {
            path: run.path.clone(),
            found: format!("{found} voxels"),
            expected: format!("{expected} as in {}", first.path.display()),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_study::{Language, Study};
    use ndarray::array;

    fn set(folder: &Path, runs: &[Array2<f32>], stories: Option<Vec<usize>>) -> TargetSet {
        let save = |(place, run): (usize, &Array2<f32>)| {
            let path = folder.join(format!("run-{place}.npy"));
            npy::save(&path, run).unwrap();
            path
        };
        let files = runs.iter().enumerate().map(save).collect();
        let average = TargetSet::average(&Study::planned(folder), "toy", Language::English, files);
        TargetSet { stories, ..average }
    }

    #[test]
    fn a_repeated_story_is_averaged_over_the_scans_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let nan = f32::NAN;
        let runs = [
            array![[1.0_f32, 2.0], [nan, nan], [nan, nan]],
            array![[5.0, 5.0]],
            array![[3.0, 0.0], [7.0, nan], [nan, nan]],
        ];
        let heard = Heard::of(&set(folder.path(), &runs, Some(vec![1, 0, 1]))).unwrap();
        assert_eq!(heard.n_scans(), [1, 3]);
        assert_eq!((heard.stories[1].absent(), heard.n_absent()), (vec![2], 1));
        let mean = heard.stories[1].load().unwrap();
        assert_eq!(mean.row(0), array![2.0, 1.0]);
        assert!((mean[[1, 0]] - 7.0).abs() < 1e-6 && mean[[1, 1]].is_nan());
    }

    #[test]
    fn runs_that_do_not_fit_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = |runs: &[Array2<f32>], stories| {
            Heard::of(&set(folder.path(), runs, stories))
                .unwrap_err()
                .to_string()
        };
        let long = Array2::zeros((4, 2));
        let error = refusal(&[long.clone(), Array2::zeros((4, 3))], None);
        assert!(
            error.contains("run-1.npy: found 3 voxels, expected 2 as in"),
            "{error}"
        );
        let error = refusal(&[long.clone(), Array2::zeros((3, 2))], Some(vec![0, 0]));
        assert!(error.contains("run-1.npy: found 3 scans, expected 4"), "{error}");
        let error = refusal(&[long.clone(), long], Some(vec![0, 2]));
        assert!(error.contains("no run of story 1"), "{error}");
    }
}
