//! The datasets of an HDF5 file, and the links that lead to them.
//!
//! The library passes over links that it cannot follow, so that a run could be missing in silence. All links are read here.
//!
//! # References
//! HDF5 file format specification, version 3.0, III (groups) and IV.A.2.g (the link message)

use std::collections::BTreeSet;
use std::path::Path;

use hdf5_reader::btree_v1::collect_btree_v1_leaves_storage;
use hdf5_reader::btree_v2::{BTreeV2Header, BTreeV2Record, collect_btree_v2_records_storage};
use hdf5_reader::error::Error;
use hdf5_reader::fractal_heap::{FractalHeap, FractalHeapDirectBlockCache};
use hdf5_reader::group::Group;
use hdf5_reader::io::Cursor;
use hdf5_reader::local_heap::LocalHeap;
use hdf5_reader::messages::HdfMessage;
use hdf5_reader::messages::link::{self, LinkTarget};
use hdf5_reader::messages::link_info::LinkInfoMessage;
use hdf5_reader::messages::symbol_table_msg::SymbolTableMessage;
use hdf5_reader::symbol_table::SymbolTableNode;
use hdf5_reader::{Dataset, Hdf5File};
use lpp_files::{FileError, in_quotes};

/// Groups within groups that are looked into.
const MOST_LEVELS: usize = 2;
/// Links that are followed. Groups with links to each other would otherwise be visited as often as there are ways to them.
const MOST_LINKS: usize = 20_000;

/// A link that may lead nowhere.
struct Link {
    name: String,
    /// The other file that it leads to.
    file: Option<String>,
}

/// The links of a group: their number, and those that may lead nowhere.
#[derive(Default)]
struct Links {
    n: usize,
    loose: Vec<Link>,
}

impl Links {
    fn add(&mut self, name: &str, target: &LinkTarget) {
        self.n += 1;
        let file = match target {
            LinkTarget::Hard { .. } => return,
            LinkTarget::Soft { .. } => None,
            LinkTarget::External { filename, .. } => Some(filename.clone()),
        };
        self.loose.push(Link {
            name: name.to_owned(),
            file,
        });
    }
}

/// The datasets with their names, in which groups are folders.
pub(super) fn datasets_of(path: &Path, file: &Hdf5File) -> Result<Vec<(String, Dataset)>, FileError> {
    let mut walk = Walk {
        path,
        file,
        n_links: 0,
        names: BTreeSet::new(),
        found: Vec::new(),
    };
    let root = file.root_group().map_err(|error| walk.failed(&error))?;
    walk.visit(&root, "", &[])?;
    Ok(walk.found)
}

struct Walk<'a> {
    path: &'a Path,
    file: &'a Hdf5File,
    n_links: usize,
    names: BTreeSet<String>,
    found: Vec<(String, Dataset)>,
}

impl Walk<'_> {
    fn visit(&mut self, group: &Group, within: &str, above: &[u64]) -> Result<(), FileError> {
        let links = links_of(self.file, group).map_err(|error| self.failed(&error))?;
        self.n_links += links.n;
        if self.n_links > MOST_LINKS {
            let found = format!("more than {MOST_LINKS} objects in all groups");
            return Err(self.wrong(found, "runs and layers"));
        }
        let (groups, datasets) = group.members().map_err(|error| self.failed(&error))?;
        let names = groups.iter().map(Group::name);
        self.check(
            &links,
            within,
            &names.chain(datasets.iter().map(Dataset::name)).collect(),
        )?;
        for dataset in datasets {
            let name = format!("{within}{}", dataset.name());
            if !self.names.insert(name.clone()) {
                let found = format!("two datasets {}", in_quotes(&name));
                return Err(self.wrong(found, "different names"));
            }
            self.found.push((name, dataset));
        }
        let above = [above, &[group.address()]].concat();
        for inner in groups {
            let name = format!("{within}{}", inner.name());
            if above.contains(&inner.address()) {
                let found = format!("the group {} that holds itself", in_quotes(&name));
                return Err(self.wrong(found, "groups of runs or layers"));
            }
            if above.len() <= MOST_LEVELS {
                self.visit(&inner, &format!("{name}/"), &above)?;
            }
        }
        Ok(())
    }

    /// Refuses links to other files, and those that lead to none of the members.
    fn check(&self, links: &Links, within: &str, members: &BTreeSet<&str>) -> Result<(), FileError> {
        for link in &links.loose {
            let name = in_quotes(&format!("{within}{}", link.name));
            if let Some(file) = &link.file {
                let found = format!("the link {name} to the file {}", in_quotes(file));
                return Err(self.wrong(found, "all datasets in one file"));
            }
            if !members.contains(link.name.as_str()) {
                let found = format!("the link {name} that leads nowhere");
                return Err(self.wrong(found, "links to datasets or groups"));
            }
        }
        Ok(())
    }

    fn failed(&self, error: &Error) -> FileError {
        self.wrong(error.to_string(), "HDF5")
    }

    fn wrong(&self, found: String, expected: &str) -> FileError {
        FileError::malformed(self.path, found, expected)
    }
}

