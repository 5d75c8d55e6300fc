//! One brain, stored in each of the 48 orders and directions of axes: left is left in all of them.

use std::collections::BTreeMap;

use lpp_fmri::{
    Atlas, BrainMask, Grid, Image, Interpolation, LabelTable, Mask, MaskOf, RegionVoxels, diagonal_affine,
    resample_file,
};
use ndarray::Array3;

/// Voxels along x, y and z, 4 mm apart; the grid is centred on x = 0 only.
const SHAPE: [usize; 3] = [12, 10, 8];
const ORIGIN: [f64; 3] = [-22.0, -30.0, -14.0];

/// The grid with voxel axis n along world axis `order[n]`, backwards if `back[n]`.
fn stored(order: [usize; 3], back: [bool; 3], origin: [f64; 3]) -> Grid {
    let mut affine = [[0.0; 4]; 4];
    affine[3][3] = 1.0;
    for (column, (&world, &back)) in order.iter().zip(&back).enumerate() {
        let last = 4.0 * (SHAPE[world] as f64 - 1.0);
        affine[world][column] = if back { -4.0 } else { 4.0 };
        affine[world][3] = origin[world] + if back { last } else { 0.0 };
    }
    Grid::new(order.map(|world| SHAPE[world]), affine).unwrap()
}

fn all_orientations() -> Vec<Grid> {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let directions = (0..8).map(|bits| [0, 1, 2].map(|axis| bits >> axis & 1 == 1));
    directions
        .flat_map(|back| orders.map(|order| stored(order, back, ORIGIN)))
        .collect()
}

/// A volume of what `of` says of world coordinates.
fn volume<T>(grid: &Grid, of: impl Fn([f64; 3]) -> T) -> Array3<T> {
    let [i, j, k] = grid.shape();
    Array3::from_shape_fn((i, j, k), |(i, j, k)| of(grid.world([i, j, k])))
}

/// A brain that is larger on the left.
fn brain([x, y, z]: [f64; 3]) -> bool {
    let reach = if x < 0.0 { 21.0 } else { 17.0 };
    (x / reach).powi(2) + ((y + 12.0) / 17.0).powi(2) + (z / 13.0).powi(2) <= 1.0
}

fn whole([x, y, z]: [f64; 3]) -> [i32; 3] {
    [x, y, z].map(|mm| mm.round() as i32)
}

/// World coordinates of the voxels of a masked array that are flagged, sorted.
fn places(mask: &Mask, flags: impl IntoIterator<Item = bool>) -> Vec<[i32; 3]> {
    let world = mask.world_coordinates();
    let mut places: Vec<_> = world
        .into_iter()
        .zip(flags)
        .filter(|(_, flag)| *flag)
        .map(|(place, _)| whole(place))
        .collect();
    places.sort_unstable();
    places
}

#[test]
fn sides_pairs_and_symmetric_parts_are_the_same_places() {
    let mut first = None;
    let mut n_with_halves = 0;
    for grid in all_orientations() {
        let mask = Mask::new(grid, volume(&grid, brain)).unwrap();
        let sides = mask.sides(MaskOf::Group);
        n_with_halves += usize::from(grid.orientation().starts_with('R'));
        assert!(sides.halves().is_none(), "this brain's halves are not its sides");
        let all = mask.n_voxels();
        let left = places(&mask, (0..all).map(|v| sides.by_x().left().contains(v)));
        let right = places(&mask, (0..all).map(|v| sides.by_x().right().contains(v)));
        assert!(left.iter().all(|place| place[0] < 0) && right.iter().all(|place| place[0] > 0));
        let world = mask.world_coordinates();
        let mut pairs: Vec<_> = mask
            .homotopic_pairs()
            .unwrap()
            .iter()
            .map(|pair| (whole(world[pair.left]), whole(world[pair.right])))
            .collect();
        pairs.sort_unstable();
        assert!(
            pairs
                .iter()
                .all(|([x, y, z], right)| *x < 0 && *right == [-x, *y, *z])
        );
        let symmetric = mask.symmetric_part().unwrap();
        assert!(symmetric.is_symmetric().unwrap());
        let halves = symmetric.sides(MaskOf::Group).halves().is_some();
        assert_eq!(
            halves,
            grid.orientation().starts_with('R'),
            "{}",
            grid.orientation()
        );
        let part = places(&symmetric, vec![true; symmetric.n_voxels()]);
        let found = (left, right, pairs, part);
        assert_eq!(
            first.get_or_insert_with(|| found.clone()),
            &found,
            "{}",
            grid.orientation()
        );
    }
    assert_eq!(n_with_halves, 8);
}

