//! Tests of the table of runs.

use super::*;

fn load(text: &str) -> Result<RunsTable, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.csv");
    std::fs::write(&file, text).unwrap();
    RunsTable::load(&file).map_err(|error| error.to_string())
}

fn of(rows: &[&str]) -> Result<RunsTable, String> {
    load(&format!(
        "subject,session,task,run,story,kind,path,tr_s\n{}\n",
        rows.join("\n")
    ))
}

#[test]
fn a_pipe_is_no_table() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.csv");
    rustix::fs::mkfifoat(rustix::fs::CWD, &file, rustix::fs::Mode::RWXU).unwrap();
    let error = RunsTable::load(&file).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("a pipe or device"), "{error}: {source}");
}

#[test]
fn a_saved_table_comes_back_with_relative_paths() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.csv");
    let text = "subject,session,task,run,lang,story,kind,space,path,n_scans,tr_s,start_s,confounds,mask\n\
                01,,story,9,de,,volume,T1w,func/a.nii.gz,120,1.5,0.0,func/a.tsv,\n\
                01,,story,10,de,,volume,T1w,/elsewhere/b.nii.gz,,,,,func/b.nii\n";
    std::fs::write(&file, text).unwrap();
    let table = RunsTable::load(&file).unwrap();
    let [first, second] = table.runs() else {
        panic!("two runs")
    };
    assert_eq!((first.start_s, second.start_s), (Some(0.0), None));
    assert_eq!(
        first.confounds.as_deref(),
        Some(folder.path().join("func/a.tsv").as_path())
    );
    assert_eq!(second.path, Path::new("/elsewhere/b.nii.gz"));
    table.save(&file).unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn stories_follow_the_first_subject_and_numbers() {
    let table = of(&[
        "2,,,1,tunnel,volume,d.nii,",
        "1,,,10,pieman,volume,a.nii,",
        "1,,,2,tunnel,volume,b.nii,",
        "2,,,2,pieman,volume,c.nii,",
    ])
    .unwrap();
    assert_eq!(table.stories(), ["tunnel", "pieman"]);
    assert_eq!(table.subjects(), ["1", "2"]);
    assert!(table.check_paired().is_ok());
    // Without stories, the labels of one subject are not those of the other.
    let labels = of(&[
        "1,,,01,,volume,a.nii,",
        "1,,,10,,volume,b.nii,",
        "2,,,1,,volume,c.nii,",
    ])
    .unwrap();
    let error = labels.check_paired().unwrap_err().to_string();
    assert!(error.contains("run-10 never in sub-2"), "{error}");
    let (paired, others) = labels.only_paired();
    assert_eq!((paired.runs().len(), others), (2, vec!["run-10".to_owned()]));
    assert!(paired.check_paired().is_ok());
    // Of a language, and by place, where subject 2 lacks its second run.
    let (kept, others) = labels.only_paired_in(&["de"], false);
    assert_eq!((kept.runs().len(), others), (2, vec!["run-10".to_owned()]));
    let (kept, others) = labels.only_paired_in(&["de"], true);
    assert_eq!((kept.runs().len(), others), (2, vec!["2".to_owned()]));
}

#[test]
fn a_study_has_one_kind_of_scans() {
    for (rows, said) in [
        (
            ["1,,,1,,volume,a.nii,", "1,,,2,,cifti,b_bold.dtseries.nii,"],
            "volume (no space) and cifti",
        ),
        (
            [
                "1,,,1,,cifti,a_bold.dtseries.nii,",
                "2,,,1,,surface,x_hemi-L_bold.func.gii,",
            ],
            "cifti (no space) and surface",
        ),
    ] {
        let error = of(&rows).unwrap_err();
        assert!(error.contains("runs.csv") && error.contains(said), "{error}");
    }
    let spaces =
        "subject,run,kind,space,path\n1,1,cifti,fsLR,a.dtseries.nii\n1,2,cifti,fsaverage,b.dtseries.nii\n";
    assert!(
        load(spaces)
            .unwrap_err()
            .contains("cifti (fsLR) and cifti (fsaverage)")
    );
}

