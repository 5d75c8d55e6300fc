//! The pieces of runs that are standardised by themselves, and the folds that are made of them.

use std::ops::Range;
use std::path::Path;

use lpp_ridge::{Folds, Number, RidgeCvParams, RidgeError, trim_and_standardise};
use lpp_steps::FitSettings;
use lpp_study::FoldRule;
use ndarray::{Array2, ArrayRef2, Axis};
use rayon::prelude::*;

use crate::EncodingError;
use crate::heard::{Heard, Story};

/// Part of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    run: usize,
    /// Its scans in the run, scrubbed ones included.
    span: Range<usize>,
    /// The scans that are there.
    scans: Vec<usize>,
}

/// The pieces of all runs, in order. With whole runs as folds, a run is one piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pieces {
    trim_scans: usize,
    in_order: Vec<Piece>,
    /// Whether each run is one piece and no scan is absent.
    whole: bool,
}

/// What the folds of a fit leave out: pieces, and the scans around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoldDesign {
    /// The tested pieces; `None` for each in turn.
    test: Option<Vec<usize>>,
    gap_scans: usize,
    /// The test scans of each fold in words.
    pub(crate) names: Vec<String>,
}

impl Pieces {
    /// Trims runs and cuts them as the folds demand.
    ///
    /// # Errors
    /// [`EncodingError::Run`] naming the file of a run that is too short.
    pub(crate) fn of(
        heard: &Heard,
        settings: &FitSettings,
        trim_scans: usize,
    ) -> Result<Self, EncodingError> {
        let per_run = match settings.folds {
            FoldRule::Chunks(k) => k,
            _ => 1,
        };
        let mut pieces = Vec::new();
        for (run, story) in heard.stories.iter().enumerate() {
            let failed = |source| EncodingError::Run {
                path: story.path().to_owned(),
                source,
            };
            pieces.extend(cut(run, story, trim_scans, per_run).map_err(failed)?);
        }
        Ok(Self {
            trim_scans,
            whole: per_run == 1 && heard.n_absent() == 0,
            in_order: pieces,
        })
    }

    /// Number of scans of each piece.
    pub(crate) fn lengths(&self) -> Vec<usize> {
        self.in_order.iter().map(|piece| piece.scans.len()).collect()
    }

    /// The run of each piece.
    pub(crate) fn runs(&self) -> Vec<usize> {
        self.in_order.iter().map(|piece| piece.run).collect()
    }

    /// The pieces of a run from all of its scans, each column z-scored within its piece; constant columns become 0.
    pub(crate) fn standardised<A: Number>(
        &self,
        run: usize,
        scans: &ArrayRef2<A>,
    ) -> Result<Vec<Array2<A>>, RidgeError> {
        if self.whole {
            return Ok(vec![trim_and_standardise(scans, self.trim_scans)?]);
        }
        let of_run = self.in_order.iter().filter(|piece| piece.run == run);
        of_run
            .map(|piece| trim_and_standardise(&scans.select(Axis(0), &piece.scans), 0))
            .collect()
    }

    /// The targets: the scans of each piece, (`n_scans`, `n_voxels`), z-scored in single precision.
    pub(crate) fn targets(&self, heard: &Heard) -> Result<Vec<Array2<f32>>, EncodingError> {
        let of_story = |(run, story): (usize, &Story)| {
            self.standardised(run, &story.load()?)
                .map_err(|source| EncodingError::Run {
                    path: story.path().to_owned(),
                    source,
                })
        };
        let pieces: Vec<Vec<_>> = heard
            .stories
            .par_iter()
            .enumerate()
            .map(of_story)
            .collect::<Result<_, _>>()?;
        Ok(pieces.into_iter().flatten().collect())
    }

    fn n_runs(&self) -> usize {
        self.in_order.last().map_or(0, |piece| piece.run + 1)
    }

    /// The name of each run: that of its story, or its number.
    pub(crate) fn run_names(&self, stories: &[String]) -> Vec<String> {
        let name = |run: usize| stories.get(run).cloned().unwrap_or_else(|| run.to_string());
        (0..self.n_runs()).map(name).collect()
    }

