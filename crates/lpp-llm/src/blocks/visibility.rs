//! Which keys a query sees.

use tch::{Device, Kind, Tensor};

use crate::error::LlmError;

/// Which keys a query sees: no later one, no padding, and only the nearest where there is a sliding window. A padded
/// position that would see none, since all tokens are further back than its window reaches, sees itself.
#[derive(Debug)]
pub(crate) struct Visibility {
    pub(super) n_tokens: i64,
    /// Absent if there is no padding and no sliding window: then the causal mask is sufficient.
    pub(super) allowed: Option<Tensor>,
}

impl Visibility {
    /// The visibility in a window with this attention mask (1 for tokens, 0 for padding).
    ///
    /// `reach` is the width of the sliding window: the number of earlier keys that a query sees besides itself; `None`
    /// for all.
    pub(crate) fn new(mask: &[i64], reach: Option<i64>, device: Device) -> Result<Self, LlmError> {
        let n_tokens = i64::try_from(mask.len()).unwrap_or(i64::MAX);
        let reach = reach.filter(|&keys| keys < n_tokens - 1);
        if reach.is_none() && mask.iter().all(|&m| m == 1) {
            return Ok(Self {
                n_tokens,
                allowed: None,
            });
        }
        let mut allowed = Tensor::f_ones([n_tokens, n_tokens], (Kind::Bool, Device::Cpu))?.f_tril(0)?;
        if let Some(keys) = reach {
            allowed = allowed.f_triu(-keys)?;
        }
        let tokens = Tensor::f_from_slice(mask)?.f_to_kind(Kind::Bool)?;
        let allowed = allowed.f_logical_and(&tokens)?;
        // A softmax over no key at all is NaN, and the NaN would reach the tokens in the next block.
        let sees_none = allowed.f_any_dim(1, true)?.f_logical_not()?;
        let itself = Tensor::f_eye(n_tokens, (Kind::Bool, Device::Cpu))?;
        let allowed = allowed.f_logical_or(&itself.f_logical_and(&sees_none)?)?;
        Ok(Self {
            n_tokens,
            allowed: Some(allowed.f_to_device(device)?),
        })
    }

    /// Rows `first` to `first + n` of the (query, key) table for the first `n_keys` keys.
    pub(super) fn rows(&self, first: i64, n: i64, n_keys: i64, device: Device) -> Result<Tensor, LlmError> {
        Ok(match &self.allowed {
            Some(allowed) => allowed.f_narrow(0, first, n)?.f_narrow(1, 0, n_keys)?,
            None => Tensor::f_ones([n, n_keys], (Kind::Bool, device))?.f_tril(first)?,
        })
    }

    /// The keys that the query rows from `first` on do not see, of the first `n_keys` = `first` + `n`.
    pub(super) fn hidden(&self, first: i64, n: i64, device: Device) -> Result<HiddenKeys, LlmError> {
        let n_keys = first + n;
        // Without padding and sliding window, all keys before the first query of the group are visible.
        let start = if self.allowed.is_some() { 0 } else { first };
        let hidden = self.rows(first, n, n_keys, device)?.f_logical_not()?;
        Ok(HiddenKeys {
            hidden: hidden.f_narrow(1, start, n_keys - start)?,
            start,
        })
    }
}

/// The keys that a group of query rows does not see.
#[derive(Debug)]
pub(super) struct HiddenKeys {
    /// (rows, keys from `start` on).
    hidden: Tensor,
    start: i64,
}

impl HiddenKeys {
    /// Sets scores, (…, rows, keys), to minus infinity, in place.
    pub(super) fn hide_in(&self, scores: &Tensor) -> Result<(), LlmError> {
        let _in_place = scores
            .f_slice(-1, self.start, None, 1)?
            .f_masked_fill_(&self.hidden, f64::NEG_INFINITY)?;
        Ok(())
    }
}
