//! The pickles of PyTorch checkpoints: (ordered) dictionaries of tensors.
//!
//! Five callables are supported, each only as used by `torch.save`. Storages are outside the pickle.

use lpp_pickle::{Called, Dialect, Objects, Source, Value};

/// A storage: the type of its elements, `torch.FloatStorage`, and its name in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StorageName {
    pub(crate) kind: String,
    pub(crate) key: String,
}

/// A view of a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorView {
    pub(crate) storage: StorageName,
    /// Elements before the first one.
    pub(crate) offset: i64,
    pub(crate) shape: Vec<i64>,
    /// Steps between elements, in elements.
    pub(crate) strides: Vec<i64>,
}

/// The values of a checkpoint that are not plain values.
#[derive(Debug)]
pub(crate) enum Made {
    Storage(Box<StorageName>),
    Tensor(Box<TensorView>),
}

/// The dialect of `torch.save`.
pub(crate) struct Checkpoint;

impl<S: Source> Dialect<S> for Checkpoint {
    type Made = Made;

    fn knows(&self, name: &str) -> bool {
        matches!(
            name,
            "collections.OrderedDict"
                | "torch._utils._rebuild_tensor_v2"
                | "torch._utils._rebuild_tensor"
                | "torch._utils._rebuild_parameter"
        ) || is_storage(name)
    }

    fn call(
        &mut self,
        function: &str,
        arguments: &[Value],
        objects: &Objects<Made>,
    ) -> Result<Called<Made>, String> {
        match (function, arguments) {
            ("collections.OrderedDict", []) => Ok(Called::Dictionary),
            ("torch._utils._rebuild_parameter", [tensor, ..]) => Ok(Called::Value(*tensor)),
            ("torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor", _) => {
                let tensor = rebuilt_tensor(arguments, objects);
                tensor.ok_or_else(|| format!("{function} with unexpected arguments"))
            }
            _ => Err(format!("{function} with unexpected arguments")),
        }
    }

    /// Attributes such as `_metadata` are of no use here.
    fn build(&mut self, _: Value, _: Value, _: &Objects<Made>, _: &mut S) -> Result<Option<Made>, S::Error> {
        Ok(None)
    }

    /// ("storage", type, key, location, number of elements, …).
    fn persistent(&mut self, id: Value, objects: &Objects<Made>) -> Result<Made, String> {
        let storage = match objects.tuple(id) {
            Some(&[tag, kind, key, ..]) if objects.text(tag) == Some("storage") => objects
                .global(kind)
                .filter(|kind| is_storage(kind))
                .zip(objects.text(key)),
            _ => None,
        };
        let (kind, key) = storage.ok_or("a storage without description")?;
        Ok(Made::Storage(Box::new(StorageName {
            kind: kind.to_owned(),
            key: key.to_owned(),
        })))
    }
}

fn is_storage(name: &str) -> bool {
    name.starts_with("torch.") && name.ends_with("Storage") && name.matches('.').count() == 1
}

/// The arguments of `_rebuild_tensor_v2`: storage, offset, shape, strides, and two that do not matter.
fn rebuilt_tensor(arguments: &[Value], objects: &Objects<Made>) -> Option<Called<Made>> {
    let &[storage, Value::Int(offset), shape, strides, ..] = arguments else {
        return None;
    };
    let Made::Storage(storage) = objects.made(storage)? else {
        return None;
    };
    let (shape, strides) = (integers(shape, objects)?, integers(strides, objects)?);
    let sound = offset >= 0 && shape.len() == strides.len() && shape.iter().chain(&strides).all(|&n| n >= 0);
    sound.then(|| {
        Called::Made(Made::Tensor(Box::new(TensorView {
            storage: (**storage).clone(),
            offset,
            shape,
            strides,
        })))
    })
}

/// Tensors have few axes; a longer list is none of theirs.
const MOST_AXES: usize = 16;

fn integers(value: Value, objects: &Objects<Made>) -> Option<Vec<i64>> {
    let items = objects.sequence(value).filter(|items| items.len() <= MOST_AXES)?;
    items
        .iter()
        .map(|item| if let Value::Int(n) = item { Some(*n) } else { None })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_pickle::{Bytes, Limits, PickleError, read};

    fn run(program: &[u8]) -> Result<(Value, Objects<Made>), PickleError> {
        read(
            &mut Bytes::new(program),
            &mut Checkpoint,
            Limits::for_file(program.len() as u64),
        )
    }

    /// A call of `_rebuild_tensor_v2` with these bytes as offset, shape and strides.
    fn tensor(rest: &[u8]) -> Vec<u8> {
        [
            &b"ctorch._utils\n_rebuild_tensor_v2\n(("[..],
            b"X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x06tQ",
            rest,
            b"tR.",
        ]
        .concat()
    }

    #[test]
    fn a_tensor_is_a_view_of_a_storage() {
        let (value, objects) = run(&tensor(b"K\x01K\x02K\x03\x86K\x03K\x01\x86\x89N")).unwrap();
        let Some(Made::Tensor(view)) = objects.made(value) else {
            panic!("{value:?}")
        };
        assert_eq!(
            (view.storage.kind.as_str(), view.storage.key.as_str()),
            ("torch.FloatStorage", "0")
        );
        assert_eq!(
            (view.offset, &view.shape[..], &view.strides[..]),
            (1, &[2, 3][..], &[3, 1][..])
        );
    }

    #[test]
    fn foreign_functions_and_odd_calls_are_refused_by_name() {
        for (program, part) in [
            (
                b"cos\nsystem\n(X\x02\x00\x00\x00lstR.".to_vec(),
                "the name os.system",
            ),
            (
                b"ctorch.nn\nEvilStorage\n.".to_vec(),
                "the name torch.nn.EvilStorage",
            ),
            (
                b"ccollections\nOrderedDict\n]\x85R.".to_vec(),
                "OrderedDict with unexpected arguments",
            ),
            (
                b"ctorch._utils\n_rebuild_parameter\n)R.".to_vec(),
                "_rebuild_parameter with unexpected",
            ),
            (
                tensor(b"J\xff\xff\xff\xffK\x02\x85K\x01\x85"),
                "_rebuild_tensor_v2 with unexpected",
            ),
            (
                tensor(b"K\x00K\x02\x85K\x01K\x01\x86"),
                "_rebuild_tensor_v2 with unexpected",
            ),
            (b"X\x01\x00\x00\x00aQ.".to_vec(), "a storage without description"),
        ] {
            let problem = run(&program).unwrap_err().problem;
            assert!(problem.contains(part), "{problem}");
        }
    }
}
