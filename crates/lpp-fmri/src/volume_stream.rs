//! Decoding of volumes in parallel with their processing.

use rayon::prelude::*;

use crate::FmriError;
use crate::image::ImageReader;
use crate::numeric::NumArray;

/// Volumes per thread and batch: enough that one slow thread does not leave the others idle.
const PER_THREAD: usize = 2;

/// Calls `work` on every volume, on all threads, and `take` on the results in order.
///
/// The next batch is decompressed while the current one is processed. Memory holds two batches, whatever the length of
/// the run.
pub(crate) fn map_volumes<R: Send>(
    reader: &mut ImageReader,
    work: impl Fn(NumArray) -> Result<R, FmriError> + Sync,
    mut take: impl FnMut(R) -> Result<(), FmriError>,
) -> Result<(), FmriError> {
    let n = PER_THREAD * rayon::current_num_threads();
    let mut batch = read_batch(reader, n)?;
    while !batch.is_empty() {
        let (results, next) = rayon::join(
            || {
                batch
                    .into_par_iter()
                    .map(&work)
                    .collect::<Result<Vec<_>, FmriError>>()
            },
            || read_batch(reader, n),
        );
        for result in results? {
            take(result)?;
        }
        batch = next?;
    }
    Ok(())
}

fn read_batch(reader: &mut ImageReader, n: usize) -> Result<Vec<NumArray>, FmriError> {
    let mut batch = Vec::with_capacity(n);
    while batch.len() < n {
        match reader.next_volume()? {
            Some(volume) => batch.push(volume),
            None => break,
        }
    }
    Ok(batch)
}