    /// The folds of a fit. `stories` are the names of the stories, `words` the file that they belong to.
    ///
    /// # Errors
    /// [`EncodingError::Mismatch`] if there is nothing to train on, or no story of a given name.
    pub(crate) fn folds(
        &self,
        settings: &FitSettings,
        stories: &[String],
        words: &Path,
    ) -> Result<FoldDesign, EncodingError> {
        let n_runs = self.n_runs();
        let mismatch = |found: String, expected: String| EncodingError::Mismatch {
            path: words.to_owned(),
            found,
            expected,
        };
        let runs = self.run_names(stories);
        let name = |run: usize| runs[run].clone();
        let all = || runs.join(", ");
        let test = match &settings.folds {
            FoldRule::Test(names) => {
                let place = |wanted: &String| {
                    let found = (0..n_runs).find(|&run| name(run) == *wanted);
                    found.ok_or_else(|| {
                        mismatch(
                            format!("the test story {wanted}"),
                            format!("stories among {}", all()),
                        )
                    })
                };
                Some(names.iter().map(place).collect::<Result<Vec<usize>, _>>()?)
            }
            _ => None,
        };
        let n_training = self.in_order.len() - test.as_ref().map_or(1, Vec::len).min(self.in_order.len());
        if n_training < 2 {
            return Err(mismatch(
                format!("{n_runs} runs with the folds {}", settings.folds),
                "a piece to test, one to choose the penalty and one to train on; use --folds chunks:K with K of 3 or more"
                    .to_owned(),
            ));
        }
        let tested: Vec<usize> = test.clone().unwrap_or_else(|| (0..self.in_order.len()).collect());
        let names = tested.iter().map(|&place| {
            let Piece { run, span, .. } = &self.in_order[place];
            match settings.folds {
                FoldRule::Chunks(_) => format!("{}, scans {} to {}", name(*run), span.start, span.end - 1),
                _ => name(*run),
            }
        });
        Ok(FoldDesign {
            names: names.collect(),
            test,
            gap_scans: settings.gap_scans,
        })
    }

    /// Adds folds to the settings of the ridge regression.
    ///
    /// A penalty is chosen with the same folds within the training scans. So the gap is also around a validation piece, and
    /// a validation piece beside the test piece is scored without the purged scans.
    pub(crate) fn add_folds(&self, folds: &FoldDesign, params: RidgeCvParams) -> RidgeCvParams {
        match &folds.test {
            Some(test) => {
                let train: Vec<usize> = (0..self.in_order.len())
                    .filter(|piece| !test.contains(piece))
                    .collect();
                let each = test.iter().map(|&piece| (train.clone(), vec![piece])).collect();
                params.folds(Folds::OfRuns(each)).inner_folds(Folds::Runs)
            }
            None if folds.gap_scans == 0 => params,
            None => params.folds(Folds::OfRows(self.purged(folds.gap_scans))),
        }
    }

    /// Training and test rows of each piece, without `gap` scans on both sides of it.
    fn purged(&self, gap: usize) -> Vec<(Vec<usize>, Vec<usize>)> {
        let scans = |piece: &Piece| {
            piece
                .scans
                .iter()
                .map(|&scan| (piece.run, scan))
                .collect::<Vec<_>>()
        };
        let rows: Vec<(usize, usize)> = self.in_order.iter().flat_map(scans).collect();
        let of_piece = |piece: &Piece| {
            let near = piece.span.start.saturating_sub(gap)..piece.span.end.saturating_add(gap);
            let is_near = |row: &usize| rows[*row].0 == piece.run && near.contains(&rows[*row].1);
            let is_test = |row: &usize| rows[*row].0 == piece.run && piece.span.contains(&rows[*row].1);
            let train = (0..rows.len()).filter(|row| !is_near(row)).collect();
            (train, (0..rows.len()).filter(is_test).collect())
        };
        self.in_order.iter().map(of_piece).collect()
    }
}