/// The links of a group in any of the three ways of storage.
fn links_of(file: &Hdf5File, group: &Group) -> Result<Links, Error> {
    let mut links = Links::default();
    for message in &file.get_or_parse_header(group.address())?.messages {
        match message {
            HdfMessage::Link(link) => links.add(&link.name, &link.target),
            HdfMessage::SymbolTable(table) => old_links(group, table, &mut links)?,
            HdfMessage::LinkInfo(info)
                if !Cursor::is_undefined_offset(info.fractal_heap_address, group.offset_size()) =>
            {
                dense_links(group, info, &mut links)?;
            }
            _ => {}
        }
    }
    Ok(links)
}

/// Links in a table of symbols: hard ones, and soft ones (type 2).
fn old_links(group: &Group, table: &SymbolTableMessage, links: &mut Links) -> Result<(), Error> {
    let (storage, offset_size, length_size) = (group.storage(), group.offset_size(), group.length_size());
    let heap = LocalHeap::parse_at_storage(storage, table.heap_address, offset_size, length_size)?;
    let leaves = collect_btree_v1_leaves_storage(
        storage,
        table.btree_address,
        offset_size,
        length_size,
        None,
        &[],
        None,
    )?;
    let entry_bytes = 2 * usize::from(offset_size) + 24;
    let names = usize::try_from(heap.data_segment_size).map_err(|_| Error::OffsetOutOfBounds(u64::MAX))?;
    let names = if leaves.is_empty() {
        Vec::new()
    } else {
        storage.read_range(heap.data_segment_address, names)?.to_vec()
    };
    for (_, node) in leaves {
        let head = storage.read_range(node, 8)?;
        let n = usize::from(u16::from_le_bytes([head[6], head[7]]));
        let bytes = storage.read_range(node, 8 + n * entry_bytes)?;
        let node = SymbolTableNode::parse(&mut Cursor::new(&bytes), offset_size, length_size)?;
        for entry in node.entries {
            links.n += 1;
            if entry.cache_type == 2 {
                let at = usize::try_from(entry.link_name_offset).unwrap_or(usize::MAX);
                let name = names.get(at..).unwrap_or_default();
                let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
                links.loose.push(Link {
                    name: String::from_utf8_lossy(&name[..end]).into_owned(),
                    file: None,
                });
            }
        }
    }
    Ok(())
}

/// Links in a heap, which large groups of the newer form have.
fn dense_links(group: &Group, info: &LinkInfoMessage, links: &mut Links) -> Result<(), Error> {
    let (storage, offset_size, length_size) = (group.storage(), group.offset_size(), group.length_size());
    let heap = FractalHeap::parse_at_storage(storage, info.fractal_heap_address, offset_size, length_size)?;
    let index =
        BTreeV2Header::parse_at_storage(storage, info.btree_name_index_address, offset_size, length_size)?;
    let records =
        collect_btree_v2_records_storage(storage, &index, offset_size, length_size, None, &[], None)?;
    let mut blocks = FractalHeapDirectBlockCache::default();
    for record in &records {
        let (BTreeV2Record::LinkNameHash { heap_id, .. } | BTreeV2Record::CreationOrder { heap_id, .. }) =
            record
        else {
            continue;
        };
        let bytes =
            heap.get_object_storage_cached(heap_id, storage, offset_size, length_size, &mut blocks)?;
        let link = link::parse(&mut Cursor::new(&bytes), offset_size, length_size, bytes.len())?;
        links.add(&link.name, &link.target);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_testkit::fixture;

    fn names(file: &str) -> Result<Vec<String>, String> {
        let path = fixture(&format!("features/hostile/{file}.hdf5"));
        let file = Hdf5File::open(&path).unwrap();
        let datasets = datasets_of(&path, &file).map_err(|error| error.to_string())?;
        Ok(datasets.into_iter().map(|(name, _)| name).collect())
    }

    #[test]
    fn links_that_lead_out_of_the_file_or_nowhere_are_refused() {
        for (file, said) in [
            ("external", "the link \"run-1\" to the file \"other.hdf5\""),
            ("external_dense", "the link \"run-1\" to the file \"other.hdf5\""),
            ("nowhere", "the link \"run-1\" that leads nowhere"),
            ("nowhere_new", "the link \"run-1\" that leads nowhere"),
            ("nowhere_dense", "the link \"run-1\" that leads nowhere"),
            ("nowhere_inside", "the link \"run-1/layer-1\" that leads nowhere"),
        ] {
            let error = names(file).unwrap_err();
            assert!(error.contains(".hdf5: found") && error.contains(said), "{error}");
        }
    }

    #[test]
    fn links_within_the_file_are_followed() {
        assert_eq!(names("links"), Ok(vec!["run-0".to_owned(), "run-1".to_owned()]));
        assert_eq!(
            names("links_new"),
            Ok(vec!["run-0".to_owned(), "run-1".to_owned()])
        );
    }

    #[test]
    fn groups_that_hold_each_other_are_refused_at_once() {
        for (file, said) in [
            ("itself", "that holds itself"),
            ("fan", "more than 20000 objects"),
        ] {
            let error = names(file).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
