//! From the names of a weights file to those of the model.

use std::collections::HashMap;
use std::path::Path;

use crate::checkpoint::naming::Naming;
use crate::checkpoint::stored::StoredTensor;
use crate::error::LlmError;

/// What training programs put in front of all names: data-parallel training, compiled models.
const WRAPPERS: [&str; 2] = ["module.", "_orig_mod."];

/// Parts of names that only a model with an adapter in it has.
const ADAPTER_PARTS: [&str; 5] = [".base_layer.", "lora_", ".modules_to_save.", "ia3_l", "lokr_w"];

/// The tensors under the names of the model.
///
/// # Errors
/// [`LlmError::Weights`] for an adapter that was not merged, and for two tensors that would get one name.
pub(super) fn canonical(
    mut tensors: HashMap<String, StoredTensor>,
    naming: &Naming,
    folder: &Path,
) -> Result<HashMap<String, StoredTensor>, LlmError> {
    let mut names: Vec<String> = tensors.keys().cloned().collect();
    names.sort();
    let is_of_adapter = |name: &&String| ADAPTER_PARTS.iter().any(|part| name.contains(part));
    if let Some(name) = names.iter().find(is_of_adapter) {
        return Err(LlmError::weights(
            folder,
            format!(
                "tensor {name} belongs to an adapter that is not merged (base_layer, lora); merge it with merge_and_unload of peft \
                 and save the model anew"
            ),
        ));
    }
    let wrapper = wrapper(&names);
    if !wrapper.is_empty() {
        tracing::info!(
            "note: {}: all names begin with {wrapper}, which is removed",
            folder.display()
        );
    }
    let mut found: HashMap<String, (String, StoredTensor)> = HashMap::with_capacity(tensors.len());
    for name in names {
        let Some(tensor) = tensors.remove(&name) else {
            continue;
        };
        let wanted = naming.canonical(&name[wrapper.len()..]).to_string();
        if let Some((other, _)) = found.get(&wanted) {
            return Err(LlmError::weights(
                folder,
                format!("tensors {other} and {name} are both there for {wanted}, expected one"),
            ));
        }
        found.insert(wanted, (name, tensor));
    }
    Ok(found
        .into_iter()
        .map(|(wanted, (_, tensor))| (wanted, tensor))
        .collect())
}

/// The longest chain of wrappers with which all names begin.
fn wrapper(names: &[String]) -> String {
    let mut chain = String::new();
    loop {
        let all_begin = |wrapper: &&&str| {
            let next = format!("{chain}{wrapper}");
            !names.is_empty() && names.iter().all(|name| name.starts_with(&next))
        };
        match WRAPPERS.iter().find(all_begin) {
            Some(wrapper) => chain.push_str(wrapper),
            None => return chain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_all_names_begin_with_is_a_wrapper() {
        let names = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
        assert_eq!(wrapper(&names(&["module.a", "module.b"])), "module.");
        assert_eq!(
            wrapper(&names(&["_orig_mod.module.a", "_orig_mod.module.b"])),
            "_orig_mod.module."
        );
        assert_eq!(wrapper(&names(&["module.a", "b"])), "");
        assert_eq!(wrapper(&[]), "");
    }
}
