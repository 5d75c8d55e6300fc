//! Element types of `.npy` files besides those written by lpp-rs: integers of any size, booleans, half precision, and
//! big-endian numbers. They are converted when read.

use half::f16;
use ndarray::{ArrayD, ArrayView, IxDyn};
use ndarray_npy::{ReadableElement, ViewElement, ViewNpyExt};

use crate::npy_array::{NpyArray, describe};
use crate::{FileError, MappedFile, npy_header};

/// The accepted element types, for messages.
pub(crate) const EXPECTED: &str =
    "real numbers (float16, float32, float64, integers or bool); convert with numpy: a.astype('float32')";

/// Reads an array whose elements need conversion to a type of [`NpyArray`].
pub(crate) fn load(file: &MappedFile) -> Result<NpyArray, FileError> {
    let Some(place) = descriptor(file) else {
        return Err(FileError::malformed(
            file.path(),
            if file.is_empty() {
                "an empty file"
            } else {
                "no array of a single element type"
            },
            EXPECTED,
        ));
    };
    let name = String::from_utf8_lossy(&file[place.clone()]).into_owned();
    let (order, kind) = name.split_at(usize::from(name.starts_with(['<', '>', '|', '='])));
    let swapped = order == ">";
    let source = Source { file, place, swapped };
    match kind {
        "f2" => Ok(NpyArray::F32(
            source
                .read::<u16>("u2")?
                .mapv(|bits| f16::from_bits(bits).to_f32()),
        )),
        "f4" => Ok(NpyArray::F32(source.read::<u32>("u4")?.mapv(f32::from_bits))),
        "f8" => Ok(NpyArray::F64(source.read::<u64>("u8")?.mapv(f64::from_bits))),
        "i1" => Ok(NpyArray::I64(source.read::<i8>("i1")?.mapv(i64::from))),
        "i2" => Ok(NpyArray::I64(source.read::<i16>("i2")?.mapv(i64::from))),
        "i4" => Ok(NpyArray::I64(source.read::<i32>("i4")?.mapv(i64::from))),
        "i8" => Ok(NpyArray::I64(source.read::<i64>("i8")?)),
        "u1" => Ok(NpyArray::I64(source.read::<u8>("u1")?.mapv(i64::from))),
        "u2" => Ok(NpyArray::I64(source.read::<u16>("u2")?.mapv(i64::from))),
        "u4" => Ok(NpyArray::I64(source.read::<u32>("u4")?.mapv(i64::from))),
        "u8" => {
            let values = source.read::<u64>("u8")?;
            match values.iter().find(|&&v| i64::try_from(v).is_err()) {
                Some(large) => Err(FileError::malformed(
                    file.path(),
                    format!("the integer {large}"),
                    "integers below 2^63; convert with numpy: a.astype('float64')",
                )),
                None => Ok(NpyArray::I64(values.mapv(u64::cast_signed))),
            }
        }
        "b1" => Ok(NpyArray::I64(
            source.read::<u8>("u1")?.mapv(|v| i64::from(v != 0)),
        )),
        _ => Err(FileError::malformed(
            file.path(),
            format!("elements of type {name} ({})", name_of(kind)),
            EXPECTED,
        )),
    }
}

/// NumPy's long name of a kind of element that holds no real numbers.
fn name_of(kind: &str) -> &'static str {
    match kind.bytes().next() {
        Some(b'c') => "complex numbers",
        Some(b'U' | b'S' | b'a') => "text",
        Some(b'O') => "Python objects",
        Some(b'M' | b'm') => "dates or times",
        Some(b'f') => "floats of an unusual size",
        _ => "no numbers",
    }
}

/// The position of the element type in the header, between its quotes; `None` if it is not a `.npy` header or is a
/// record type.
fn descriptor(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let start = match bytes.get(..8)? {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, _] => 10,
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, _] => 12,
        _ => return None,
    };
    // The shape may be long, but the type is named before it by every writer; a longer header is not looked through.
    let header = bytes.get(start..)?;
    let header = &header[..header.len().min(512)];
    let key = b"'descr':";
    let after = header.windows(key.len()).position(|window| window == key)? + key.len();
    let is_quote = |&byte: &u8| byte == b'\'' || byte == b'"';
    let open = after
        + header[after..]
            .iter()
            .position(|byte| !byte.is_ascii_whitespace())?;
    if !is_quote(&header[open]) {
        return None;
    }
    let length = header[open + 1..].iter().position(is_quote)?;
    Some(start + open + 1..start + open + 1 + length)
}

/// Calls the 16-bit integers of a written array what their bits are, half-precision numbers.
pub(crate) fn name_as_half(bytes: &mut [u8]) {
    if let Some(place) = descriptor(bytes) {
        bytes[place].copy_from_slice(b"<f2");
    }
}

/// A file whose elements are read as unsigned or signed integers of their size.
struct Source<'f> {
    file: &'f MappedFile,
    /// Position of the element type.
    place: std::ops::Range<usize>,
    /// Whether the bytes of each element are in big-endian order.
    swapped: bool,
}

