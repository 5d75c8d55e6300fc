//! The files of a study before they are written, so that a damage is a change of typed content.

mod array;
mod image;
mod tensors;
mod text;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;

pub(crate) use array::{Array, Element, read as read_array};
pub(crate) use image::{Affine, Image, Number, Packed, Qform, ReadImage, Storage, c_order};
pub(crate) use tensors::{Breach, Tensor, Tensors, read as read_tensors};
pub(crate) use text::{Encoding, Table, Text, TextStyle, number};

/// What a file holds.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Image(Box<Image>),
    Array(Array),
    Tensors(Tensors),
    Table(Table),
    Text(Text),
    Bytes(Vec<u8>),
    /// A symbolic link to this path, relative to the link.
    Link(String),
}

impl Content {
    pub(crate) fn image(image: Image) -> Self {
        Self::Image(Box::new(image))
    }
}

/// Files by their path inside the study.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files(BTreeMap<String, Content>);

/// Access that a damage relies on: what is not there is a mistake of this test, and ends it.
macro_rules! typed {
    ($name:ident, $variant:ident, $type:ty) => {
        pub(crate) fn $name(&mut self, path: &str) -> &mut $type {
            match self.0.get_mut(path) {
                Some(Content::$variant(found)) => found,
                other => panic!(
                    "{path}: expected {}, found {:?}",
                    stringify!($variant),
                    other.is_some()
                ),
            }
        }
    };
}

impl Files {
    typed!(image, Image, Image);
    typed!(array, Array, Array);
    typed!(tensors, Tensors, Tensors);
    typed!(table, Table, Table);
    typed!(text, Text, Text);

    pub(crate) fn put(&mut self, path: impl Into<String>, content: Content) {
        self.0.insert(path.into(), content);
    }

    pub(crate) fn put_text(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.put(path, Content::Text(Text::new(text)));
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Content> {
        self.0.get(path)
    }

    pub(crate) fn remove(&mut self, path: &str) -> Content {
        self.0
            .remove(path)
            .unwrap_or_else(|| panic!("{path}: no such file"))
    }

    pub(crate) fn rename(&mut self, from: &str, to: impl Into<String>) {
        let content = self.remove(from);
        self.put(to, content);
    }

    pub(crate) fn copy(&mut self, from: &str, to: impl Into<String>) {
        let content = self.get(from).cloned();
        self.put(to, content.unwrap_or_else(|| panic!("{from}: no such file")));
    }

    /// Paths that begin with `start` and end with `end`.
    pub(crate) fn under(&self, start: &str, end: &str) -> Vec<String> {
        let fits = |path: &&String| path.starts_with(start) && path.ends_with(end);
        self.0.keys().filter(fits).cloned().collect()
    }

    /// Renames every file under `from` to the same below `to`.
    pub(crate) fn move_folder(&mut self, from: &str, to: &str) {
        for path in self.under(&format!("{from}/"), "") {
            self.rename(&path, format!("{to}{}", &path[from.len()..]));
        }
    }

    /// Writes all of them below `folder`; returns their bytes.
    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let mut written = Vec::new();
        for (path, content) in &self.0 {
            let place = folder.join(path);
            if let Some(parent) = place.parent() {
                fs::create_dir_all(parent).with_context(|| path.clone())?;
            }
            let bytes = match content {
                Content::Image(image) => image.encode(path)?,
                Content::Array(array) => array.encode(),
                Content::Tensors(tensors) => tensors.encode()?,
                Content::Table(table) => table.encode(),
                Content::Text(text) => text.encode(),
                Content::Bytes(bytes) => bytes.clone(),
                Content::Link(target) => {
                    std::os::unix::fs::symlink(target, &place).with_context(|| path.clone())?;
                    continue;
                }
            };
            fs::write(&place, &bytes).with_context(|| path.clone())?;
            written.push((path.clone(), bytes));
        }
        Ok(written)
    }
}
