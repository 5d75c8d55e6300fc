//! Choices at the ends of the grid of penalties; a wider grid may score better.

use std::fmt;

use ndarray::Array2;

/// End of the grid of penalties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GridEdge {
    /// The smallest penalty.
    Smallest,
    /// The largest penalty.
    Largest,
}

impl GridEdge {
    /// The end of the grid at which a penalty is; `None` inside, and for a grid of one penalty.
    ///
    /// ```
    /// use lpp_ridge::GridEdge;
    ///
    /// assert_eq!(GridEdge::of(&[10.0, 1.0, 100.0], 1), Some(GridEdge::Smallest));
    /// assert_eq!(GridEdge::of(&[10.0, 1.0, 100.0], 0), None);
    /// assert_eq!(GridEdge::of(&[10.0], 0), None);
    /// ```
    #[must_use]
    pub fn of(alphas: &[f64], index: usize) -> Option<Self> {
        let alpha = *alphas.get(index)?;
        let smallest = alphas.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = alphas.iter().copied().fold(0.0, f64::max);
        match alpha {
            _ if smallest >= largest => None,
            _ if alpha <= smallest => Some(Self::Smallest),
            _ if alpha >= largest => Some(Self::Largest),
            _ => None,
        }
    }
}

impl fmt::Display for GridEdge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Smallest => "smallest",
            Self::Largest => "largest",
        })
    }
}

/// Choices at one end of the grid of penalties. Its text form is a sentence for the user.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EdgeWarning {
    /// Which end.
    pub edge: GridEdge,
    /// The penalty.
    pub alpha: f64,
    /// The folds with this shared penalty, ascending; with one penalty per target, the folds in which some targets
    /// chose it.
    pub folds: Vec<usize>,
    /// With one penalty per target, its share of the choices (one per fold and target); `None` for shared penalties.
    pub share: Option<f64>,
}

impl EdgeWarning {
    /// Smallest share of the targets' choices that gives a warning; some targets are at an end of any grid.
    pub const LEAST_SHARE: f64 = 0.05;

    /// Warnings for shared penalties, one per fold.
    pub(crate) fn of_shared(alphas: &[f64], choice: &[usize]) -> Vec<Self> {
        let at = |edge| {
            let folds: Vec<usize> = (0..choice.len())
                .filter(|&fold| GridEdge::of(alphas, choice[fold]) == Some(edge))
                .collect();
            let alpha = alphas[*choice.get(*folds.first()?)?];
            let share = None;
            Some(Self {
                edge,
                alpha,
                folds,
                share,
            })
        };
        [GridEdge::Smallest, GridEdge::Largest]
            .into_iter()
            .filter_map(at)
            .collect()
    }

    /// Warnings for one penalty per target, (`n_folds`, `n_targets`).
    pub(crate) fn of_targets(alphas: &[f64], choice: &Array2<Option<usize>>) -> Vec<Self> {
        let n_choices = choice.iter().flatten().count();
        let at = |edge| {
            let lies_there = |index: &&usize| GridEdge::of(alphas, **index) == Some(edge);
            let alpha = alphas[*choice.iter().flatten().find(lies_there)?];
            let share = choice.iter().flatten().filter(lies_there).count() as f64 / n_choices as f64;
            let folds = (0..choice.nrows())
                .filter(|&fold| choice.row(fold).iter().flatten().any(|index| lies_there(&index)))
                .collect();
            (share >= Self::LEAST_SHARE).then_some(Self {
                edge,
                alpha,
                folds,
                share: Some(share),
            })
        };
        [GridEdge::Smallest, GridEdge::Largest]
            .into_iter()
            .filter_map(at)
            .collect()
    }
}

impl fmt::Display for EdgeWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            edge,
            alpha,
            folds,
            share,
        } = self;
        match share {
            None => write!(
                f,
                "the {edge} penalty of the grid ({alpha:e}) was chosen for test runs {folds:?}"
            )?,
            Some(share) => write!(
                f,
                "{:.0} % of the targets chose the {edge} penalty of the grid ({alpha:e})",
                100.0 * share
            )?,
        }
        f.write_str("; a wider grid may score better")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn shared_penalties_at_an_end_are_named_with_their_folds() {
        let found = EdgeWarning::of_shared(&[1.0, 10.0, 100.0], &[0, 1, 0, 2]);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].edge, &found[0].folds[..]),
            (GridEdge::Smallest, &[0, 2][..])
        );
        assert_eq!(
            (found[1].edge, &found[1].folds[..]),
            (GridEdge::Largest, &[3][..])
        );
        assert!(found[1].to_string().contains("largest penalty of the grid (1e2)"));
        assert!(EdgeWarning::of_shared(&[1.0, 10.0, 100.0], &[1, 1]).is_empty());
        assert!(EdgeWarning::of_shared(&[5.0], &[0]).is_empty());
    }

    #[test]
    fn penalties_of_targets_are_told_by_their_share() {
        let choice = array![
            [Some(0), Some(1), None, Some(2)],
            [Some(1), Some(1), None, Some(2)]
        ];
        let found = EdgeWarning::of_targets(&[1.0, 10.0, 100.0], &choice);
        assert_eq!(found[0].share, Some(1.0 / 6.0));
        assert_eq!(found[1].share, Some(2.0 / 6.0));
        assert!(
            found[1]
                .to_string()
                .starts_with("33 % of the targets chose the largest penalty")
        );
        let inside = Array2::from_elem((2, 50), Some(1));
        assert!(EdgeWarning::of_targets(&[1.0, 10.0, 100.0], &inside).is_empty());
    }

    #[test]
    fn the_least_share_of_targets_gives_a_warning() {
        let mut choice = Array2::from_elem((1, 20), Some(1));
        choice[[0, 3]] = Some(2);
        let found = EdgeWarning::of_targets(&[1.0, 10.0, 100.0], &choice);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].share, Some(EdgeWarning::LEAST_SHARE)); // one of twenty
        let fewer = ndarray::concatenate![ndarray::Axis(1), choice, array![[Some(1)]]];
        assert!(EdgeWarning::of_targets(&[1.0, 10.0, 100.0], &fewer).is_empty());
    }
}
