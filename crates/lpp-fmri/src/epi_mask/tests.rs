use super::*;

#[test]
fn the_threshold_lies_in_the_first_of_the_widest_gaps() {
    // Twenty values; gaps count from the 4th to the 17th.
    let mut values: Vec<f32> = (0..20u8).map(f32::from).collect();
    for value in &mut values[8..] {
        *value += 5.0;
    }
    for value in &mut values[12..] {
        *value += 5.0;
    }
    for value in &mut values[18..] {
        *value += 50.0;
    }
    assert_eq!(widest_gap(&values).middle, 10.0);
    values.reverse();
    assert_eq!(widest_gap(&values).middle, 10.0);
}

#[test]
fn a_flat_image_has_no_contrast() {
    for (mean, word) in [
        (vec![2.0f32; 10], "constant"),
        (vec![0.0; 10], "constant"),
        (vec![f32::NAN; 10], "finite"),
        (vec![f32::INFINITY; 10], "finite"),
        (vec![0.0, f32::NAN, 0.0], "constant"),
    ] {
        let found = bright_part(&mean, mean.clone()).err().unwrap();
        assert!(found.contains(word), "{found}");
    }
}

#[test]
fn a_brain_in_a_plain_background_is_what_differs_from_it() {
    for background in [0.0f32, 30.0, 1e-3] {
        let mut mean = vec![background; 100];
        mean[40..50].fill(1000.0);
        let Bright { inside, doubts } = bright_part(&mean, mean.clone()).ok().unwrap();
        assert_eq!(inside.iter().filter(|v| **v).count(), 10);
        assert!(inside[40] && doubts[0].contains("skull-stripped"), "{doubts:?}");
    }
}

#[test]
fn a_demeaned_run_is_doubtful() {
    let mean: Vec<f64> = (0..100).map(|i| f64::from(i % 7 - 3) * 1e-7).collect();
    let doubts = bright_part(&mean, mean.clone()).ok().unwrap().doubts;
    assert!(doubts[0].contains("demeaning"), "{doubts:?}");
    // Ringing around a bright brain is none.
    let ringing: Vec<f64> = (0..100)
        .map(|i| if i < 50 { -3.0 } else { 500.0 + f64::from(i) })
        .collect();
    assert!(
        bright_part(&ringing, ringing.clone())
            .ok()
            .unwrap()
            .doubts
            .is_empty()
    );
}

#[test]
fn a_nan_of_the_mean_is_zero_even_after_smoothing() {
    let smoother = Smoother::one_voxel([3, 1, 1]);
    let mean = smoothed(vec![1.0f64, f64::NAN, 1.0], &smoother);
    assert_eq!(mean[1], 0.0);
    assert!(mean[0] > 0.9);
    // An infinite mean stays a voxel like any other.
    assert!(smoothed(vec![1.0f64, f64::INFINITY, 1.0], &smoother)[1] > 0.05);
}

#[test]
fn a_mask_of_nearly_all_that_erosion_leaves_is_doubted() {
    // Of 10 × 10 × 10 voxels, 6 × 6 × 6 are farther than two from the border; 95 % of these are 205.2.
    let first = |n: usize, shape: (usize, usize, usize)| {
        let flags = (0..shape.0 * shape.1 * shape.2).map(|i| i < n).collect();
        Array3::from_shape_vec(shape, flags).unwrap()
    };
    assert_eq!(fills_the_box(&first(205, (10, 10, 10))), None);
    let doubt = fills_the_box(&first(206, (10, 10, 10))).unwrap();
    assert!(doubt.contains("(206 of 1000 voxels)"), "{doubt}");
    // Nothing can be left of four slices.
    assert_eq!(fills_the_box(&first(400, (10, 10, 4))), None);
}

#[test]
fn noise_in_a_mask_is_doubted() {
    let inside = Array3::from_elem((4, 5, 5), true);
    let bright = |share: usize| {
        Array3::from_shape_fn((4, 5, 5), |(i, j, k)| {
            let place = 25 * i + 5 * j + k;
            (if place < share { 900.0 } else { 10.0 }) + (place % 3) as f64
        })
    };
    let doubt = holds_noise(&inside, &bright(30)).unwrap();
    assert!(
        doubt.contains("two groups") && doubt.contains("less than 15 %"),
        "{doubt}"
    );
    assert_eq!(holds_noise(&inside, &bright(0)), None);
    // Only voxels of the mask count.
    let brain = bright(30).mapv(|v| v > 100.0);
    assert_eq!(holds_noise(&brain, &bright(30)), None);
}

