//! Checkpoint folders as published on model hubs: the files with the weights, and their tensors.

mod names;
mod naming;
mod pickle;
mod safetensors_file;
mod shards;
mod sharing;
pub(crate) mod stored;
mod torch_file;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use lpp_files::refuse_pointer;
use tch::Tensor;

use crate::checkpoint::stored::StoredTensor;
use crate::error::{LlmError, first_of};
use crate::head_layout::HeadLayout;
use crate::parameter::Parameter;

pub(crate) use naming::Naming;

/// Weight files in order of preference: single file, or index of shards.
const CANDIDATES: [(&str, Format, bool); 4] = [
    ("model.safetensors", Format::Safetensors, false),
    ("model.safetensors.index.json", Format::Safetensors, true),
    ("pytorch_model.bin", Format::Torch, false),
    ("pytorch_model.bin.index.json", Format::Torch, true),
];

#[derive(Debug, Clone, Copy)]
enum Format {
    Safetensors,
    Torch,
}

impl Format {
    fn open(self, path: &Path) -> Result<HashMap<String, StoredTensor>, LlmError> {
        refuse_pointer(path)?;
        match self {
            Self::Safetensors => safetensors_file::open(path),
            Self::Torch => torch_file::open(path),
        }
    }
}

/// The tensors of a checkpoint under their names without the base prefix, checked against a model's needs.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    folder: PathBuf,
    tensors: HashMap<String, StoredTensor>,
}

impl Checkpoint {
    /// Opens the weights of `folder` and checks that all `parameters` exist with the right shape.
    ///
    /// Unused tensors are ignored if they are listed in `naming`, and reported as a warning otherwise.
    pub(crate) fn open(folder: &Path, naming: &Naming, parameters: &[Parameter]) -> Result<Self, LlmError> {
        let tensors = names::canonical(find_tensors(folder)?, naming, folder)?;
        let checkpoint = Self {
            folder: folder.to_path_buf(),
            tensors,
        };
        checkpoint.check(naming, parameters)?;
        Ok(checkpoint)
    }

    fn check(&self, naming: &Naming, parameters: &[Parameter]) -> Result<(), LlmError> {
        let folder = || self.folder.clone();
        let missing: Vec<_> = parameters
            .iter()
            .filter(|p| !self.tensors.contains_key(&p.name))
            .map(|p| p.name.clone())
            .collect();
        if !missing.is_empty() {
            return Err(LlmError::MissingTensors {
                folder: folder(),
                names: missing,
                found: self.unneeded(naming, parameters),
            });
        }
        let problems: Vec<_> = parameters.iter().filter_map(|p| self.shape_problem(p)).collect();
        if !problems.is_empty() {
            return Err(LlmError::MisshapenTensors {
                folder: folder(),
                problems,
            });
        }
        sharing::check(&self.folder, &self.tensors, parameters)?;
        let extra = self.unneeded(naming, parameters);
        if !extra.is_empty() {
            tracing::warn!(
                "{}: {} tensors that the model does not use: {}",
                self.folder.display(),
                extra.len(),
                first_of(&extra)
            );
        }
        Ok(())
    }

    /// Tensors that the model does not use, except those known to be unnecessary, in order.
    fn unneeded(&self, naming: &Naming, parameters: &[Parameter]) -> Vec<String> {
        let needed: BTreeSet<_> = parameters.iter().map(|p| p.name.as_str()).collect();
        let extra = self.tensors.keys();
        let extra: BTreeSet<_> = extra
            .filter(|n| !needed.contains(n.as_str()) && !naming.ignores(n))
            .cloned()
            .collect();
        extra.into_iter().collect()
    }

    fn shape_problem(&self, parameter: &Parameter) -> Option<String> {
        let found = &self.tensors.get(&parameter.name)?.shape;
        (*found != parameter.shape)
            .then(|| format!("{} is {found:?}, expected {:?}", parameter.name, parameter.shape))
    }

