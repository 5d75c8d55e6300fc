//! Checkpoints in several files, and the index that names them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use lpp_files::refuse_pointer;
use serde::Deserialize;

use crate::checkpoint::stored::StoredTensor;
use crate::error::LlmError;

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// Longest name of a file, in bytes, on any common file system.
const LONGEST_NAME: usize = 255;

/// The shards of an index, each once, in the order of their names.
pub(super) fn files(folder: &Path, index: &Path) -> Result<Vec<PathBuf>, LlmError> {
    let shards: BTreeSet<_> = read_index(index)?.weight_map.into_values().collect();
    shards
        .into_iter()
        .map(|shard| {
            let shard = path_of(folder, index, &shard)?;
            refuse_pointer(&shard)?;
            Ok(shard)
        })
        .collect()
}

/// The tensors of all shards; `open` gives those of one file.
pub(super) fn open(
    folder: &Path,
    index: &Path,
    open: impl Fn(&Path) -> Result<HashMap<String, StoredTensor>, LlmError>,
) -> Result<HashMap<String, StoredTensor>, LlmError> {
    let weight_map = read_index(index)?.weight_map;
    let mut shards = HashMap::new();
    let mut tensors = HashMap::with_capacity(weight_map.len());
    for (name, shard) in weight_map {
        if !shards.contains_key(&shard) {
            shards.insert(shard.clone(), open(&path_of(folder, index, &shard)?)?);
        }
        let found = shards.get(&shard).and_then(|content| content.get(&name)).cloned();
        let tensor = found
            .ok_or_else(|| LlmError::weights(index, format!("tensor {name} is missing from {shard}")))?;
        tensors.insert(name, tensor);
    }
    Ok(tensors)
}

fn read_index(path: &Path) -> Result<Index, LlmError> {
    refuse_pointer(path)?;
    let text = lpp_files::read_input_text(path).map_err(LlmError::read(path))?;
    lpp_files::json::from_str(&text).map_err(|reason| LlmError::Json {
        path: path.to_path_buf(),
        reason,
    })
}

/// Shards are in the folder of their index; a name with another folder is refused, and one that no file can have.
fn path_of(folder: &Path, index: &Path, shard: &str) -> Result<PathBuf, LlmError> {
    let is_plain = !shard.is_empty() && !shard.contains(['/', '\\']) && shard != "..";
    if !is_plain || shard.len() > LONGEST_NAME {
        let name = lpp_files::quote(shard);
        return Err(LlmError::weights(
            index,
            format!(
                "shard name `{name}` is not a plain file name, expected one of at most {LONGEST_NAME} bytes without / and \\"
            ),
        ));
    }
    Ok(folder.join(shard))
}
