//! Spheres as nilearn's spheres masker draws them.

use crate::common::{fixture, items, manifest, numbers};
use lpp_fmri::{FmriError, Grid, Mask, SphereCentre, sphere, sphere_volume};
use lpp_testkit::load_npy;
use ndarray::{Array3, s};

#[test]
fn spheres_agree_with_nilearn_voxel_for_voxel() {
    for case in items(&manifest()["rois"]) {
        let name = case["name"].as_str().unwrap();
        let mask = Mask::load(&fixture(&format!("roi/{name}_mask.nii.gz"))).unwrap();
        assert_eq!(mask.n_voxels() as u64, case["n_voxels"].as_u64().unwrap());
        let expected: Array3<bool> = load_npy(fixture(&format!("roi/{name}_spheres.npy")));
        for (r, radius) in numbers(&case["radii"]).into_iter().enumerate() {
            for (c, centre) in items(&case["centres"]).iter().enumerate() {
                let found = sphere(&mask, numbers(centre).try_into().unwrap(), radius).unwrap();
                assert_eq!(
                    found,
                    expected.slice(s![r, c, ..]),
                    "{name}, {centre}, {radius} mm"
                );
            }
        }
    }
}

fn full_mask() -> Mask {
    Mask::new(Grid::working(), Array3::from_elem((37, 46, 38), true)).unwrap()
}

#[test]
fn the_surface_belongs_to_the_sphere() {
    let on_surface = sphere(&full_mask(), [0.0, -22.0, -4.0], 8.0).unwrap();
    let within = sphere(&full_mask(), [0.0, -22.0, -4.0], 7.999).unwrap();
    // Two steps of 4 mm along each of the six directions lie exactly at 8 mm.
    assert_eq!(
        on_surface.iter().filter(|f| **f).count(),
        within.iter().filter(|f| **f).count() + 6
    );
}

#[test]
fn empty_and_absurd_spheres_are_refused() {
    let mask = full_mask();
    assert!(matches!(
        sphere(&mask, [500.0, 0.0, 0.0], 10.0),
        Err(FmriError::EmptySphere { .. })
    ));
    for (centre, radius) in [
        ([f64::NAN, 0.0, 0.0], 10.0),
        ([0.0; 3], -1.0),
        ([0.0; 3], f64::INFINITY),
    ] {
        assert!(matches!(
            sphere_volume(&mask, centre, radius),
            Err(FmriError::InvalidSphere { .. })
        ));
    }
}

#[test]
fn centres_come_from_csv() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("coords.csv");
    let load = |text: &str| {
        std::fs::write(&path, text).unwrap();
        SphereCentre::load_csv(&path)
    };
    let centres = load("name,z,y,x\nA, 3,2,1\nB,-1,0,1.5\n").unwrap();
    assert_eq!(centres[0].centre_mm, [1.0, 2.0, 3.0]);
    assert_eq!(
        (centres[1].name.as_str(), centres[1].centre_mm),
        ("B", [1.5, 0.0, -1.0])
    );
    for (text, part) in [
        ("", "no row"),
        ("name,x,y,z\n", "no row"),
        ("name,x,y\nA,1,2\n", "a column z"),
        ("name,x,y,z\nA,1,2\n", "found record with 3 fields"),
        ("name,x,y,z\nA,1,2,up\n", "\"up\" in column z, row 1"),
        ("name,x,y,z\nA,1,2,inf\n", "expected a finite number"),
        ("name,x,y,z\nA,1,2,3\nA,1,2,4\n", "the name \"A\" in row 2"),
        ("name,x,y,z\nA,1,2,3\na,1,2,4\n", "the name \"a\" in row 2"),
        ("name,x,y,z,x\nA,1,2,3,-1\n", "two columns \"x\""),
        ("name,x,y,z\nA,-0.05,0,0.012\n", "are these metres?"),
        ("name,x,y,z\n../A,1,2,3\n", "the name \"../A\""),
        ("name,x,y,z\n,1,2,3\n", "the name \"\""),
    ] {
        let message = load(text).unwrap_err().to_string();
        assert!(
            message.contains(part) && message.contains("coords.csv"),
            "{message}"
        );
    }
}