#[test]
fn a_voxel_varies_if_one_of_its_scans_differs() {
    let mut sum = vec![1.0, 2.0, f64::NAN, f64::NAN, 5.0];
    let first = sum.clone();
    let mut varies = vec![false; 5];
    add(&mut sum, &mut varies, &first, &[1.0, 2.5, f64::NAN, 1.0, 5.0]);
    assert_eq!(varies, [false, true, false, true, false]);
    add(
        &mut sum,
        &mut varies,
        &first,
        &[1.0, 2.0, f64::NAN, f64::NAN, f64::NAN],
    );
    assert_eq!(varies, [false, true, false, true, true]);
    assert_eq!(sum[..2], [3.0, 6.5]);
}

#[test]
fn runs_vote_and_constant_voxels_are_counted() {
    let grid = Grid::new([2, 1, 3], crate::affine::diagonal_affine([4.0; 3], [0.0; 3])).unwrap();
    let flags = |flags: [bool; 6]| Array3::from_shape_vec((2, 1, 3), flags.to_vec()).unwrap();
    let run = |inside: [bool; 6], varies: [bool; 6]| RunMask {
        grid,
        inside: flags(inside),
        varies: flags(varies),
        doubts: Vec::new(),
    };
    let mut votes = MaskVotes::new(grid);
    votes
        .add_run(&run(
            [true, true, true, false, false, false],
            [true, true, true, true, true, false],
        ))
        .unwrap();
    votes
        .add_run(&run(
            [true, true, false, false, false, true],
            [false, true, true, true, true, true],
        ))
        .unwrap();
    let mask = votes.majority().unwrap();
    assert_eq!(mask.voxels(), [[0, 0, 0], [0, 0, 1]]);
    // The first voxel is constant in the second run; the last one, too, but it is outside.
    assert_eq!(votes.n_constant(&mask), 1);
    // A volume alone has no constant voxels.
    votes
        .add_run(&run([true, true, true, false, false, false], [false; 6]))
        .unwrap();
    assert_eq!(votes.n_constant(&votes.majority().unwrap()), 1);
    assert!(votes.add(&Array3::from_elem((2, 1, 2), true)).is_err());
}

#[test]
fn a_volume_has_the_same_brain_in_every_type() {
    use crate::numeric::Element;

    fn masked<T: Element>(of: impl Fn(u8) -> T) -> RunMask
    where
        NumArray: From<ArrayD<T>>,
    {
        let grid = Grid::new([14; 3], crate::affine::diagonal_affine([4.0; 3], [0.0; 3])).unwrap();
        let bright = |p: usize| (3..11).contains(&p);
        let values = ArrayD::from_shape_fn(vec![14; 3], |p| {
            let is_brain = bright(p[0]) && bright(p[1]) && bright(p[2]);
            of(if is_brain { 100 } else { 0 } + u8::try_from((5 * p[0] + 3 * p[1] + p[2]) % 7).unwrap())
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mean.nii");
        crate::Image::new(grid, values).unwrap().save(&path).unwrap();
        epi_mask(&path).unwrap()
    }

    let single = masked(f32::from);
    // Two erosions leave 4 × 4 × 4 voxels of the cube; what is within two steps of these comes back: 64, two layers on each
    // of six faces of 16, and twelve edges of 4.
    let n = single.inside.iter().filter(|v| **v).count();
    assert_eq!(n, 64 + 6 * 2 * 16 + 12 * 4);
    assert!(!single.varies.iter().any(|v| *v));
    for (name, run) in [
        ("float64", masked(f64::from)),
        ("int8", masked(|v| i8::try_from(v).unwrap())),
        ("int16", masked(i16::from)),
        ("int32", masked(i32::from)),
        ("int64", masked(i64::from)),
        ("uint8", masked(|v| v)),
        ("uint16", masked(u16::from)),
        ("uint32", masked(u32::from)),
        ("uint64", masked(u64::from)),
    ] {
        assert_eq!(run.inside, single.inside, "{name}");
        assert_eq!(run.doubts, [""; 0], "{name}");
    }
}
