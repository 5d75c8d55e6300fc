//! joblib dumps: every container and nesting, and everything that is refused.

use std::io::Write;

use crate::common::{counts, fixture, items, manifest};
use lpp_fmri::{NumArray, joblib, load_isc, load_matrix};
use ndarray::Array2;
use sha2::{Digest, Sha256};

fn digest(array: &NumArray) -> String {
    let mut bytes: Vec<u8> = Vec::new();
    match array {
        NumArray::F32(a) => a.iter().for_each(|v| bytes.extend(v.to_le_bytes())),
        NumArray::F64(a) => a.iter().for_each(|v| bytes.extend(v.to_le_bytes())),
        NumArray::I64(a) => a.iter().for_each(|v| bytes.extend(v.to_le_bytes())),
        NumArray::U16(a) => a.iter().for_each(|v| bytes.extend(v.to_le_bytes())),
        other => panic!("no fixture holds {other:?}"),
    }
    format!("{:x}", Sha256::digest(bytes))
}

#[test]
fn every_array_of_every_dump_is_found() {
    for case in items(&manifest()["joblib"]) {
        let name = case["file"].as_str().unwrap();
        let tree = joblib::load_tree(&fixture("joblib").join(name)).unwrap();
        for expected in items(&case["arrays"]) {
            let array = tree
                .array(&counts(&expected["index"]))
                .unwrap_or_else(|| panic!("{name}: {expected}"));
            assert_eq!(
                array.element_type().name(),
                expected["dtype"].as_str().unwrap(),
                "{name}"
            );
            assert_eq!(array.shape(), counts(&expected["shape"]), "{name}");
            assert_eq!(digest(array), expected["sha256"].as_str().unwrap(), "{name}");
        }
    }
}

#[test]
fn code_objects_and_texts_are_refused() {
    for (name, part) in [
        ("code.gz", "the name posix.getcwd"),
        ("objects.gz", "elements of type \"O8\""),
        ("text.gz", "the text \"text\""),
    ] {
        let message = joblib::load_tree(&fixture("joblib").join(name))
            .unwrap_err()
            .to_string();
        assert!(message.contains(part) && message.contains(name), "{message}");
    }
}

#[test]
fn a_dump_of_several_arrays_is_not_one() {
    let message = joblib::load_array(&fixture("joblib/onsets.gz"))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("found a sequence of 2 items, expected one array"),
        "{message}"
    );
}

/// Feeds bytes to the reader.
fn load(bytes: &[u8]) -> Result<joblib::JoblibTree, lpp_fmri::FmriError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    joblib::load_tree(file.path())
}

#[test]
fn no_truncation_and_no_single_wrong_byte_panics() {
    let whole = std::fs::read(fixture("joblib/raw.gz")).unwrap();
    for n in 0..whole.len() {
        assert!(load(&whole[..n]).is_err(), "{n} bytes");
    }
    for place in 0..whole.len().min(240) {
        for flip in [1u8, 0x10, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[place] ^= flip;
            // Whatever it gives, it must give it quietly.
            let _ = load(&bytes);
        }
    }
    let packed = std::fs::read(fixture("joblib/gzip.gz")).unwrap();
    for n in [0, 1, 2, 9, packed.len() / 2, packed.len() - 8, packed.len() - 1] {
        assert!(load(&packed[..n]).is_err(), "{n} bytes");
    }
}

#[test]
fn hostile_programs_are_refused() {
    let refused = |bytes: &[u8], part: &str| {
        let message = load(bytes).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    };
    refused(b"\x80\x04.", "an empty stack");
    refused(b"\x80\x09.", "pickle protocol 9");
    refused(b"\x80\x04cos\nsystem\n(.", "the name os.system");
    refused(b"\x80\x04]q\x00h\x00a.", "the same list twice");
    refused(b"\x80\x04h\x07.", "a reference to object 7");
    refused(b"\x80\x04)R.", "an empty stack");
    refused(b"\x80\x04cnumpy\ndtype\n)R.", "a function call");
    refused(b"\x80\x04(a.", "an empty stack");
    refused(b"\x80\x04X\xff\xff\xff\xff.", "a text of 4294967295 bytes");
    refused(b"\x80\x04N.", "an item None");
    let mut deep = b"\x80\x04".to_vec();
    deep.extend(std::iter::repeat_n(b']', 1000));
    deep.extend(std::iter::repeat_n(b'a', 999));
    deep.push(b'.');
    refused(&deep, "nested deeper than 64");
    // Forty levels are a pickle, but no tree of arrays.
    let tree = [&b"\x80\x04"[..], &[b']'; 40], &[b'a'; 39], b"."].concat();
    refused(&tree, "nested deeper than 32");
    for flood in [&b"N"[..], b"K\x01", b"]", b"\x8c\x00"] {
        refused(
            &[&b"\x80\x04"[..], &flood.repeat(70_000)].concat(),
            "values on the stack",
        );
    }
}

#[test]
fn an_announced_size_is_checked_before_memory_is_taken() {
    // The dump of a (4, 7) array, its shape changed to (4, 2^62): the tuple is "K 4 K 7 0x86".
    let whole = std::fs::read(fixture("joblib/raw.gz")).unwrap();
    let place = whole.windows(2).position(|w| w == b"K\x07").unwrap();
    let huge = |length: i64| {
        let mut bytes = whole[..place].to_vec();
        bytes.push(0x8a);
        bytes.push(8);
        bytes.extend(length.to_le_bytes());
        bytes.extend(&whole[place + 2..]);
        load(&bytes).unwrap_err().to_string()
    };
    assert!(
        huge(1 << 40).contains("a file too small for"),
        "{}",
        huge(1 << 40)
    );
    assert!(huge(1 << 62).contains("an array of shape"), "{}", huge(1 << 62));
    assert!(
        huge(-1).contains("an array wrapper of another form"),
        "{}",
        huge(-1)
    );
}

#[test]
fn matrices_come_from_npy_and_from_joblib() {
    let folder = tempfile::tempdir().unwrap();
    let from_joblib = load_isc(&fixture("joblib/gzip.gz")).unwrap();
    assert_eq!(from_joblib.dim(), (4, 7));
    let npy = folder.path().join("isc.npy");
    lpp_files::npy::save(&npy, &from_joblib).unwrap();
    assert_eq!(load_matrix(&npy).unwrap(), from_joblib);
    lpp_files::npy::save(&npy, &Array2::<f32>::from_elem((2, 3), 0.5)).unwrap();
    assert_eq!(load_isc(&npy).unwrap(), Array2::from_elem((2, 3), 0.5));
    for (name, part) in [
        ("zlib.gz", "an array of shape [7], expected two axes"),
        ("empty.gz", "at least one trial"),
    ] {
        let message = load_isc(&fixture("joblib").join(name)).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
    let message = load_isc(&folder.path().join("missing.npy"))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("cannot read") && message.contains("missing.npy"),
        "{message}"
    );
}