    /// Reads one tensor as f32.
    pub(crate) fn read(&self, name: &str) -> Result<Tensor, LlmError> {
        self.stored(name)?.remapped()?.read(name)
    }

    /// Reads the rows `ids` of a matrix as f32.
    pub(crate) fn read_rows(&self, name: &str, ids: &[i64]) -> Result<Tensor, LlmError> {
        self.stored(name)?.remapped()?.read_rows(name, ids)
    }

    /// Reads the output matrix of a model as f32.
    ///
    /// # Errors
    /// [`LlmError`] if a matrix of its own is missing or of another shape than `shape`, if there is one besides the
    /// embedding to which it should be tied and the two differ, or if there is a bias, which no family has.
    pub(crate) fn head(&self, head: &HeadLayout, shape: [i64; 2]) -> Result<Tensor, LlmError> {
        let has = |name: &str| self.tensors.contains_key(name);
        if let Some(bias) = ["lm_head.bias", "embed_out.bias"]
            .into_iter()
            .find(|name| has(name))
        {
            let problem =
                format!("found {bias}, expected an output matrix without a bias, as in the reference");
            return Err(LlmError::weights(&self.folder, problem));
        }
        if !has(head.own) && head.is_tied {
            return self.read_finite(head.embedding);
        }
        let own = self.read_finite(head.own)?;
        if own.size() != shape {
            return Err(LlmError::MisshapenTensors {
                folder: self.folder.clone(),
                problems: vec![format!("{} is {:?}, expected {shape:?}", head.own, own.size())],
            });
        }
        if head.is_tied && !own.f_equal(&self.read(head.embedding)?)? {
            let problem = format!(
                "{} differs from {}, expected equal ones, since tie_word_embeddings is true; correct config.json or remove one",
                head.own, head.embedding
            );
            return Err(LlmError::weights(&self.folder, problem));
        }
        Ok(own)
    }

    /// Reads one tensor as f32; a NaN or an infinite value in it is an error.
    pub(crate) fn read_finite(&self, name: &str) -> Result<Tensor, LlmError> {
        self.finite(name, self.read(name)?)
    }

    /// Refuses a tensor read under `name` with a NaN, which would make all later values of its token NaN.
    pub(crate) fn finite(&self, name: &str, tensor: Tensor) -> Result<Tensor, LlmError> {
        if tensor.numel() == 0 {
            return Ok(tensor);
        }
        // Both ends are NaN if any element is.
        let (least, largest) = tch::no_grad(|| tensor.f_aminmax(None, false))?;
        let ends = [f64::try_from(least)?, f64::try_from(largest)?];
        match ends.iter().find(|end| !end.is_finite()) {
            Some(end) => Err(self.not_finite(name, *end)),
            None => Ok(tensor),
        }
    }

    /// A tensor that contains `value`, which is NaN or infinite.
    fn not_finite(&self, name: &str, value: f64) -> LlmError {
        let file = self.tensors.get(name).map(|tensor| tensor.file.path());
        let problem = format!(
            "tensor {name} contains {value}, expected finite numbers; the file is damaged, or the training of the \
             model diverged"
        );
        LlmError::weights(file.unwrap_or(&self.folder), problem)
    }

    fn stored(&self, name: &str) -> Result<&StoredTensor, LlmError> {
        self.tensors.get(name).ok_or_else(|| LlmError::MissingTensors {
            folder: self.folder.clone(),
            names: vec![name.to_string()],
            found: Vec::new(),
        })
    }
}

/// The weight files of a folder, in the order in which they are listed by the index.
pub(crate) fn weight_files(folder: &Path) -> Result<Vec<PathBuf>, LlmError> {
    let (path, _, is_index) = find_candidate(folder)?;
    refuse_pointer(&path)?;
    if !is_index {
        return Ok(vec![path]);
    }
    shards::files(folder, &path)
}

