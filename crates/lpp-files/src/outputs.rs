//! Outputs that would overwrite each other, or an input.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::FileError;

/// Checks, before anything is written, that outputs have different paths and that none is also an input.
///
/// # Errors
/// [`FileError::SameOutput`] naming both.
///
/// ```
/// use lpp_files::check_outputs;
///
/// let inputs = ["a/run.npy", "b/run.npy"].map(Into::into);
/// assert!(check_outputs(&inputs, &["o/a.npy".into(), "o/b.npy".into()]).is_ok());
/// assert!(check_outputs(&inputs, &["o/run.npy".into(), "o/run.npy".into()]).is_err());
/// assert!(check_outputs(&inputs, &["a/run.npy".into()]).is_err());
/// ```
pub fn check_outputs(inputs: &[PathBuf], outputs: &[PathBuf]) -> Result<(), FileError> {
    let inputs_at: BTreeMap<PathBuf, &Path> =
        inputs.iter().map(|path| (place(path), path.as_path())).collect();
    let mut outputs_at: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for (i, output) in outputs.iter().enumerate() {
        let at = place(output);
        if let Some(input) = inputs_at.get(&at) {
            return Err(FileError::SameOutput {
                output: output.clone(),
                first: (*input).to_owned(),
                second: None,
            });
        }
        if let Some(first) = outputs_at.insert(at, i) {
            // Where there is one output for each input, the inputs tell more than the outputs, which are one.
            let paired = (inputs.len() == outputs.len()).then(|| (inputs[first].clone(), inputs[i].clone()));
            let (first, second) = paired.unwrap_or_else(|| (outputs[first].clone(), output.clone()));
            return Err(FileError::SameOutput {
                output: output.clone(),
                first,
                second: Some(second),
            });
        }
    }
    Ok(())
}

/// The path of a file that may not exist yet, with links in its folder resolved.
fn place(path: &Path) -> PathBuf {
    if let Ok(place) = path.canonicalize() {
        return place;
    }
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) if !folder.as_os_str().is_empty() => place(folder).join(name),
        (_, Some(name)) => std::env::current_dir().unwrap_or_default().join(name),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_by_several_names_is_one_place() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("real")).unwrap();
        std::fs::write(at("real/in.npy"), "x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(at("real"), at("link")).unwrap();
        let check = |outputs: &[&str]| {
            let outputs: Vec<PathBuf> = outputs.iter().map(|name| at(name)).collect();
            check_outputs(&[at("real/in.npy")], &outputs).map_err(|e| e.to_string())
        };
        assert!(check(&["real/out.npy", "real/other.npy"]).is_ok());
        for (outputs, part) in [
            (["real/new.npy", "real/../real/in.npy"], "in.npy"),
            #[cfg(unix)]
            (["link/in.npy", "real/new.npy"], "in.npy"),
            (["real/new.npy", "real/./new.npy"], "new.npy"),
            #[cfg(unix)]
            (["real/new.npy", "link/new.npy"], "new.npy"),
        ] {
            let error = check(&outputs).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn the_two_inputs_of_one_output_are_named() {
        let inputs = ["a/run.nii.gz", "b/run.nii.gz"].map(PathBuf::from);
        let error = check_outputs(&inputs, &["o/run.nii.gz".into(), "o/run.nii.gz".into()]).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("a/run.nii.gz") && text.contains("b/run.nii.gz"),
            "{text}"
        );
    }
}
