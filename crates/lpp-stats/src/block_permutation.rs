//! Permutations of blocks of scans within runs, as indices.

use rand::Rng;
use rand::seq::SliceRandom;

use crate::StatsError;
use crate::checks::at_least;

/// Draws a permutation of the blocks of each run. Entry i of the result is the scan that replaces scan i.
///
/// A run is divided into blocks of `block` scans, starting at its first scan; the last block may be shorter. The blocks
/// are then shuffled. A block should be longer than the autocorrelation of the series (some 20 to 30 s for BOLD
/// signals), so that blocks are nearly independent.
///
/// # Shapes
/// `runs` has the number of scans of each run, the result one index per scan of all runs.
///
/// # Errors
/// [`StatsError::TooFew`] if `block` is 0 or a run has fewer than two blocks.
///
/// # Example
/// ```
/// use rand::SeedableRng;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(4);
/// let order = lpp_stats::block_permutation(&[8, 6], 3, &mut rng)?;
/// assert_eq!(order.len(), 14);
/// assert!(order[8..].iter().all(|&scan| scan >= 8));
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// A. M. Winkler et al. (2015), multi-level block permutation, <https://doi.org/10.1016/j.neuroimage.2015.05.092>.
pub fn block_permutation(runs: &[usize], block: usize, rng: &mut impl Rng) -> Result<Vec<usize>, StatsError> {
    at_least("scans of a block", 1, block)?;
    let mut order = Vec::with_capacity(runs.iter().sum());
    for &n in runs {
        at_least("blocks of a run", 2, n.div_ceil(block))?;
        let scans: Vec<usize> = (order.len()..order.len() + n).collect();
        let mut blocks: Vec<&[usize]> = scans.chunks(block).collect();
        blocks.shuffle(rng);
        order.extend(blocks.concat());
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn every_scan_is_used_once_and_blocks_stay_whole() {
        for seed in 0..50 {
            let order = block_permutation(&[10, 7], 4, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap();
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..17).collect::<Vec<_>>());
            assert!(order[..10].iter().all(|&scan| scan < 10));
            // Within a block of the first run each scan is followed by the next.
            for pair in order[..10].windows(2) {
                let block_ends = pair[0] % 4 == 3 || pair[0] == 9;
                assert!(block_ends || pair[1] == pair[0] + 1);
            }
        }
    }

    #[test]
    fn blocks_of_one_scan_shuffle_everything() {
        let order = block_permutation(&[30], 1, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        assert_ne!(order, (0..30).collect::<Vec<_>>());
    }

    #[test]
    fn blocks_that_cannot_move_are_errors() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        assert!(block_permutation(&[10], 0, &mut rng).is_err());
        assert!(block_permutation(&[10, 4], 4, &mut rng).is_err());
    }
}
