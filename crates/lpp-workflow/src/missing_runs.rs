//! Runs that some subject lacks, left out of the table of runs.

use lpp_files::FileError;
use lpp_steps::{Artefact, Software, run_if_stale};
use lpp_study::{Language, PairRuns, Study};

/// Leaves the stories that some subject lacks out of `runs.csv`, for all subjects, and returns their names. The whole table
/// stays beside it as `runs_all.csv`, and the record of `runs.csv` names what was left out. If nothing is missing, or there
/// is no table, nothing is written.
///
/// # Errors
/// [`FileError`] naming the table if it cannot be read, nothing would be left of it, or there is another whole table.
pub fn leave_out_missing_runs(
    study: &Study,
    languages: &[Language],
    software: Software,
) -> Result<Vec<String>, FileError> {
    let Some(table) = study.load_runs()? else {
        return Ok(Vec::new());
    };
    let codes: Vec<&str> = languages.iter().map(Language::code).collect();
    let by_place = study.config().corpus.pair_runs == Some(PairRuns::Place);
    let (paired, left_out) = table.only_paired_in(&codes, by_place);
    let file = study.runs_table();
    if left_out.is_empty() {
        return Ok(left_out);
    }
    if paired.runs().is_empty() {
        let found = "no run that all subjects have";
        return Err(FileError::malformed(&file, found, "at least one such run"));
    }
    let whole = file.with_file_name("runs_all.csv");
    if whole.exists() {
        let expected = "no such file, as the whole table of runs.csv is to be kept there; move it";
        return Err(FileError::malformed(&whole, "a table of runs", expected));
    }
    table.save(&whole)?;
    let artefact = Artefact::new(&file).input(&whole).with("left_out", &left_out);
    run_if_stale(software, vec![artefact], true, || paired.save(&file))?;
    Ok(left_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_steps::Provenance;

    #[test]
    fn a_run_that_a_subject_lacks_is_left_out_for_all_and_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let text = "subject,run,kind,path\n1,1,volume,a.nii\n1,2,volume,b.nii\n2,1,volume,c.nii\n";
        write("runs.csv", text);
        let software = Software {
            program: "lpp-run",
            version: "0",
            commit: None,
        };
        let study = Study::open(folder.path()).unwrap();
        let leave_out = || leave_out_missing_runs(&study, &[Language::English], software);
        assert_eq!(leave_out().unwrap(), ["run-2"]);
        assert_eq!(study.load_runs().unwrap().unwrap().stories(), ["run-1"]);
        let record = Provenance::load(&study.runs_table()).unwrap();
        assert_eq!(record.parameters["left_out"], serde_json::json!(["run-2"]));
        assert!(record.inputs[0].path.ends_with("runs_all.csv"));
        // The second time nothing is missing.
        assert!(leave_out().unwrap().is_empty());
        write("runs.csv", text);
        let error = leave_out().unwrap_err().to_string();
        assert!(error.contains("runs_all.csv: found a table of runs"), "{error}");
    }
}