/// The pieces of a run: even, the first ones one scan longer where it does not divide.
fn cut(run: usize, story: &Story, trim_scans: usize, per_run: usize) -> Result<Vec<Piece>, RidgeError> {
    let (n_scans, absent) = (story.n_scans(), story.absent());
    if n_scans <= trim_scans.saturating_mul(2) {
        return Err(RidgeError::Trim {
            n_scans,
            trim: trim_scans,
        });
    }
    let n = n_scans - 2 * trim_scans;
    let too_many = || RidgeError::TooManyChunks {
        run,
        n_scans: n - absent.len().min(n),
        per_run,
    };
    // Before the list is made, which is as long as it is asked to be.
    if per_run > 1 && n / per_run < 2 {
        return Err(too_many());
    }
    let start = |piece: usize| trim_scans + piece * (n / per_run) + piece.min(n % per_run);
    let pieces = (0..per_run).map(|piece| {
        let span = start(piece)..start(piece + 1);
        Piece {
            run,
            scans: span.clone().filter(|scan| !absent.contains(scan)).collect(),
            span,
        }
    });
    let pieces: Vec<Piece> = pieces.collect();
    if per_run > 1 && pieces.iter().any(|piece| piece.scans.len() < 2) {
        return Err(too_many());
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heard::Run;

    fn heard(runs: &[(usize, &[usize])]) -> Heard {
        let story = |(n_scans, absent): &(usize, &[usize])| Story {
            runs: vec![Run {
                path: "run.npy".into(),
                n_scans: *n_scans,
                absent: absent.to_vec(),
            }],
        };
        Heard {
            stories: runs.iter().map(story).collect(),
            n_voxels: 1,
        }
    }

    fn settings(folds: &str, gap_scans: usize) -> FitSettings {
        FitSettings {
            folds: folds.parse().unwrap(),
            gap_scans,
            ..FitSettings::default()
        }
    }

    #[test]
    fn first_pieces_are_longer_and_scrubbed_scans_leave() {
        let settings = settings("chunks:3", 0);
        let pieces = Pieces::of(&heard(&[(15, &[4, 9]), (12, &[])]), &settings, 2).unwrap();
        // Of 11 scans 4, 4 and 3; of 8 scans 3, 3 and 2.
        let spans: Vec<_> = pieces.in_order.iter().map(|piece| piece.span.clone()).collect();
        assert_eq!(spans, [2..6, 6..10, 10..13, 2..5, 5..8, 8..10]);
        assert_eq!(pieces.lengths(), [3, 3, 3, 3, 3, 2]);
        let scans = Array2::from_shape_fn((15, 1), |(i, _)| if i == 4 { f64::NAN } else { i as f64 });
        let first = &pieces.standardised(0, &scans).unwrap()[0];
        let z = 1.0 / (14.0_f64 / 9.0).sqrt();
        // Scans 2, 3 and 5 have the mean 10/3 and the variance 14/9.
        assert!(
            (first[[0, 0]] + 4.0 / 3.0 * z).abs() < 1e-12 && (first[[2, 0]] - 5.0 / 3.0 * z).abs() < 1e-12
        );
    }

    #[test]
    fn gaps_are_on_both_sides_within_the_run_and_count_scrubbed_scans() {
        let settings = settings("chunks:2", 2);
        let pieces = Pieces::of(&heard(&[(8, &[3]), (6, &[])]), &settings, 0).unwrap();
        let folds = pieces.purged(2);
        // Rows 0 to 2 are scans 0 to 2 of the first run, rows 3 to 6 its scans 4 to 7.
        assert_eq!(folds[0], (vec![5, 6, 7, 8, 9, 10, 11, 12], vec![0, 1, 2]));
        assert_eq!(folds[1], (vec![0, 1, 7, 8, 9, 10, 11, 12], vec![3, 4, 5, 6]));
        assert_eq!(folds[3].1, [10, 11, 12]);
        assert_eq!(folds[3].0, [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn impossible_folds_say_what_to_do() {
        let refusal = |runs: &[(usize, &[usize])], folds: &str| {
            let settings = settings(folds, 0);
            let pieces = Pieces::of(&heard(runs), &settings, 0).map_err(|e| format!("{e}"));
            let folds = pieces.and_then(|pieces| {
                let names = ["a", "b", "c"].map(str::to_owned);
                pieces
                    .folds(&settings, &names, Path::new("words.csv"))
                    .map_err(|e| e.to_string())
            });
            folds.unwrap_err()
        };
        let (short, long): (&[(usize, &[usize])], _) = (&[(5, &[]), (5, &[])], [(40, &[][..]); 3]);
        assert!(refusal(short, "runs").contains("--folds chunks:K"));
        assert!(refusal(&short[..1], "chunks:2").contains("K of 3 or more"));
        for folds in ["chunks:3", "chunks:4000000000000000000"] {
            assert!(refusal(short, folds).contains("run.npy"));
        }
        let error = refusal(&long, "test:d");
        assert!(
            error.contains("test story d, expected stories among a, b, c"),
            "{error}"
        );
        assert!(refusal(&long, "test:a,b").contains("3 runs with the folds test:a,b"));
    }
}
