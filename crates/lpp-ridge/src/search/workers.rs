//! Distribution of blocks of targets among the threads of the caller's pool.

use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::Array2;
use rayon::prelude::*;

use super::block::{Block, block_width};
use crate::systems::factored::Factored;
use crate::{Number, RidgeError};

/// Runs `work` on each block of `columns` and returns the results in the order of the blocks.
///
/// Each thread has one [`Block`] and takes the next piece of work when it is done. So memory grows with threads, not
/// with targets, and a slow thread does not delay the others.
pub(crate) fn over_blocks<A, R, F>(
    factored: &Factored<A>,
    columns: &[usize],
    work: F,
) -> Result<Vec<R>, RidgeError>
where
    A: Number,
    R: Send,
    F: Fn(&mut Block<'_, A>, &[usize]) -> Result<R, RidgeError> + Sync,
{
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let width = block_width(factored, columns.len());
    let blocks: Vec<&[usize]> = columns.chunks(width).collect();
    let next = AtomicUsize::new(0);
    let n_threads = if factored.model.settings.engine.works_alone() {
        1
    } else {
        rayon::current_num_threads()
    };
    let n_workers = n_threads.min(blocks.len());
    let worker = |_| {
        let mut block = Block::new(factored, width)?;
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(columns) = blocks.get(index) else {
                return Ok(done);
            };
            factored.model.check_stop()?;
            done.push((index, work(&mut block, columns)?));
        }
    };
    let per_worker: Vec<Vec<(usize, R)>> = (0..n_workers)
        .into_par_iter()
        .with_max_len(1)
        .map(worker)
        .collect::<Result<_, RidgeError>>()?;
    let mut results: Vec<(usize, R)> = per_worker.into_iter().flatten().collect();
    results.sort_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

/// Writes the blocks of some columns to those columns of an array of all.
pub(crate) fn scatter<T: Clone>(parts: &[Array2<T>], columns: &[usize], all: &mut Array2<T>) {
    let of_parts = parts.iter().flat_map(|part| part.columns());
    for (part, &column) in of_parts.zip(columns) {
        all.column_mut(column).assign(&part);
    }
}
