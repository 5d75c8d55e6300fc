//! What mathematics promises, on random volumes and words.

use lpp_fmri::{Grid, Hrf, Mask, RegressorOperator, diagonal_affine, mirror_volume, swap_hemispheres};
use lpp_testkit::{Tolerance, assert_close};
use ndarray::{Array1, Array2, Array3};
use proptest::prelude::*;

/// A small grid with steps of either sign, and values on it.
fn volume() -> impl Strategy<Value = (Grid, Array3<f32>)> {
    let step = prop::sample::select(vec![-4.0, -2.0, 1.5, 2.0, 4.0]);
    let shape = (1usize..6, 1usize..6, 1usize..6);
    (shape, [step.clone(), step.clone(), step], -50.0..50.0f64).prop_flat_map(|(shape, steps, origin)| {
        let (i, j, k) = shape;
        let grid = Grid::new([i, j, k], diagonal_affine(steps, [origin, -origin, 2.0])).unwrap();
        prop::collection::vec(-1e3f32..1e3, i * j * k)
            .prop_map(move |values| (grid, Array3::from_shape_vec(shape, values).unwrap()))
    })
}

/// The same with x = 0 at or half way between voxel centres, in the middle or not.
fn centred_volume() -> impl Strategy<Value = (Grid, Array3<f32>)> {
    (volume(), 0usize..8).prop_map(|((grid, volume), middle)| {
        let mut affine = *grid.affine();
        affine[0][3] = -affine[0][0] * middle as f64 / 2.0;
        (Grid::new(grid.shape(), affine).unwrap(), volume)
    })
}

proptest! {
    #[test]
    fn swapping_twice_is_the_identity((grid, volume) in volume()) {
        // The first swap puts the axes upright; from there on two swaps change nothing.
        let (upright, once) = swap_hemispheres(&grid, &volume).unwrap();
        let (same, twice) = swap_hemispheres(&upright, &once).unwrap();
        let (_, thrice) = swap_hemispheres(&same, &twice).unwrap();
        prop_assert_eq!(&upright, &same);
        prop_assert_eq!(once, thrice);
        if grid == upright {
            prop_assert_eq!(twice, volume);
        }
    }

    #[test]
    fn voxel_order_round_trips((grid, volume) in volume(), threshold in -500.0f32..500.0) {
        let mut inside = volume.mapv(|v| v > threshold);
        inside[[0, 0, 0]] = true;
        let mask = Mask::new(grid, inside).unwrap();
        prop_assert!(mask.voxels().windows(2).all(|pair| pair[0] < pair[1]));
        let values: Array1<f32> = (0..mask.n_voxels()).map(|v| v as f32).collect();
        let back = mask.apply(&mask.unmask(&values, f32::NAN).unwrap()).unwrap();
        prop_assert_eq!(back, values);
        let masked = mask.apply(&volume).unwrap();
        let again = mask.unmask(&masked, f32::NAN).unwrap();
        prop_assert!(again.iter().zip(&volume).all(|(a, v)| a.is_nan() || a == v));
    }

    #[test]
    fn homotopic_pairs_lie_at_opposite_x((grid, volume) in centred_volume(), threshold in -500.0f32..500.0) {
        let mut inside = volume.mapv(|v| v > threshold);
        inside[[0, 0, 0]] = true;
        let mask = Mask::new(grid, inside).unwrap();
        let places = mask.world_coordinates();
        let opposite = |[x, y, z]: [f64; 3]| {
            let near = |p: &[f64; 3]| (p[0] + x).abs() < 1e-6 && p[1] == y && p[2] == z;
            places.iter().position(near)
        };
        let mut expected: Vec<(usize, usize)> = places
            .iter()
            .enumerate()
            .filter(|(_, place)| place[0] < -1e-3)
            .filter_map(|(left, place)| Some((left, opposite(*place)?)))
            .collect();
        expected.sort_unstable();
        let found: Vec<_> = mask.homotopic_pairs().unwrap().iter().map(|p| (p.left, p.right)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_mask_and_its_mirror_image_make_a_symmetric_one((grid, volume) in centred_volume(), threshold in -500.0f32..500.0) {
        let bright = volume.mapv(|v| v > threshold);
        let mirrored = mirror_volume(&grid, &bright, false).unwrap();
        let both = ndarray::Zip::from(&bright).and(&mirrored).map_collect(|a, b| *a && *b);
        if both.iter().any(|v| *v) {
            prop_assert!(Mask::new(grid, both).unwrap().is_symmetric().unwrap());
        }
        // About the middle of an upright array that is centred on x = 0, reversing is mirroring.
        if grid.affine()[0][0] > 0.0 && (grid.world([0, 0, 0])[0] + grid.world([grid.shape()[0] - 1, 0, 0])[0]).abs() < 1e-9 {
            let (upright, swapped) = swap_hemispheres(&grid, &bright).unwrap();
            if upright == grid {
                prop_assert_eq!(mirrored, swapped);
            }
        }
    }

    #[test]
    fn regressors_are_linear(
        words in prop::collection::vec((-40.0..150.0f64, -1.0..2.0f64, -1.0..1.0f64, -1.0..1.0f64), 1..40),
        tr_s in 0.5..4.0f64,
        n_scans in 2usize..80,
        (a, b) in (-3.0..3.0f64, -3.0..3.0f64),
    ) {
        let onsets: Vec<f64> = words.iter().map(|w| w.0).collect();
        let offsets: Vec<f64> = words.iter().map(|w| w.0 + w.1).collect();
        let operator = RegressorOperator::new(&onsets, &offsets, n_scans, tr_s, &Hrf::Glover).unwrap();
        let activations = Array2::from_shape_fn((words.len(), 3), |(w, f)| match f {
            0 => words[w].2,
            1 => words[w].3,
            _ => a * words[w].2 + b * words[w].3,
        });
        let x = operator.apply(&activations).unwrap();
        let combined = &x.column(0) * a + &x.column(1) * b;
        // Sums of at most 40 terms of size up to 6.
        assert_close(&x.column(2), &combined, Tolerance::absolute(1e-12));
    }
}
