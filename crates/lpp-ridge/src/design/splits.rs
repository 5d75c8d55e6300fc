//! Division of the scans into training and test sets.

use std::collections::HashMap;

use super::layout::Layout;
use super::plan::{Plan, Split};
use crate::{Folds, RidgeCvParams, RidgeError};

/// The rows of the runs and of their groups.
struct Rows {
    /// Rows of each run.
    runs: Vec<Vec<usize>>,
    /// Rows of each group of runs, by ascending label; the runs themselves without labels.
    groups: Vec<Vec<usize>>,
}

impl Rows {
    fn new(lengths: &[usize], labels: Option<&[usize]>) -> Self {
        let mut top = 0;
        let mut next = |&n: &usize| {
            top += n;
            (top - n..top).collect::<Vec<usize>>()
        };
        let runs: Vec<Vec<usize>> = lengths.iter().map(&mut next).collect();
        let groups = match labels {
            None => runs.clone(),
            Some(labels) => {
                let mut sorted = labels.to_vec();
                sorted.sort_unstable();
                sorted.dedup();
                let of_label = |label| (0..runs.len()).filter(move |&run| labels[run] == label);
                sorted
                    .into_iter()
                    .map(|label| of_label(label).flat_map(|run| runs[run].clone()).collect())
                    .collect()
            }
        };
        Self { runs, groups }
    }

    fn n_rows(&self) -> usize {
        self.runs.iter().map(Vec::len).sum()
    }

    /// The rows of some runs.
    fn of_runs(&self, runs: &[usize], fold: usize) -> Result<Vec<usize>, RidgeError> {
        match runs.iter().find(|&&run| run >= self.runs.len()) {
            Some(&run) => Err(RidgeError::NoSuchRun {
                fold,
                run,
                n_runs: self.runs.len(),
            }),
            None => Ok(runs.iter().flat_map(|&run| self.runs[run].clone()).collect()),
        }
    }
}

/// Each part is left out in turn, with all others for training.
pub(crate) fn leave_one_out(parts: &[Vec<usize>]) -> Vec<Split> {
    (0..parts.len())
        .map(|left_out| Split {
            train: (0..parts.len())
                .filter(|&part| part != left_out)
                .flat_map(|part| parts[part].clone())
                .collect(),
            score: parts[left_out].clone(),
        })
        .collect()
}

impl Folds {
    /// The folds as rows.
    fn splits(&self, rows: &Rows) -> Result<Vec<Split>, RidgeError> {
        match self {
            Self::Runs => Ok(leave_one_out(&rows.groups)),
            Self::Chunks { per_run, gap } => chunks(rows, *per_run, *gap),
            Self::TestRuns(test) => {
                let score = rows.of_runs(test, 0)?;
                let train = (0..rows.n_rows()).filter(|row| !score.contains(row)).collect();
                Ok(vec![Split { train, score }])
            }
            Self::OfRuns(folds) => folds
                .iter()
                .enumerate()
                .map(|(fold, (train, test))| {
                    Ok(Split {
                        train: rows.of_runs(train, fold)?,
                        score: rows.of_runs(test, fold)?,
                    })
                })
                .collect(),
            Self::OfRows(folds) => {
                let split = |(train, test): &(Vec<usize>, Vec<usize>)| Split {
                    train: train.clone(),
                    score: test.clone(),
                };
                Ok(folds.iter().map(split).collect())
            }
        }
    }

    /// The default splits for choosing a penalty.
    pub(crate) fn inner(&self) -> Self {
        match self {
            Self::TestRuns(_) => Self::Runs,
            other => other.clone(),
        }
    }
}

fn chunks(rows: &Rows, per_run: usize, gap: usize) -> Result<Vec<Split>, RidgeError> {
    let mut splits = Vec::new();
    for (run, of_run) in rows.runs.iter().enumerate() {
        let n = of_run.len();
        if per_run == 0 || n < per_run {
            return Err(RidgeError::TooManyChunks {
                run,
                n_scans: n,
                per_run,
            });
        }
        let first = of_run[0];
        for chunk in 0..per_run {
            let score = first + chunk * n / per_run..first + (chunk + 1) * n / per_run;
            let near =
                score.start.saturating_sub(gap).max(first)..(score.end.saturating_add(gap)).min(first + n);
            splits.push(Split {
                train: (0..rows.n_rows()).filter(|row| !near.contains(row)).collect(),
                score: score.collect(),
            });
        }
    }
    Ok(splits)
}