/// Files of a trained adapter, in its folder with or without the base model.
const ADAPTER: [&str; 3] = [
    "adapter_config.json",
    "adapter_model.safetensors",
    "adapter_model.bin",
];

/// Refuses a folder with an adapter, whose weights would be silently ignored. For an adapter in a subfolder, there is a
/// warning.
fn look_for_adapters(folder: &Path) -> Result<(), LlmError> {
    let adapter = |folder: &Path| ADAPTER.into_iter().find(|name| folder.join(name).exists());
    if let Some(name) = adapter(folder) {
        return Err(LlmError::weights(
            &folder.join(name),
            "there is an adapter next to the weights, which would not be used; merge it (merge_and_unload of peft, \
             then save_pretrained), or move it away to run the base model",
        ));
    }
    let below = folder
        .read_dir()
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    for below in below.filter(|path| path.is_dir()) {
        if adapter(&below).is_some() {
            tracing::warn!(
                "{}: its adapter is not used; the base model is run",
                below.display()
            );
        }
    }
    Ok(())
}

fn find_candidate(folder: &Path) -> Result<(PathBuf, Format, bool), LlmError> {
    look_for_adapters(folder)?;
    CANDIDATES
        .iter()
        .map(|&(name, format, is_index)| (folder.join(name), format, is_index))
        .find(|(path, ..)| path.is_file())
        .ok_or_else(|| LlmError::NoWeights {
            folder: folder.to_path_buf(),
            looked_for: CANDIDATES.map(|(name, ..)| name).join(", "),
        })
}

fn find_tensors(folder: &Path) -> Result<HashMap<String, StoredTensor>, LlmError> {
    let (path, format, is_index) = find_candidate(folder)?;
    if is_index {
        shards::open(folder, &path, |shard| format.open(shard))
    } else {
        format.open(&path)
    }
}

