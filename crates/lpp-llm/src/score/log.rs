//! The finished batches of a run, from which a killed one resumes.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use lpp_files::open_own_file;
use sha2::{Digest, Sha256};

use crate::error::LlmError;
use crate::head::NextTokens;

/// Bytes of the hash after each batch. What a crash has cut or damaged is computed again.
const HASH_BYTES: usize = 8;

/// An append-only file of batches.
#[derive(Debug)]
pub(super) struct ScoreLog {
    file: File,
    path: PathBuf,
    with_entropies: bool,
}

impl ScoreLog {
    /// Opens the file at `path` and reads the intact batches at its beginning; `sizes` are the numbers of positions of all
    /// batches.
    pub(super) fn open(
        path: &Path,
        sizes: impl Iterator<Item = usize>,
        with_entropies: bool,
    ) -> Result<(Self, Vec<NextTokens>), LlmError> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        let mut file = open_own_file(path, &mut options).map_err(LlmError::write(path))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(LlmError::read(path))?;
        let mut rest = &bytes[..];
        let mut found = Vec::new();
        for size in sizes {
            let Some(batch) = decoded(&mut rest, size, with_entropies) else {
                break;
            };
            found.push(batch);
        }
        let intact = bytes.len() - rest.len();
        file.set_len(intact as u64).map_err(LlmError::write(path))?;
        let log = Self {
            file,
            path: path.to_owned(),
            with_entropies,
        };
        Ok((log, found))
    }

    /// Adds a batch.
    pub(super) fn add(&mut self, batch: &NextTokens) -> Result<(), LlmError> {
        let mut bytes =
            Vec::with_capacity(record_size(batch.logprobs.len(), self.with_entropies) + HASH_BYTES);
        for value in batch.logprobs.iter().chain(&batch.entropies) {
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend(batch.is_best.iter().map(|&is_best| u8::from(is_best)));
        let hash = hash_of(&bytes);
        bytes.extend(hash);
        self.file.write_all(&bytes).map_err(LlmError::write(&self.path))
    }
}

/// Bytes of a batch without its hash.
fn record_size(n_positions: usize, with_entropies: bool) -> usize {
    n_positions * (size_of::<f64>() * (1 + usize::from(with_entropies)) + 1)
}

fn hash_of(bytes: &[u8]) -> [u8; HASH_BYTES] {
    let mut hash = [0; HASH_BYTES];
    hash.copy_from_slice(&Sha256::digest(bytes)[..HASH_BYTES]);
    hash
}

/// The next batch, if it is complete and intact; `rest` then starts behind it.
fn decoded(rest: &mut &[u8], n_positions: usize, with_entropies: bool) -> Option<NextTokens> {
    let (record, behind) = rest.split_at_checked(record_size(n_positions, with_entropies))?;
    let (hash, behind) = behind.split_at_checked(HASH_BYTES)?;
    if hash != hash_of(record) {
        return None;
    }
    let (values, flags) = record.split_at(record.len() - n_positions);
    let (values, _) = values.as_chunks::<8>();
    let mut values = values.iter().map(|bytes| f64::from_le_bytes(*bytes));
    *rest = behind;
    Some(NextTokens {
        logprobs: values.by_ref().take(n_positions).collect(),
        entropies: values.collect(),
        is_best: flags.iter().map(|&flag| flag != 0).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(n: usize) -> NextTokens {
        NextTokens {
            logprobs: (0..n).map(|i| -(i as f64) / 3.0).collect(),
            is_best: (0..n).map(|i| i % 2 == 0).collect(),
            entropies: (0..n).map(|i| i as f64 / 7.0).collect(),
        }
    }

    #[test]
    fn intact_batches_come_back_and_damaged_ones_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores");
        let open = || ScoreLog::open(&path, [3, 2, 4].into_iter(), true).unwrap();
        let (mut log, found) = open();
        assert!(found.is_empty());
        for n in [3, 2, 4] {
            log.add(&batch(n)).unwrap();
        }
        assert_eq!(open().1, [3, 2, 4].map(batch));
        let mut bytes = std::fs::read(&path).unwrap();
        let end = bytes.len();
        std::fs::write(&path, &bytes[..end - 1]).unwrap();
        assert_eq!(open().1, [3, 2].map(batch));
        // The second batch begins behind the three positions of the first and their hash.
        bytes[3 * 17 + HASH_BYTES] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let (mut log, found) = open();
        assert_eq!(found, [batch(3)]);
        log.add(&batch(2)).unwrap();
        assert_eq!(open().1, [3, 2].map(batch));
    }
}