/// Checks that rows exist, are given once, and are not in both the training and the scored set; sorts them.
fn checked(mut splits: Vec<Split>, n_rows: usize) -> Result<Vec<Split>, RidgeError> {
    for (fold, split) in splits.iter_mut().enumerate() {
        if split.train.is_empty() || split.score.is_empty() {
            return Err(RidgeError::EmptyFold { fold });
        }
        if split.score.len() < 2 {
            return Err(RidgeError::ShortFold {
                fold,
                found: split.score.len(),
            });
        }
        split.train.sort_unstable();
        split.score.sort_unstable();
        let mut seen = vec![false; n_rows];
        for &row in split.train.iter().chain(&split.score) {
            match seen.get_mut(row) {
                Some(seen) if !*seen => *seen = true,
                Some(_) => return Err(RidgeError::RowTwice { fold, row }),
                None => return Err(RidgeError::NoSuchRow { fold, row, n_rows }),
            }
        }
    }
    Ok(splits)
}

/// The purpose of the folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Each fold is tested.
    Scores,
    /// One fit of all data, with the penalty chosen over the folds.
    Model,
}

/// The position of the rows of runs of these lengths in the stack of all runs, and the purpose of the pieces.
pub(crate) fn design(
    settings: &RidgeCvParams,
    lengths: &[usize],
    purpose: Purpose,
) -> Result<(Layout, Plan), RidgeError> {
    let (outer, inner) = (&settings.folds, settings.inner_folds.as_ref());
    let rows = Rows::new(lengths, settings.groups.as_deref());
    let n_rows = rows.n_rows();
    let mut tested = checked(outer.splits(&rows)?, n_rows)?;
    if tested.is_empty() {
        return Err(RidgeError::NoFolds);
    }
    let mut validated = match inner {
        Some(folds) => checked(folds.splits(&rows)?, n_rows)?,
        None if purpose == Purpose::Model || outer.inner() == *outer => tested.clone(),
        None => checked(outer.inner().splits(&rows)?, n_rows)?,
    };
    if purpose == Purpose::Model {
        tested = vec![Split {
            train: (0..n_rows).collect(),
            score: Vec::new(),
        }];
    }
    let pieces = pieces(n_rows, &tested, &validated);
    let layout = Layout::new(lengths, &pieces);
    let piece_of = piece_of_rows(n_rows, &pieces);
    for split in tested.iter_mut().chain(&mut validated) {
        split.train = in_pieces(&split.train, &piece_of);
        split.score = in_pieces(&split.score, &piece_of);
    }
    let plan = Plan::new(&tested, &validated, settings.inner);
    match plan.without_validation() {
        Some(fold) => Err(RidgeError::NoInnerFold {
            fold,
            n_runs: lengths.len(),
        }),
        None => Ok((layout, plan)),
    }
}

/// Groups rows with the same role in all splits, ordered by the first split that scores them, then by their first row.
fn pieces(n_rows: usize, tested: &[Split], validated: &[Split]) -> Vec<Vec<usize>> {
    let splits: Vec<&Split> = tested.iter().chain(validated).collect();
    let mut parts = vec![vec![0_u8; splits.len()]; n_rows];
    let mut first_scored = vec![splits.len(); n_rows];
    for (index, split) in splits.iter().enumerate() {
        split.train.iter().for_each(|&row| parts[row][index] = 1);
        for &row in &split.score {
            parts[row][index] = 2;
            first_scored[row] = first_scored[row].min(index);
        }
    }
    let mut order: Vec<usize> = (0..n_rows).collect();
    order.sort_by_key(|&row| (first_scored[row], row));
    let mut places: HashMap<&[u8], usize> = HashMap::new();
    let mut pieces: Vec<Vec<usize>> = Vec::new();
    for row in order {
        let next = pieces.len();
        let place = *places.entry(&parts[row]).or_insert(next);
        if place == next {
            pieces.push(Vec::new());
        }
        pieces[place].push(row);
    }
    pieces
}

fn piece_of_rows(n_rows: usize, pieces: &[Vec<usize>]) -> Vec<usize> {
    let mut of_rows = vec![0; n_rows];
    for (piece, rows) in pieces.iter().enumerate() {
        rows.iter().for_each(|&row| of_rows[row] = piece);
    }
    of_rows
}

