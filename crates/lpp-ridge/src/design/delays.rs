//! Delayed copies of the features: a finite impulse response instead of an assumed HRF.

use ndarray::{Array2, ArrayRef2, s};

use crate::{Number, RidgeError};

/// The features of one run at several delays.
///
/// Ridge regression on them fits the response of each feature at each delay: a finite impulse response (FIR) model.
/// Call it run by run, so that no run leaks into the next, and after standardising: the edges are filled with zeros,
/// which is then the mean.
///
/// # Shapes
/// `x` is (`n_scans`, `n_features`), the result (`n_scans`, `delays.len()` · `n_features`): all features at the first
/// delay, then all at the second, and so on, like the `Delayer` of the himalaya and voxelwise tutorials. In the block
/// for delay d, row i is row i − d of `x`, in scans; a negative delay looks ahead. Rows without a source are 0.
///
/// # Errors
/// [`RidgeError::NoDelays`] for an empty list, [`RidgeError::BadDelay`] for a delay that occurs twice or leaves no
/// rows.
///
/// ```
/// # fn main() -> Result<(), lpp_ridge::RidgeError> {
/// let x = ndarray::array![[1.0], [2.0], [3.0]];
/// let fir = lpp_ridge::delayed(&x, &[0, 2, -1])?;
/// assert_eq!(fir, ndarray::array![[1.0, 0.0, 2.0], [2.0, 0.0, 3.0], [3.0, 1.0, 0.0]]);
/// # Ok(())
/// # }
/// ```
///
/// # References
/// A. G. Huth et al. (2016), <https://doi.org/10.1038/nature17637>, with delays of 1 to 4 scans of 2 s.
pub fn delayed<A: Number>(x: &ArrayRef2<A>, delays: &[isize]) -> Result<Array2<A>, RidgeError> {
    let (n_scans, n_features) = x.dim();
    if delays.is_empty() {
        return Err(RidgeError::NoDelays);
    }
    for (i, &delay) in delays.iter().enumerate() {
        if delays[..i].contains(&delay) || delay.unsigned_abs() >= n_scans {
            return Err(RidgeError::BadDelay { delay, n_scans });
        }
    }
    let mut out = Array2::zeros((n_scans, delays.len() * n_features));
    for (part, &delay) in delays.iter().enumerate() {
        let columns = part * n_features..(part + 1) * n_features;
        let gap = delay.unsigned_abs();
        let (late, early) = (gap..n_scans, 0..n_scans - gap);
        let (to, from) = if delay < 0 { (early, late) } else { (late, early) };
        out.slice_mut(s![to, columns]).assign(&x.slice(s![from, ..]));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_comes_from_its_delayed_row() {
        let x = Array2::from_shape_fn((11, 3), |(i, j)| (10 * i + j + 1) as f64);
        let delays = [3, 0, -2, 10, 1];
        let fir = delayed(&x, &delays).unwrap();
        assert_eq!(fir.dim(), (11, 15));
        for ((i, column), &value) in fir.indexed_iter() {
            let source = isize::try_from(i).unwrap() - delays[column / 3];
            let expected = usize::try_from(source)
                .ok()
                .and_then(|row| x.get([row, column % 3]))
                .map_or(0.0, |v| *v);
            assert_eq!(
                value.to_bits(),
                f64::to_bits(expected),
                "row {i}, column {column}"
            );
        }
    }

    #[test]
    fn useless_delays_are_refused() {
        let x = Array2::<f32>::zeros((5, 2));
        assert!(matches!(delayed(&x, &[]), Err(RidgeError::NoDelays)));
        assert!(matches!(
            delayed(&x, &[1, 5]),
            Err(RidgeError::BadDelay { delay: 5, n_scans: 5 })
        ));
        assert!(matches!(
            delayed(&x, &[1, 2, 1]),
            Err(RidgeError::BadDelay { delay: 1, .. })
        ));
        assert!(delayed(&x, &[isize::MIN]).is_err());
    }
}