#[test]
fn regions_and_parcels_lie_where_they_were_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let region = |[x, y, z]: [f64; 3]| (x - 10.0).powi(2) + (y + 10.0).powi(2) + z * z < 70.0;
    // Labels on a grid of 2 mm that runs from right to left.
    let fine = Grid::new(
        [24, 20, 16],
        diagonal_affine([-2.0, 2.0, 2.0], [23.0, -31.0, -15.0]),
    )
    .unwrap();
    let label = |[x, y, _]: [f64; 3]| 1 + i16::from(x > 0.0) + 2 * i16::from(y > -12.0);
    let atlas = folder.path().join("atlas.nii.gz");
    let labels = volume(&fine, label).into_dyn();
    Image::new(fine, labels).unwrap().save(&atlas).unwrap();
    let mut first = None;
    for grid in all_orientations() {
        let mask = Mask::new(grid, volume(&grid, brain)).unwrap();
        let path = folder.path().join("region.nii");
        let image = volume(&grid, |place| f32::from(u8::from(region(place))));
        Image::new(grid, image.into_dyn()).unwrap().save(&path).unwrap();
        let RegionVoxels { own, mirrored } =
            RegionVoxels::load(&path, &BrainMask::Volume(mask.clone())).unwrap();
        let own = places(&mask, own);
        assert!(own.iter().all(|[x, ..]| *x > 0), "drawn on the right");
        let parcels: BTreeMap<u32, Vec<[i32; 3]>> = Atlas::load(&atlas, &BrainMask::Volume(mask.clone()))
            .unwrap()
            .parcels(&LabelTable::default())
            .into_iter()
            .map(|parcel| {
                let flags: Vec<bool> = (0..mask.n_voxels()).map(|v| parcel.voxels.contains(&v)).collect();
                (parcel.label, places(&mask, flags))
            })
            .collect();
        assert!(parcels[&2].iter().all(|[x, ..]| *x > 0) && parcels[&3].iter().all(|[x, ..]| *x < 0));
        let found = (own, places(&mask, mirrored.unwrap()), parcels);
        assert_eq!(
            first.get_or_insert_with(|| found.clone()),
            &found,
            "{}",
            grid.orientation()
        );
    }
}

#[test]
fn a_scan_is_resampled_to_the_same_image() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.nii");
    let target = Grid::new([9, 7, 5], diagonal_affine([4.0; 3], [-16.0, -26.0, -8.0])).unwrap();
    let mut first: Option<ndarray::Array4<f64>> = None;
    for grid in all_orientations() {
        let scan = volume(&grid, |[x, y, z]| (0.1 * x).sin() + (0.07 * y).cos() * 0.02 * z);
        Image::new(grid, scan.into_dyn()).unwrap().save(&path).unwrap();
        let found = resample_file(&path, &target, Interpolation::Cubic)
            .unwrap()
            .to_f64_volumes()
            .unwrap();
        let first = first.get_or_insert_with(|| found.clone());
        let worst = (&*first - &found)
            .iter()
            .fold(0.0, |worst: f64, d| worst.max(d.abs()));
        assert!(worst < 1e-12, "{}: {worst}", grid.orientation());
    }
}
