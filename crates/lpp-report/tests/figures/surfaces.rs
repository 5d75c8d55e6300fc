//! Values on meshes, compared with nilearn.

use lpp_fmri::surface::{Mesh, sample_along_normals};
use lpp_fmri::{Affine, invert_affine};
use lpp_report::surface::CorticalSurface;
use lpp_testkit::{Tolerance, assert_close, fixture};
use ndarray::{Array1, Array3};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect()
}

#[test]
fn sampling_agrees_with_vol_to_surf() {
    let text = std::fs::read_to_string(fixture("report/surface.json")).unwrap();
    let case: Value = serde_json::from_str(&text).unwrap();
    let shape: Vec<usize> = numbers(&case["shape"]).iter().map(|n| *n as usize).collect();
    let volume = Array3::from_shape_vec((shape[0], shape[1], shape[2]), numbers(&case["volume"])).unwrap();
    let rows: Vec<[f64; 4]> = case["affine"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| numbers(row).try_into().unwrap())
        .collect();
    let affine: Affine = rows.try_into().unwrap();
    let vertices = case["vertices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| numbers(v).try_into().unwrap());
    let triangles = case["triangles"].as_array().unwrap().iter().map(|t| {
        let corners: Vec<usize> = numbers(t).iter().map(|n| *n as usize).collect();
        corners.try_into().unwrap()
    });
    let mesh = Mesh::new(vertices.collect(), triangles.collect(), "surface.json".as_ref()).unwrap();
    let offsets: Vec<f64> = (0..10).map(|i| 3.0 - 6.0 * f64::from(i) / 9.0).collect();
    let found = sample_along_normals(&volume, &invert_affine(&affine).unwrap(), &mesh, &offsets);
    // Both interpolate in f64; the sums run in another order.
    let expected = Array1::from(numbers(&case["texture"]));
    assert_close(&Array1::from(found), &expected, Tolerance::absolute(1e-12));
}

/// `LPP_FSAVERAGE5` names a folder with nilearn's meshes; nothing of them is in the repository.
#[test]
fn the_meshes_of_nilearn_are_read() {
    let Some(folder) = std::env::var_os("LPP_FSAVERAGE5") else {
        eprintln!("skipped: LPP_FSAVERAGE5 is not set");
        return;
    };
    let surface = CorticalSurface::load(folder.as_ref()).unwrap();
    for side in [&surface.left, &surface.right] {
        assert_eq!(
            (side.cortex.vertices().len(), side.cortex.triangles().len()),
            (10_242, 20_480)
        );
        assert_eq!(side.folds.len(), 10_242);
    }
    // Left is left: the pial surface lies at negative x.
    assert!(surface.left.cortex.vertices().iter().map(|v| v[0]).sum::<f64>() < 0.0);
}
