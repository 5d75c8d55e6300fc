//! The published English files; run where `LPP_DATA` names their folder.

use lpp_fmri::{
    BrainMask, Image, Mask, MaskOf, REFERENCE_RADIUS_MM, RegionVoxels, SphereCentre, load_isc, sphere,
    sphere_volume,
};
use lpp_stats::{ReliableVoxels, mean_over_trials};
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
    let sides = mask.sides(MaskOf::Group);
    let by_x = sides.by_x();
    assert_eq!(
        [by_x.left().len(), by_x.midline().len(), by_x.right().len()],
        [12_425, 1_020, 12_425]
    );
    let halves = sides.halves().unwrap();
    assert_eq!(sides.share_elsewhere(), 0.0);
    let split = halves.left().len();
    assert_eq!(
        (split, mask.voxels()[split - 1], mask.voxels()[split]),
        (12_935, [18, 21, 15], [18, 21, 16])
    );
    assert_eq!(mask.world_coordinates()[split - 1], [0.0, -22.0, -4.0]);
    assert_eq!(halves.left().intersection(by_x.midline()).len(), 510);
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
        // The mask is symmetric, so that the mirrored region keeps its voxels; it is the reference's swapped image.
        let region = RegionVoxels::load(&path, &BrainMask::Volume(mask.clone())).unwrap();
        let flags = sphere(&mask, centre.centre_mm, REFERENCE_RADIUS_MM).unwrap();
        assert_eq!(region.own, flags.to_vec(), "{}", centre.name);
        let swapped = mask.apply_image(&published.swap_hemispheres().unwrap()).unwrap();
        let mirrored = region.mirrored.unwrap();
        assert!(
            swapped
                .iter()
                .zip(&mirrored)
                .all(|(value, inside)| (*value == 1.0) == *inside)
        );
        let count = |flags: &[bool]| flags.iter().filter(|flag| **flag).count();
        assert_eq!(count(&region.own), count(&mirrored), "{}", centre.name);
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
    let all = mask.sides(MaskOf::Group);
    let sides = all.halves().unwrap().within(&reliable.voxels);
    assert_eq!(
        [reliable.voxels.len(), sides.left().len(), sides.right().len()],
        [6_468, 3_297, 3_171]
    );
    let sides = all.by_x().within(&reliable.voxels);
    assert_eq!(
        [sides.left().len(), sides.midline().len(), sides.right().len()],
        [3_159, 294, 3_015]
    );
}
