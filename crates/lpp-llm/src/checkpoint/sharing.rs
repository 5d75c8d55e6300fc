//! How much of a checkpoint may be the same numbers.

use std::collections::HashMap;
use std::path::Path;

use super::stored::StoredTensor;
use crate::error::LlmError;
use crate::parameter::Parameter;

/// Tensors with the same numbers: an embedding, an output matrix tied to it, and the same of two halves of a model.
const MOST_SHARED: u64 = 4;

/// Refuses tensors that are views of the same few numbers, as strides of 0 make them: a file of a kilobyte would take all
/// memory.
pub(super) fn check(
    folder: &Path,
    tensors: &HashMap<String, StoredTensor>,
    parameters: &[Parameter],
) -> Result<(), LlmError> {
    let needed = parameters
        .iter()
        .filter_map(|p| tensors.get(&p.name))
        .fold(0_u64, |sum, tensor| sum.saturating_add(tensor.n_bytes_unshared()));
    let files: HashMap<_, _> = tensors
        .values()
        .map(|tensor| (tensor.file.path(), tensor.file.len() as u64))
        .collect();
    let held: u64 = files.values().sum();
    if needed <= held.saturating_mul(MOST_SHARED) {
        return Ok(());
    }
    let problem = format!(
        "tensors of {needed} bytes in files of {held}, expected at most {MOST_SHARED} tensors that share their numbers"
    );
    Err(LlmError::weights(folder, problem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::stored::{StoredKind, map};
    use crate::config::ConfigFile;
    use crate::families::family_of;

    #[test]
    fn tensors_of_one_number_are_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [0; 64]).unwrap();
        let config = ConfigFile::load(&lpp_testkit::fixture("llm/gpt2")).unwrap();
        let parameters = family_of(&config).unwrap().1.parameters();
        let tensors = parameters.iter().map(|parameter| {
            let tensor = StoredTensor {
                file: map(file.path()).unwrap(),
                offset: 0,
                kind: StoredKind::F32,
                dtype: "FloatStorage".to_owned(),
                shape: parameter.shape.clone(),
                strides: Some(vec![0; parameter.shape.len()]),
            };
            assert_eq!(tensor.check(&parameter.name).unwrap(), 4);
            (parameter.name.clone(), tensor)
        });
        let error = check(Path::new("model"), &tensors.collect(), &parameters).unwrap_err();
        assert!(error.to_string().contains("in files of 64"), "{error}");
    }
}
