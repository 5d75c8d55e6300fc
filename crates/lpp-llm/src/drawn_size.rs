//! The memory that untrained weights take, compared with what the machine has before a weight is drawn.
//!
//! The weights of a trained model are as large as their file. Untrained ones are as large as `config.json` says, and a
//! file of a few hundred bytes can ask for all memory.

use std::path::Path;

use lpp_files::{MachineMemory, human_bytes};

use crate::error::LlmError;
use crate::parameter::{Parameter, n_elements};

/// Refuses weights, drawn all at once, that do not fit into the memory that is available.
pub(crate) fn check_whole(folder: &Path, parameters: &[Parameter]) -> Result<(), LlmError> {
    let advice = "with --stream-layers they are drawn block by block";
    check(folder, parameters, ("", parameters), advice)
}

/// The same for weights that are drawn block by block.
pub(crate) fn check_block_by_block(folder: &Path, parameters: &[Parameter]) -> Result<(), LlmError> {
    let is_same_block = |a: &Parameter, b: &Parameter| a.block().is_some() && a.block() == b.block();
    let Some(largest) = parameters
        .chunk_by(is_same_block)
        .max_by_key(|part| n_bytes(part))
    else {
        return Ok(());
    };
    let advice = "check the sizes in config.json, or use a machine with more memory";
    check(folder, parameters, (" in the largest block", largest), advice)
}

fn check(
    folder: &Path,
    parameters: &[Parameter],
    (place, at_once): (&'static str, &[Parameter]),
    advice: &'static str,
) -> Result<(), LlmError> {
    let (needed, available) = (n_bytes(at_once), MachineMemory::now().available);
    if needed <= available {
        return Ok(());
    }
    Err(LlmError::UntrainedTooLarge {
        path: folder.join("config.json"),
        n_parameters: n_elements(parameters),
        needed: format!("{}{place}", human_bytes(needed)),
        available: human_bytes(available),
        advice,
    })
}

/// Bytes of parameters in f32, as they are drawn.
fn n_bytes(parameters: &[Parameter]) -> u64 {
    n_elements(parameters).saturating_mul(size_of::<f32>() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(name: &str, n_rows: i64) -> Parameter {
        Parameter::linear(name.to_owned(), [n_rows, 1 << 20], 0.02)
    }

    /// 4 TiB in a matrix, which no machine of a test has.
    const MANY: i64 = 1 << 20;

    #[test]
    fn weights_beyond_the_memory_are_refused_before_they_are_drawn() {
        let folder = Path::new("models/gpt2");
        let small = [
            matrix("wte.weight", 1),
            matrix("h.0.mlp", 1),
            matrix("h.1.mlp", 1),
        ];
        check_whole(folder, &small).unwrap();
        check_block_by_block(folder, &small).unwrap();

        let large = [
            matrix("h.0.mlp", MANY),
            matrix("h.0.attn", MANY),
            matrix("h.1.mlp", MANY),
        ];
        let error = check_whole(folder, &large).unwrap_err().to_string();
        let parts = [
            "models/gpt2/config.json: found",
            "3298534883328 parameters",
            "12.0 TiB",
            "--stream-layers",
        ];
        for part in parts {
            assert!(error.contains(part), "{error}");
        }
        let error = check_block_by_block(folder, &large).unwrap_err().to_string();
        assert!(error.contains("8.0 TiB in the largest block"), "{error}");
    }
}
