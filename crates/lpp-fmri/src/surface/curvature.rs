//! `FreeSurfer`'s files of one value per vertex (`lh.curv`, `rh.sulc`, `lh.thickness`).
//!
//! # References
//! <https://surfer.nmr.mgh.harvard.edu/fswiki/FileFormats>; nibabel 5, `freesurfer.io.read_morph_data`

use std::path::Path;

use super::whole_file::read_all;
use crate::FmriError;

/// First three bytes of files of the present form; older ones begin with the number of vertices.
const MAGIC: [u8; 3] = [0xff; 3];

/// Reads one value per vertex: of the present form, or of the old one, in hundredths.
///
/// # Errors
/// [`FmriError`] naming the file if its length is not that of its values, or it has several values per vertex.
pub fn load_curvature(path: &Path) -> Result<Vec<f64>, FmriError> {
    let bytes = read_all(path)?;
    let wrong =
        |found: String| FmriError::malformed(path, found, "one value per vertex, as FreeSurfer writes them");
    let Some((head, rest)) = bytes.split_at_checked(3) else {
        return Err(wrong(format!("{} bytes", bytes.len())));
    };
    if head == MAGIC {
        let (counts, values) = rest
            .split_at_checked(12)
            .ok_or_else(|| wrong(format!("{} bytes", bytes.len())))?;
        let (words, _) = counts.as_chunks::<4>();
        let [n_vertices, _, n_values] = [words[0], words[1], words[2]].map(u32::from_be_bytes);
        let (values, rest) = values.as_chunks::<4>();
        if n_values != 1 || !rest.is_empty() || values.len() != n_vertices as usize {
            return Err(wrong(format!(
                "{} values for {n_vertices} vertices × {n_values}",
                values.len()
            )));
        }
        return Ok(values
            .iter()
            .map(|value| f64::from(f32::from_be_bytes(*value)))
            .collect());
    }
    let n_vertices = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let (values, rest) = rest.get(3..).unwrap_or_default().as_chunks::<2>();
    if !rest.is_empty() || values.len() != n_vertices as usize {
        return Err(wrong(format!(
            "{} values for {n_vertices} vertices",
            values.len()
        )));
    }
    Ok(values
        .iter()
        .map(|value| f64::from(i16::from_be_bytes(*value)) / 100.0)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(bytes: &[u8]) -> Result<Vec<f64>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        load_curvature(file.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn both_forms_are_read() {
        let new = |n: u32, per: u32| {
            let counts = [n, 4, per].map(u32::to_be_bytes).concat();
            let values = [0.5_f32, -1.25].map(f32::to_be_bytes).concat();
            [MAGIC.to_vec(), counts, values].concat()
        };
        assert_eq!(load(&new(2, 1)).unwrap(), [0.5, -1.25]);
        assert_eq!(
            load(&[0, 0, 2, 0, 0, 4, 0, 50, 0xff, 0x83]).unwrap(),
            [0.5, -1.25]
        );
        for bytes in [
            new(3, 1),
            new(u32::MAX, 1),
            new(2, 2),
            new(1, 1),
            vec![0, 0, 9, 0, 0, 4, 0, 50],
            vec![0xff; 9],
            vec![],
        ] {
            assert!(load(&bytes).unwrap_err().contains("one value per vertex"));
        }
    }
}