#[test]
fn tasks_and_sessions_are_no_repeats() {
    let table = of(&[
        "1,2,b,1,,volume,a.nii,",
        "1,1,a,1,,volume,b.nii,",
        "1,1,b,1,,volume,c.nii,",
    ])
    .unwrap();
    assert_eq!(
        table.stories(),
        ["ses-1_task-a_run-1", "ses-1_task-b_run-1", "ses-2_task-b_run-1"]
    );
    let places = of(&[
        "EN1,,,7,,volume,a.nii,",
        "EN1,,,12,,volume,b.nii,",
        "EN2,,,3,,volume,c.nii,",
    ])
    .unwrap();
    assert_eq!(places.by_place().stories(), ["1", "2"]);
    assert_eq!(
        of(&["1,,,,,cifti,a_bold.dtseries.nii,"]).unwrap().stories(),
        ["story"]
    );
}

#[test]
fn the_hemispheres_of_a_run_are_two_files() {
    let table = of(&["1,,,,,surface,f/sub-1_hemi-L_bold.func.gii,"]).unwrap();
    let files = table.runs()[0].files();
    assert!(
        files[0].ends_with("sub-1_hemi-L_bold.func.gii") && files[1].ends_with("sub-1_hemi-R_bold.func.gii")
    );
}

#[test]
fn what_is_wrong_is_named_with_its_row() {
    for (rows, said) in [
        (
            vec!["sub-1,,,1,,volume,a.nii,"],
            "subject \"sub-1\" in row 1, expected the label without its prefix: 1",
        ),
        (
            vec!["1,,,1,,volume,a.nii,", "1,,,01,,volume,b.nii,"],
            "sub-1, run-01 in rows 1 and 2",
        ),
        (vec!["1,,,1,,volume,a.nii,", "1,,,2,,volume,a.nii,"], "one file"),
        (vec!["1,,,1,,volume,a.nii,0"], "tr_s 0 in row 1"),
        (vec!["1,,,1,,volume,a.nii,NaN"], "tr_s NaN in row 1"),
        (vec!["../1,,,1,,volume,a.nii,"], "it contains a slash"),
        (vec!["1,,,1,\"a,b\",volume,a.nii,"], "it contains a comma"),
        (vec!["1,,,1,,volume,a.dtseries.nii,"], "expected a volume"),
        (vec!["1,,,1,,surface,a_bold.func.gii,"], "hemi-L"),
        (vec!["1,,,1,,voxels,a.nii,"], "unknown variant `voxels`"),
        (vec![",,,1,,volume,a.nii,"], "a part of it is empty"),
    ] {
        let error = of(&rows).unwrap_err();
        assert!(error.contains("runs.csv: found") || said == "one file", "{error}");
        assert!(error.contains(said), "{error}");
    }
    for (text, said) in [
        ("", "no run"),
        ("subject,kind,path\n", "no run"),
        ("subject,kind\n1,volume\n", "missing field `path`"),
        (
            "subject,kind,path,confound\n1,volume,a.nii,c.tsv\n",
            "unknown field `confound`",
        ),
        ("subject,kind,path\n1,volume\n", "found record with 2 fields"),
    ] {
        let error = load(text).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn a_table_of_many_tiny_rows_is_refused() {
    let rows = |n: usize| {
        (0..n)
            .map(|i| format!("a,{i},volume,{i}.npy\n"))
            .collect::<Vec<_>>()
            .concat()
    };
    let error = load(&format!("subject,run,kind,path\n{}", rows(200_000))).unwrap_err();
    assert!(
        error.contains("runs.csv: found") && error.contains("rows of"),
        "{error}"
    );
    assert_eq!(
        load(&format!("subject,run,kind,path\n{}", rows(20_000)))
            .unwrap()
            .runs()
            .len(),
        20_000
    );
}