impl Source<'_> {
    /// The elements as integers `T`, which NumPy calls `name`.
    ///
    /// The copy has the length of the file, so a false header cannot make it use more memory.
    fn read<T: Integer>(&self, name: &str) -> Result<ArrayD<T>, FileError> {
        let mut bytes = self.file.to_vec();
        let order = if name.ends_with('1') { "|" } else { "<" };
        let written = format!("{order}{name}");
        let old = &mut bytes[self.place.clone()];
        // Descriptors have an order, a kind and a size; one without an order is the machine's own.
        if old.len() == written.len() {
            old.copy_from_slice(written.as_bytes());
        }
        let malformed =
            |found: String| FileError::malformed(self.file.path(), found, "a complete NumPy .npy array");
        let values = npy_header::parsed(self.file.path(), || {
            match ArrayView::<T, IxDyn>::view_npy(&bytes) {
                Ok(view) => Ok(view.to_owned()),
                Err(ndarray_npy::ViewNpyError::MisalignedData) => {
                    ndarray_npy::ReadNpyExt::read_npy(&bytes[..]).map_err(|e| malformed(e.to_string()))
                }
                Err(e) => Err(malformed(describe(&e))),
            }
        })??;
        Ok(if self.swapped {
            values.mapv(T::swapped)
        } else {
            values
        })
    }
}

/// An integer of a file.
trait Integer: ViewElement + ReadableElement + Copy {
    /// Its bytes in the other order.
    fn swapped(self) -> Self;
}

macro_rules! integers {
    ($($name:ty),+) => {
        $(impl Integer for $name {
            fn swapped(self) -> Self {
                self.swap_bytes()
            }
        })+
    };
}
integers!(i8, i16, i32, i64, u8, u16, u32, u64);

#[cfg(test)]
mod tests {

    use crate::npy;
    use std::fs;
    use std::path::PathBuf;

    /// A file of version 1 with this header and these bytes.
    fn file(folder: &tempfile::TempDir, descr: &str, shape: &str, data: &[u8]) -> PathBuf {
        let path = folder.path().join("a.npy");
        let mut header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
        header.push_str(&" ".repeat((64 - (10 + header.len() + 1) % 64) % 64));
        header.push('\n');
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        fs::write(&path, bytes).unwrap();
        path
    }

    #[test]
    fn every_kind_of_real_number_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let read = |descr: &str, data: &[u8]| {
            npy::load_f64_matrix(&file(&folder, descr, "(1, 2)", data))
                .unwrap()
                .into_raw_vec_and_offset()
                .0
        };
        assert_eq!(read("'<i4'", &[254, 255, 255, 255, 7, 0, 0, 0]), [-2.0, 7.0]);
        assert_eq!(read("'>i4'", &[255, 255, 255, 254, 0, 0, 0, 7]), [-2.0, 7.0]);
        assert_eq!(read("'|i1'", &[255, 3]), [-1.0, 3.0]);
        assert_eq!(read("'|u1'", &[255, 3]), [255.0, 3.0]);
        assert_eq!(read("'<u2'", &[255, 255, 1, 0]), [65535.0, 1.0]);
        assert_eq!(read("'|b1'", &[0, 1]), [0.0, 1.0]);
        assert_eq!(read("'<f2'", &[0x00, 0x3e, 0x00, 0xc0]), [1.5, -2.0]);
        assert_eq!(read("'>f2'", &[0x3e, 0x00, 0xc0, 0x00]), [1.5, -2.0]);
        let big: Vec<u8> = [1.25_f64, -0.5].iter().flat_map(|v| v.to_be_bytes()).collect();
        assert_eq!(read("'>f8'", &big), [1.25, -0.5]);
        let big: Vec<u8> = [1.25_f32, -0.5].iter().flat_map(|v| v.to_be_bytes()).collect();
        assert_eq!(read("'>f4'", &big), [1.25, -0.5]);
        assert_eq!(
            read("'<i8'", &[1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]),
            [1.0, 2.0]
        );
    }

    #[test]
    fn what_is_no_number_is_refused_with_a_way_out() {
        let folder = tempfile::tempdir().unwrap();
        for (descr, size, said) in [
            ("'<c8'", 16, "complex"),
            ("'<U3'", 24, "text"),
            ("'|O'", 16, "objects"),
            ("[('a', '<f4')]", 8, "single element type"),
            ("'<f16'", 32, "unusual"),
        ] {
            let path = file(&folder, descr, "(1, 2)", &vec![0; size]);
            let message = npy::load(&path).unwrap_err().to_string();
            assert!(
                message.contains(said) && message.contains("astype"),
                "{descr}: {message}"
            );
        }
        let path = file(&folder, "'<u8'", "(1,)", &[255; 8]);
        assert!(npy::load(&path).unwrap_err().to_string().contains("2^63"));
    }

    #[test]
    fn files_that_are_cut_short_are_refused_whatever_they_hold() {
        let folder = tempfile::tempdir().unwrap();
        for descr in ["'>f4'", "'<f2'", "'<i2'", "'|b1'"] {
            let path = file(&folder, descr, "(1000000000, 1000)", &[0; 64]);
            let message = npy::load(&path).unwrap_err().to_string();
            assert!(message.contains("a.npy"), "{message}");
        }
    }

    #[test]
    fn a_vector_is_one_column_where_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, "'<i2'", "(3,)", &[1, 0, 2, 0, 3, 0]);
        assert_eq!(
            npy::load_f32_columns(&path).unwrap(),
            ndarray::array![[1.0_f32], [2.0], [3.0]]
        );
        assert!(
            npy::load_f32_matrix(&path)
                .unwrap_err()
                .to_string()
                .contains("2 axes")
        );
    }
}
