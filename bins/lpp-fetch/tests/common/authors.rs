//! The repository of the study's authors, as tests make it.

use std::fs;

use lpp_testkit::{TestServer, fixture};

use crate::common::repository;

/// A fake of the authors' repository: the joblib arrays of the fixtures, and a listing as GitHub gives it.
pub(crate) fn authors(changed: Option<&str>) -> TestServer {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let small = fs::read(fixture("fmri/joblib/gzip.gz")).unwrap();
    files.push(("mask_lpp_fr.nii.gz".into(), b"mask".to_vec()));
    files.push(("isc_10trials_fr.gz".into(), small.clone()));
    files.push(("text/lpp_fr_text.zip".into(), b"text".to_vec()));
    for run in 0..9 {
        let name = format!("lpp_fr_average_subject/average_subject_run-{run}.gz");
        files.push((name, small.clone()));
    }
    for region in ["AG_TPJ", "BA44", "BA45", "BA47", "TP", "aSTS", "pSTS"] {
        files.push((format!("roi_masks/{region}.nii.gz"), region.as_bytes().to_vec()));
    }
    repository(files, changed)
}
