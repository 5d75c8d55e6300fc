//! Maximum-intensity projections of a masked map onto the planes of the world.

use lpp_fmri::Mask;
use ndarray::Array2;

/// Which way a glass brain is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// The left hemisphere from its outside; y runs to the left.
    Left,
    /// From behind: x to the right, z up.
    Coronal,
    /// The right hemisphere from its outside; y runs to the right.
    Right,
    /// From above: x to the right, y up.
    Axial,
}

impl View {
    pub(crate) const ALL: [Self; 4] = [Self::Left, Self::Coronal, Self::Right, Self::Axial];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Coronal => "coronal",
            Self::Right => "right",
            Self::Axial => "axial",
        }
    }

    /// World axes that run across and up.
    pub(crate) fn axes(self) -> (usize, usize) {
        match self {
            Self::Left | Self::Right => (1, 2),
            Self::Coronal => (0, 2),
            Self::Axial => (0, 1),
        }
    }

    /// Names of the axes, with their unit.
    pub(crate) fn axis_name(self) -> &'static str {
        match self {
            Self::Left | Self::Right => "y (mm)",
            Self::Coronal | Self::Axial => "x (mm)",
        }
    }

    /// The front of the brain is at the left in a view of the left hemisphere.
    pub(crate) fn mirrored(self) -> bool {
        self == Self::Left
    }

    /// Whether left and right of the brain are left and right of the view.
    pub(crate) fn shows_both_sides(self) -> bool {
        matches!(self, Self::Coronal | Self::Axial)
    }

    fn shows(self, x_mm: f64) -> bool {
        match self {
            Self::Left => x_mm <= 0.0,
            Self::Right => x_mm >= 0.0,
            Self::Coronal | Self::Axial => true,
        }
    }
}

/// What stands for the voxels behind a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extreme {
    /// The largest value.
    Highest,
    /// The value farthest from zero, with its sign.
    Strongest,
}

impl Extreme {
    /// Whether `new` takes the place of `old`; NaN never does.
    fn prefers(self, new: f64, old: f64) -> bool {
        match self {
            _ if new.is_nan() => false,
            _ if old.is_nan() => true,
            Self::Highest => new > old,
            Self::Strongest => new.abs() > old.abs(),
        }
    }
}

/// A projection: cells of one voxel, rows upwards.
pub(crate) struct Projection {
    /// The extreme value behind each cell; NaN where the view shows none.
    pub(crate) values: Array2<f64>,
    /// How many voxels of the mask lie behind the cell, shown or not.
    pub(crate) depth: Array2<f64>,
    /// World coordinate, mm, of the first column's and row's centre.
    pub(crate) origin: (f64, f64),
    /// Size of a cell, mm.
    pub(crate) step: (f64, f64),
}

impl Projection {
    /// Width and height, mm of brain.
    pub(crate) fn size_mm(&self) -> (f64, f64) {
        (
            self.values.ncols() as f64 * self.step.0,
            self.values.nrows() as f64 * self.step.1,
        )
    }

    /// Whether any voxel of the mask lies behind the cell.
    pub(crate) fn inside(&self) -> Array2<bool> {
        self.depth.mapv(|depth| depth > 0.0)
    }

    /// Projects `values`, one per voxel of the mask; NaN are passed over.
    pub(crate) fn of(mask: &Mask, values: &[f64], view: View, extreme: Extreme) -> Self {
        let places = mask.world_coordinates();
        let (across, up) = view.axes();
        let step = (voxel_size(mask, across), voxel_size(mask, up));
        let range = |axis: usize| {
            places
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), place| {
                    (low.min(place[axis]), high.max(place[axis]))
                })
        };
        let (u_range, v_range) = (range(across), range(up));
        let cell = |value: f64, low: f64, step: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "value >= low by construction"
            )]
            let index = ((value - low) / step).round() as usize;
            index
        };
        let shape = (
            cell(v_range.1, v_range.0, step.1) + 1,
            cell(u_range.1, u_range.0, step.0) + 1,
        );
        let mut projection = Self {
            values: Array2::from_elem(shape, f64::NAN),
            depth: Array2::zeros(shape),
            origin: (u_range.0, v_range.0),
            step,
        };
        for (place, &value) in places.iter().zip(values) {
            let index = [
                cell(place[up], v_range.0, step.1),
                cell(place[across], u_range.0, step.0),
            ];
            projection.depth[index] += 1.0;
            if view.shows(place[0]) && extreme.prefers(value, projection.values[index]) {
                projection.values[index] = value;
            }
        }
        projection
    }
}

/// Distance of neighbouring voxels along a world axis, mm: the largest step that any voxel axis takes along it.
fn voxel_size(mask: &Mask, world_axis: usize) -> f64 {
    let affine = mask.grid().affine();
    let size = (0..3)
        .map(|column| affine[world_axis][column].abs())
        .fold(0.0, f64::max);
    if size > 0.0 { size } else { 1.0 }
}
