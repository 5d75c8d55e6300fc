//! The published English files; run where `LPP_DATA` names their folder.

use lpp_fmri::{Image, Mask, REFERENCE_RADIUS_MM, Side, SphereCentre, load_isc, sphere, sphere_volume};
use lpp_stats::{Hemispheres, ReliableVoxels, mean_over_trials};
use lpp_testkit::{Tolerance, assert_close};

#[test]
fn the_mask_has_its_voxels_on_their_sides() {
    let Some(data) = lpp_testkit::data_folder() else {
        return;
    };
    let mask = Mask::load(&data.join("reference_en/mask_lpp_en.nii.gz")).unwrap();
    assert_eq!(mask.grid(), &lpp_fmri::Grid::working());
    assert_eq!(mask.n_voxels(), 25_870);
    assert!(mask.is_symmetric().unwrap());
    let count = |side| mask.sides().into_iter().filter(|s| *s == side).count();
    assert_eq!(
        [Side::Left, Side::Midline, Side::Right].map(count),
        [12_425, 1_020, 12_425]
    );
    let split = mask.half_split();
    assert_eq!(
        (split, mask.voxels()[split - 1], mask.voxels()[split]),
        (12_935, [18, 21, 15], [18, 21, 16])
    );
    assert_eq!(mask.world_coordinates()[split - 1], [0.0, -22.0, -4.0]);
    let left_midline = mask.sides()[..split]
        .iter()
        .filter(|s| **s == Side::Midline)
        .count();
    assert_eq!(left_midline, 510);
    // The mask is symmetric: every voxel beside the midline has its partner.
    let pairs = mask.homotopic_pairs().unwrap();
    assert_eq!(pairs.len(), 12_425);
    let x = mask.world_coordinates();
    assert!(
        pairs.iter().all(|p| x[p.left][0] < 0.0
            && x[p.left][0] == -x[p.right][0]
            && x[p.left][1..] == x[p.right][1..])
    );
}

#[test]
fn the_published_spheres_come_out_voxel_for_voxel() {
    let Some(data) = lpp_testkit::data_folder() else {
        return;
    };
    let mask = Mask::load(&data.join("reference_en/mask_lpp_en.nii.gz")).unwrap();
    for centre in SphereCentre::reference_set() {
        let path = data.join(format!("reference_en/roi_masks/{}.nii.gz", centre.name));
        let published = Image::load(&path).unwrap();
        let volume = sphere_volume(&mask, centre.centre_mm, REFERENCE_RADIUS_MM).unwrap();
        assert_eq!(published.grid(), mask.grid(), "{}", centre.name);
        assert_close(&volume, &published.to_f64_volume().unwrap(), Tolerance::exact());
        // The mask is symmetric, so that the mirrored region keeps its voxels.
        let mirrored = published.swap_hemispheres().unwrap();
        let inside = mask.apply_image(&mirrored).unwrap().sum();
        let n = sphere(&mask, centre.centre_mm, REFERENCE_RADIUS_MM)
            .unwrap()
            .iter()
            .filter(|f| **f)
            .count();
        assert_eq!(inside, n as f64, "{}", centre.name);
    }
}

#[test]
fn the_published_correlations_give_the_published_counts() {
    let Some(data) = lpp_testkit::data_folder() else {
        return;
    };
    let mask = Mask::load(&data.join("reference_en/mask_lpp_en.nii.gz")).unwrap();
    let isc = load_isc(&data.join("reference_en/isc_10trials_en.gz")).unwrap();
    assert_eq!(isc.dim(), (10, mask.n_voxels()));
    let extremes = isc
        .iter()
        .fold((f64::MAX, f64::MIN), |(low, high), &v| (v.min(low), v.max(high)));
    assert_eq!(extremes, (-0.086_177_291_700_358_73, 0.864_939_893_646_608_2));
    let mean = mean_over_trials(&isc).unwrap();
    // Section 12 of the specification; sums in another order.
    assert!((mean.iter().sum::<f64>() / mean.len() as f64 - 0.364_960_178_188_716_2).abs() < 1e-14);
    // The published threshold of reliability follows, to the same digits.
    let reliable = ReliableVoxels::above_percentile(&mean.to_vec(), 75.0).unwrap();
    assert!((reliable.threshold - 0.487_300_577_913_772_46).abs() < 1e-15);
    let sides = Hemispheres::array_halves(mask.n_voxels()).within(&reliable.voxels);
    assert_eq!(
        [reliable.voxels.len(), sides.left().len(), sides.right().len()],
        [6_468, 3_297, 3_171]
    );
    let x: Vec<f64> = mask.world_coordinates().iter().map(|point| point[0]).collect();
    let sides = Hemispheres::by_world_x(&x).within(&reliable.voxels);
    assert_eq!(
        [sides.left().len(), sides.midline().len(), sides.right().len()],
        [3_159, 294, 3_015]
    );
}