/// The pieces that consist of the given rows, ascending.
fn in_pieces(rows: &[usize], piece_of: &[usize]) -> Vec<usize> {
    let mut pieces: Vec<usize> = rows.iter().map(|&row| piece_of[row]).collect();
    pieces.sort_unstable();
    pieces.dedup();
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InnerValidation, RidgeCv};

    fn settings(folds: &Folds) -> RidgeCvParams {
        RidgeCv::params().folds(folds.clone()).inner(InnerValidation::All)
    }

    fn designed(lengths: &[usize], folds: &Folds) -> Result<(Layout, Plan), RidgeError> {
        design(&settings(folds), lengths, Purpose::Scores)
    }

    #[test]
    fn runs_are_the_pieces_of_leave_one_run_out() {
        let (layout, plan) = designed(&[3, 2, 4], &Folds::Runs).unwrap();
        assert_eq!((layout.n_pieces(), layout.len(2)), (3, 4));
        assert!(plan.leaves_out_one_piece(3));
    }

    #[test]
    fn chunks_do_not_train_next_to_where_they_test() {
        let (layout, plan) = designed(&[30], &Folds::Chunks { per_run: 3, gap: 2 }).unwrap();
        assert_eq!(plan.folds.len(), 3);
        let rows = |pieces: &[usize]| layout.total(pieces);
        let n_train: Vec<usize> = plan.folds.iter().map(|fold| rows(&fold.train)).collect();
        assert_eq!(n_train, [18, 16, 18]);
        // Inner splits keep both gaps: fold 0 validated by chunk 1 trains on the third chunk but two scans.
        let first = &plan.sets.iter().find(|set| set.validations[0].fold == 0).unwrap();
        assert_eq!(rows(&first.train), 8);
    }

    #[test]
    fn a_fixed_test_run_is_validated_by_the_others() {
        let (_, plan) = designed(&[5, 6, 7, 8], &Folds::TestRuns(vec![3])).unwrap();
        assert_eq!(plan.folds.len(), 1);
        assert_eq!(plan.sets.len(), 3);
    }

    #[test]
    fn two_runs_need_chunks_to_choose_by() {
        assert!(matches!(
            designed(&[20, 20], &Folds::Runs),
            Err(RidgeError::NoInnerFold { fold: 0, n_runs: 2 })
        ));
        let inner = Folds::Chunks { per_run: 2, gap: 1 };
        let found = design(
            &settings(&Folds::Runs).inner_folds(inner),
            &[20, 20],
            Purpose::Scores,
        );
        let (_, plan) = found.unwrap();
        assert_eq!(plan.folds.len(), 2);
        assert_eq!(
            plan.sets.iter().map(|set| set.validations.len()).sum::<usize>(),
            4
        );
    }

    #[test]
    fn impossible_folds_are_refused_by_name() {
        let rows = |train: &[usize], test: &[usize]| Folds::OfRows(vec![(train.to_vec(), test.to_vec())]);
        let refusal = |folds: &Folds| designed(&[5, 5], folds).unwrap_err().to_string();
        assert!(refusal(&rows(&[0, 1, 2], &[2, 3])).contains("row 2"));
        assert!(refusal(&rows(&[0, 1], &[9, 10])).contains("row 10"));
        assert!(refusal(&rows(&[], &[1, 2])).contains("fold 0"));
        assert!(refusal(&rows(&[0, 2], &[1])).contains("1 row"));
        assert!(refusal(&Folds::TestRuns(vec![2])).contains("run 2"));
        assert!(refusal(&Folds::OfRows(Vec::new())).contains("no fold"));
        assert!(refusal(&Folds::Chunks { per_run: 6, gap: 0 }).contains("6 chunks"));
    }

    #[test]
    fn a_model_of_all_runs_is_validated_on_the_test_runs() {
        let settings = settings(&Folds::TestRuns(vec![3]));
        let (layout, plan) = design(&settings, &[5, 6, 7, 8], Purpose::Model).unwrap();
        assert_eq!(layout.total(&plan.folds[0].train), 26);
        let [set] = &plan.sets[..] else {
            panic!("{:?}", plan.sets)
        };
        assert_eq!(layout.total(&set.train), 18);
        assert_eq!(layout.total(&plan.scored[set.validations[0].scored]), 8);
    }

    #[test]
    fn the_gap_of_a_chunk_ends_with_its_run() {
        let (layout, plan) = designed(&[10, 10, 10], &Folds::Chunks { per_run: 2, gap: 3 }).unwrap();
        // Chunk 0 of run 1 is rows 10 to 14; of its run, the gap takes rows 15 to 17, and of run 0 nothing.
        assert_eq!(layout.total(&plan.folds[2].train), 22);
        assert_eq!(layout.total(&plan.scored[plan.folds[2].test.unwrap()]), 5);
    }
}
