//! What mathematics promises of resampling, masks and cleaning, on random volumes and signals.

use lpp_fmri::{
    CleaningParams, Grid, Interpolation, Mask, MaskVotes, NumArray, Resampler, diagonal_affine, smooth_volume,
};
use lpp_testkit::{Tolerance, assert_close};
use ndarray::{Array2, Array3, ArrayD, Axis, Slice};
use proptest::prelude::*;

fn volume() -> impl Strategy<Value = Array3<f64>> {
    (1usize..7, 1usize..7, 1usize..7).prop_flat_map(|shape| {
        prop::collection::vec(-1e3f64..1e3, shape.0 * shape.1 * shape.2)
            .prop_map(move |values| Array3::from_shape_vec(shape, values).unwrap())
    })
}

fn grid(volume: &Array3<f64>, step: f64, origin: f64) -> Grid {
    let (i, j, k) = volume.dim();
    Grid::new([i, j, k], diagonal_affine([step; 3], [origin, -origin, 2.0])).unwrap()
}

fn resampled(volume: &Array3<f64>, from: &Grid, to: &Grid, interpolation: Interpolation) -> ArrayD<f64> {
    let resampler = Resampler::new(from, to, interpolation).unwrap();
    resampler
        .volume(NumArray::from(volume.clone().into_dyn()))
        .unwrap()
        .into_f64()
}

proptest! {
    #[test]
    fn the_same_grid_is_the_identity(volume in volume(), step in 0.5..5.0f64, origin in -50.0..50.0f64) {
        let grid = grid(&volume, step, origin);
        for interpolation in [Interpolation::Cubic, Interpolation::Nearest] {
            prop_assert_eq!(resampled(&volume, &grid, &grid, interpolation), volume.clone().into_dyn());
        }
    }

    #[test]
    fn splines_pass_through_the_voxels_they_meet(volume in volume()) {
        // The target's voxels are every second voxel of the source, so each sample falls on one.
        let source = grid(&volume, 2.0, 0.0);
        let halved = volume.shape().iter().map(|n| n.div_ceil(2)).collect::<Vec<_>>();
        let target = Grid::new([halved[0], halved[1], halved[2]], diagonal_affine([4.0; 3], [0.0, 0.0, 2.0])).unwrap();
        let mut expected = volume.view();
        for axis in 0..3 {
            expected.slice_axis_inplace(Axis(axis), Slice::new(0, None, 2));
        }
        let expected = expected.to_owned().into_dyn();
        // Values of 1000; coefficients are up to 27 times larger, in f64.
        assert_close(&resampled(&volume, &source, &target, Interpolation::Cubic), &expected, Tolerance::absolute(1e-10));
        prop_assert_eq!(resampled(&volume, &source, &target, Interpolation::Nearest), expected);
    }

    #[test]
    fn a_constant_stays_constant_inside(shape in (2usize..7, 2usize..7, 2usize..7), value in -1e3..1e3f64) {
        let volume = Array3::from_elem(shape, value);
        let source = grid(&volume, 2.0, 0.0);
        let target = Grid::new([3, 3, 3], diagonal_affine([0.7; 3], [0.1, 0.1, 2.1])).unwrap();
        let found = resampled(&volume, &source, &target, Interpolation::Cubic);
        assert_close(&found, &ArrayD::from_elem(vec![3; 3], value), Tolerance::relative(1e-12));
    }

    #[test]
    fn symmetric_masks_lie_in_the_mask_and_mirror_themselves(bits in prop::collection::vec(any::<bool>(), 5 * 4 * 3)) {
        let inside = Array3::from_shape_vec((5, 4, 3), bits).unwrap();
        let grid = Grid::new([5, 4, 3], diagonal_affine([4.0; 3], [-8.0, 0.0, 0.0])).unwrap();
        let Ok(mask) = Mask::new(grid, inside.clone()) else { return Ok(()) };
        let Ok(both) = mask.symmetric_part() else { return Ok(()) };
        prop_assert!(both.voxels().iter().all(|&v| inside[v]));
        // What both sides share is symmetric; its largest component may be one of a pair.
        let shared = both.voxels().iter().all(|&[i, j, k]| inside[[4 - i, j, k]]);
        prop_assert!(shared);
        if both.voxels().iter().any(|v| v[0] == 2) {
            prop_assert!(both.is_symmetric().unwrap(), "a component that meets the midline is its own mirror image");
        }
    }

    #[test]
    fn one_run_decides_alone(bits in prop::collection::vec(any::<bool>(), 27)) {
        let inside = Array3::from_shape_vec((3, 3, 3), bits).unwrap();
        let grid = Grid::new([3; 3], diagonal_affine([4.0; 3], [-4.0; 3])).unwrap();
        let mut votes = MaskVotes::new(grid);
        votes.add(&inside).unwrap();
        match votes.majority() {
            Ok(mask) => prop_assert!(mask.voxels().iter().all(|&v| inside[v])),
            Err(_) => prop_assert!(!inside.iter().any(|v| *v)),
        }
    }

    #[test]
    fn smoothing_keeps_sums_of_what_lies_deep_inside(value in 1.0..1e3f32, fwhm in 0.0..6.0f64) {
        let grid = Grid::new([21; 3], diagonal_affine([4.0; 3], [0.0; 3])).unwrap();
        let mut volume = Array3::zeros((21, 21, 21));
        volume[[10, 10, 10]] = value;
        let smooth = smooth_volume(&grid, &volume, fwhm).unwrap();
        // Three f32 roundings of numbers below the value.
        prop_assert!((smooth.sum() / value - 1.0).abs() < 1e-5);
    }

    #[test]
    fn cleaning_does_not_see_a_constant_and_a_line(
        noise in prop::collection::vec(-10.0..10.0f64, 3 * 40),
        (constant, slope) in (-500.0..500.0f64, -5.0..5.0f64),
    ) {
        let signals = Array2::from_shape_vec((40, 3), noise).unwrap();
        let mut moved = signals.clone();
        for (t, mut row) in moved.rows_mut().into_iter().enumerate() {
            row += constant + slope * t as f64;
        }
        let cleaner = CleaningParams::reference().check().unwrap();
        // f64 at values of 700, through a filter whose nearly cancelling poles cost six digits.
        let tolerance = Tolerance::absolute(1e-7);
        assert_close(&cleaner.clean_double(&moved).unwrap(), &cleaner.clean_double(&signals).unwrap(), tolerance);
    }

    #[test]
    fn cleaned_signals_are_standardised_and_columns_are_independent(
        noise in prop::collection::vec(-10.0..10.0f64, 18 * 30),
    ) {
        let signals = Array2::from_shape_vec((30, 18), noise).unwrap();
        let cleaner = CleaningParams::reference().check().unwrap();
        let clean = cleaner.clean_double(&signals).unwrap();
        for (v, column) in clean.columns().into_iter().enumerate() {
            prop_assert!(column.mean().unwrap().abs() < 1e-12);
            prop_assert!((column.mapv(|x| x * x).mean().unwrap() - 1.0).abs() < 1e-12);
            // Seventeen voxels beside it, in blocks of sixteen, change nothing.
            let alone = cleaner.clean_double(&signals.slice_axis(Axis(1), Slice::from(v..=v))).unwrap();
            prop_assert_eq!(alone.column(0), column);
        }
    }
}
