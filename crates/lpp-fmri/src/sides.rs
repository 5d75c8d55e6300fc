//! The left and right voxels of a mask.

use lpp_stats::Hemispheres;

use crate::grid::Grid;
use crate::mask::Mask;

/// Largest share of the voxels of a single subject's mask that may be in the half of the other side.
const SUBJECT_SHARE: f64 = 0.01;

/// Whether a mask is of a group or a subject. This determines how closely the halves of its array must match the true
/// sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MaskOf {
    /// Many subjects: no voxel of a half may be on the other side, as in the masks published by the reference study.
    Group,
    /// One subject, whose brain is not symmetric: one voxel in a hundred may.
    Subject,
}

/// The left and right voxels of a mask: by the sign of their world coordinate x and, if it is equivalent except for the
/// midline, by the halves of the masked array, as in the reference study.
///
/// The halves are the two sides if the first axis of the array runs from left to right, no voxel of the first half is
/// at x > 0, and no voxel of the second half is at x < 0. A mask stored from right to left, or with other axes first,
/// has sides by x only.
///
/// ```
/// use lpp_fmri::{Grid, Mask, MaskOf, diagonal_affine};
/// use ndarray::Array3;
///
/// # fn main() -> Result<(), lpp_fmri::FmriError> {
/// let all = Array3::from_elem((4, 2, 2), true);
/// let stored = |step: f64| Grid::new([4, 2, 2], diagonal_affine([step, 4.0, 4.0], [-1.5 * step, 0.0, 0.0]));
/// let sides = Mask::new(stored(4.0)?, all.clone())?.sides(MaskOf::Group);
/// assert_eq!(sides.halves(), Some(sides.by_x()));
/// let sides = Mask::new(stored(-4.0)?, all)?.sides(MaskOf::Group);
/// assert_eq!((sides.halves(), sides.by_x().left().indices()[0]), (None, 8));
/// assert!(sides.why_no_halves().is_some_and(|why| why.contains("from right to left")));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sides {
    by_x: Hemispheres,
    halves: Hemispheres,
    share_elsewhere: f64,
    why_no_halves: Option<String>,
    are_structures: bool,
}

impl Mask {
    /// The sides of the mask's voxels.
    #[must_use]
    pub fn sides(&self, of: MaskOf) -> Sides {
        let x_mm: Vec<f64> = self.world_coordinates().iter().map(|place| place[0]).collect();
        let by_x = Hemispheres::by_world_x(&x_mm);
        let halves = Hemispheres::array_halves(self.n_voxels());
        let elsewhere =
            halves.left().intersection(by_x.right()).len() + halves.right().intersection(by_x.left()).len();
        let share_elsewhere = elsewhere as f64 / self.n_voxels() as f64;
        let allowed = match of {
            MaskOf::Group => 0.0,
            MaskOf::Subject => SUBJECT_SHARE,
        };
        let why_no_halves = first_axis(self.grid()).or_else(|| {
            (share_elsewhere > allowed).then(|| {
                format!(
                    "{:.1} % of the voxels of its halves lie on the other side of x = 0",
                    100.0 * share_elsewhere
                )
            })
        });
        Sides {
            by_x,
            halves,
            share_elsewhere,
            why_no_halves,
            are_structures: false,
        }
    }
}

impl Sides {
    /// The sides of places whose structures tell them; structures without a side are the midline.
    pub(crate) fn of_structures([left, right]: &[Vec<usize>; 2], n: usize) -> Self {
        let mut x = vec![0.0; n];
        left.iter().for_each(|&place| x[place] = -1.0);
        right.iter().for_each(|&place| x[place] = 1.0);
        Self {
            by_x: Hemispheres::by_world_x(&x),
            halves: Hemispheres::default(),
            share_elsewhere: 0.0,
            why_no_halves: None,
            are_structures: true,
        }
    }

    /// Whether the sides are those of structures, which need no rule: left and right cortex.
    #[must_use]
    pub fn are_structures(&self) -> bool {
        self.are_structures
    }

    /// Left is x < 0, right is x > 0; the midline is neither. On surfaces, the sides are those of the structures.
    #[must_use]
    pub fn by_x(&self) -> &Hemispheres {
        &self.by_x
    }

    /// The halves of the masked array, if they are the two sides. They divide the slab x = 0: on an axis-aligned grid
    /// the posterior part counts as left, the anterior part as right.
    #[must_use]
    pub fn halves(&self) -> Option<&Hemispheres> {
        (self.why_no_halves.is_none() && !self.are_structures).then_some(&self.halves)
    }

    /// Share of the voxels in the half of the other side, from 0 to 1.
    #[must_use]
    pub fn share_elsewhere(&self) -> f64 {
        self.share_elsewhere
    }

    /// Why the halves are not the two sides; `None` if they are, or on surfaces.
    #[must_use]
    pub fn why_no_halves(&self) -> Option<&str> {
        self.why_no_halves.as_deref()
    }
}

/// What is wrong with the first axis; `None` if it runs from left to right.
fn first_axis(grid: &Grid) -> Option<String> {
    let [direction, ..] = grid.directions();
    let (from, to) = match direction {
        'R' => return None,
        'L' => ("right", "left"),
        'A' => ("back", "front"),
        'P' => ("front", "back"),
        'S' => ("bottom", "top"),
        _ => ("top", "bottom"),
    };
    Some(format!(
        "the first axis of its array runs from {from} to {to} (orientation {})",
        grid.orientation()
    ))
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;
    use crate::affine::diagonal_affine;

    fn mask(x_origin: f64, inside: impl Fn(usize, usize) -> bool) -> Mask {
        let grid = Grid::new([20, 15, 2], diagonal_affine([4.0; 3], [x_origin, 0.0, 0.0])).unwrap();
        Mask::new(grid, Array3::from_shape_fn((20, 15, 2), |(i, j, _)| inside(i, j))).unwrap()
    }

    #[test]
    fn halves_must_lie_on_their_sides() {
        let whole = mask(-38.0, |_, _| true).sides(MaskOf::Group);
        assert_eq!(whole.halves(), Some(whole.by_x()));
        // A column of the midline is cut in two and lies on neither side.
        let odd = mask(-36.0, |i, _| i < 19).sides(MaskOf::Group);
        assert_eq!(
            (
                odd.by_x().midline().len(),
                odd.share_elsewhere(),
                odd.halves().is_some()
            ),
            (30, 0.0, true)
        );
        // Off the centre, half a brain, and a lesion.
        for wrong in [
            mask(-20.0, |_, _| true),
            mask(-90.0, |_, _| true),
            mask(-38.0, |i, j| i > 9 || j > 1),
        ] {
            let sides = wrong.sides(MaskOf::Group);
            assert!(
                sides.halves().is_none() && sides.why_no_halves().unwrap().contains("other side of x = 0")
            );
        }
    }

    #[test]
    fn a_subjects_mask_may_have_one_voxel_in_a_hundred_elsewhere() {
        // Of 600 voxels, those at j = 0 of the last columns are missing: half of them move to the other half.
        let lacking = |n: usize| mask(-38.0, move |i, j| j > 0 || i < 20 - n);
        let few = lacking(4);
        assert!(few.sides(MaskOf::Group).halves().is_none());
        let sides = few.sides(MaskOf::Subject);
        assert!(sides.halves().is_some() && sides.share_elsewhere() > 0.0);
        assert!(lacking(10).sides(MaskOf::Subject).halves().is_none());
    }
}