/// All tensors of one safetensors file.
#[cfg(test)]
pub(crate) fn read_all(path: &Path) -> Result<HashMap<String, Tensor>, LlmError> {
    let stored = safetensors_file::open(path)?;
    stored
        .into_iter()
        .map(|(name, tensor)| Ok((name.clone(), tensor.read(&name)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigFile;
    use crate::families::family_of;

    fn copy_of(case: &str) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        for entry in lpp_testkit::fixture(case).read_dir().unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
        }
        copy
    }

    fn opened(folder: &Path) -> Result<Checkpoint, LlmError> {
        let (_, family) = family_of(&ConfigFile::load(folder)?)?;
        Checkpoint::open(folder, &family.naming(), &family.parameters())
    }

    fn edit_config(folder: &Path, from: &str, to: &str) {
        let path = folder.join("config.json");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        std::fs::write(&path, text.replace(from, to)).unwrap();
    }

    #[test]
    fn missing_tensors_are_listed() {
        let folder = copy_of("llm/gpt2");
        edit_config(folder.path(), "\"n_layer\": 3", "\"n_layer\": 4");
        let LlmError::MissingTensors { names, .. } = opened(folder.path()).unwrap_err() else {
            panic!()
        };
        assert_eq!(names.len(), 12);
        assert!(names.contains(&"h.3.attn.c_attn.weight".to_string()));
    }

    #[test]
    fn mis_shaped_tensors_are_listed() {
        let folder = copy_of("llm/llama");
        edit_config(
            folder.path(),
            "\"intermediate_size\": 24",
            "\"intermediate_size\": 25",
        );
        let message = opened(folder.path()).unwrap_err().to_string();
        assert!(
            message.contains("6 tensors") && message.contains("[24, 16], expected [25, 16]"),
            "{message}"
        );
    }

    #[test]
    fn every_cut_of_a_weights_file_is_an_error_and_no_panic() {
        for (case, file) in [
            ("llm/gpt2", "model.safetensors"),
            ("llm/gpt2_legacy_bin", "pytorch_model.bin"),
            ("llm/opt_350m", "pytorch_model.bin"),
        ] {
            let folder = copy_of(case);
            let path = folder.path().join(file);
            let whole = std::fs::read(&path).unwrap();
            for n in (0..whole.len())
                .step_by(whole.len() / 97)
                .chain([whole.len() - 1])
            {
                std::fs::write(&path, &whole[..n]).unwrap();
                let message = opened(folder.path()).unwrap_err().to_string();
                assert!(message.contains(file), "cut at {n}: {message}");
            }
        }
    }

    #[test]
    fn pickles_that_ask_for_too_much_are_refused_in_both_formats() {
        use std::io::Write;
        let with = |start: &[u8], cycle: &[u8], times: usize| {
            [b"\x80\x02", start, &cycle.repeat(times)[..], b"."].concat()
        };
        for (program, part) in [
            (with(b")q\x000", b"h\x00h\x00\x86q\x00", 40), ""),
            (with(b"]q\x000", b"](h\x00h\x00eq\x00", 40), ""),
            (with(b")", b"\x85", 4_000_000), "nested deeper"),
            (with(b"", b"N", 4_000_000), "values on the stack"),
            (with(b"]", b")a", 4_000_000), "values that take more than"),
            (
                with(b"cos\nsystem\n", b"X\x02\0\0\0ls\x85R", 1),
                "the name os.system",
            ),
        ] {
            let folder = copy_of("llm/gpt2_legacy_bin");
            let path = folder.path().join("pytorch_model.bin");
            let refused = |form: &str| {
                let message = opened(folder.path()).unwrap_err().to_string();
                assert!(message.contains("pytorch_model.bin"), "{form}: {message}");
                assert!(message.contains(part) && message.len() < 500, "{form}: {message}");
            };
            std::fs::write(&path, &program).unwrap();
            refused("older");
            for packing in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated] {
                let mut archive = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
                let options = zip::write::SimpleFileOptions::default().compression_method(packing);
                archive.start_file("archive/data.pkl", options).unwrap();
                archive.write_all(&program).unwrap();
                archive.finish().unwrap();
                refused("archive");
            }
        }
    }

    #[test]
    fn shards_do_not_lead_out_of_the_folder() {
        let folder = copy_of("llm/llama");
        let index = folder.path().join("model.safetensors.index.json");
        for name in ["../../secret".to_owned(), "s".repeat(3000)] {
            let map = format!(r#"{{"weight_map": {{"model.norm.weight": "{name}"}}}}"#);
            std::fs::write(&index, map).unwrap();
            let error = opened(folder.path()).unwrap_err().to_string();
            assert!(error.contains("not a plain file name"), "{error}");
            assert!(error.len() < 600, "{error}");
        }
        std::fs::write(
            &index,
            r#"{"weight_map": {"model.norm.weight": "absent.safetensors"}}"#,
        )
        .unwrap();
        assert!(
            opened(folder.path())
                .unwrap_err()
                .to_string()
                .contains("absent.safetensors")
        );
    }

    /// Rewrites the weights of a folder under other names.
    fn rename(folder: &Path, name: impl Fn(&str) -> String) {
        let path = folder.join("model.safetensors");
        let whole = std::fs::read(&path).unwrap();
        let (length, rest) = whole.split_first_chunk::<8>().unwrap();
        let (header, data) = rest.split_at(usize::try_from(u64::from_le_bytes(*length)).unwrap());
        let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(header).unwrap();
        let renamed = |key: String| if key == "__metadata__" { key } else { name(&key) };
        let header: serde_json::Map<_, _> = header.into_iter().map(|(key, v)| (renamed(key), v)).collect();
        let header = serde_json::to_vec(&header).unwrap();
        let length = (header.len() as u64).to_le_bytes();
        std::fs::write(&path, [&length[..], &header, data].concat()).unwrap();
    }

    #[test]
    fn what_training_programs_put_in_front_of_all_names_goes() {
        for wrapper in ["module.", "_orig_mod.", "_orig_mod.module."] {
            let folder = copy_of("llm/gpt2");
            rename(folder.path(), |name| format!("{wrapper}{name}"));
            assert!(opened(folder.path()).is_ok(), "{wrapper}");
        }
    }

    #[test]
    fn names_of_another_model_are_shown() {
        let folder = copy_of("llm/gpt2");
        rename(folder.path(), |name| format!("language_model.{name}"));
        let message = opened(folder.path()).unwrap_err().to_string();
        assert!(
            message.contains("it has language_model.") && message.len() < 500,
            "{message}"
        );
    }

    #[test]
    fn adapters_are_refused_beside_the_weights_and_in_them() {
        for part in [
            "base_layer.weight",
            "lora_A.weight",
            "modules_to_save.default.weight",
        ] {
            let folder = copy_of("llm/gpt2");
            rename(folder.path(), |name| {
                name.replace("c_attn.weight", &format!("c_attn.{part}"))
            });
            let message = opened(folder.path()).unwrap_err().to_string();
            assert!(
                message.contains(part) && message.contains("merge_and_unload"),
                "{message}"
            );
        }
        for name in ADAPTER {
            let folder = copy_of("llm/gpt2");
            std::fs::write(folder.path().join(name), "{}").unwrap();
            for message in [
                opened(folder.path()).unwrap_err().to_string(),
                weight_files(folder.path()).unwrap_err().to_string(),
            ] {
                assert!(message.contains(name) && message.contains("adapter"), "{message}");
            }
        }
        let folder = copy_of("llm/gpt2");
        std::fs::create_dir(folder.path().join("tuned")).unwrap();
        std::fs::write(folder.path().join("tuned/adapter_config.json"), "{}").unwrap();
        assert!(opened(folder.path()).is_ok(), "an adapter below is only said");
    }

    #[test]
    fn two_tensors_for_one_name_are_refused() {
        let folder = copy_of("llm/gpt2");
        let first = |name: &str| name.ends_with("ln_1.weight") && name.contains("h.0.");
        let second = |name: &str| name.ends_with("ln_2.weight") && name.contains("h.0.");
        rename(folder.path(), |name| match name {
            _ if first(name) => "transformer.h.0.ln_1.weight".to_owned(),
            _ if second(name) => "h.0.ln_1.weight".to_owned(),
            _ => name.to_owned(),
        });
        let message = opened(folder.path()).unwrap_err().to_string();
        assert!(
            message.contains("are both there for h.0.ln_1.weight"),
            "{message}"
        );
    }

    #[test]
    fn files_that_only_stand_in_for_weights_are_named() {
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 7\n";
        for (case, file) in [
            ("llm/gpt2", "model.safetensors"),
            ("llm/gpt2", "config.json"),
            ("llm/llama", "model.safetensors.index.json"),
            ("llm/opt_350m", "pytorch_model.bin"),
        ] {
            let folder = copy_of(case);
            std::fs::write(folder.path().join(file), pointer).unwrap();
            let message = opened(folder.path()).unwrap_err().to_string();
            assert!(
                message.contains(file) && message.contains("git lfs pull"),
                "{message}"
            );
        }
        let folder = copy_of("llm/llama");
        let shard = weight_files(folder.path()).unwrap().swap_remove(0);
        std::fs::write(&shard, pointer).unwrap();
        assert!(
            opened(folder.path())
                .unwrap_err()
                .to_string()
                .contains("git lfs pull")
        );
        assert!(
            weight_files(folder.path())
                .unwrap_err()
                .to_string()
                .contains("git lfs pull")
        );
    }

    #[test]
    fn a_folder_without_weights_says_what_would_serve() {
        let folder = copy_of("llm/gpt2");
        std::fs::remove_file(folder.path().join("model.safetensors")).unwrap();
        assert!(
            opened(folder.path())
                .unwrap_err()
                .to_string()
                .contains("pytorch_model.bin")
        );
    }
}
