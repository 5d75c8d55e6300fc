//! Causal self-attention with padding, sliding windows, and fewer key-value than query heads.

use tch::{Device, Kind, Tensor};

use crate::blocks::pass::Pass;
use crate::dropout::{Dropout, Site};
use crate::error::LlmError;

/// Query rows that are treated at once where the fused kernel is not used: 128 x 1024 scores a head stay in the cache of
/// one core.
const ROWS_AT_ONCE: i64 = 128;

/// The same where heads come one after the other: 256 x 1024 scores in 16 bits stay in the cache of one core.
const HEAD_ROWS_AT_ONCE: i64 = 256;

/// Number and width of attention heads.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(
    clippy::struct_field_names,
    reason = "n_heads and n_kv_heads are what papers and configurations call them"
)]
pub(crate) struct Heads {
    /// Query heads.
    pub(crate) n_heads: i64,
    /// Key-value heads; divides `n_heads`. Query head h attends to key-value head h / (`n_heads` / `n_kv_heads`).
    ///
    /// J. Ainslie et al. (2023), <https://arxiv.org/abs/2305.13245>
    pub(crate) n_kv_heads: i64,
    /// Features of a head.
    pub(crate) width: i64,
    /// Dropout of attention probabilities in an untrained model.
    pub(crate) dropout: f64,
    /// Factor of the scores, where it is not one over the root of `width` (Gemma 2 and 3).
    pub(crate) scale: Option<f64>,
    /// Scores s become c tanh(s/c) with this c (Gemma 2).
    pub(crate) softcap: Option<f64>,
}

impl Heads {
    /// Heads with the usual scores and without dropout.
    pub(crate) fn new(n_heads: i64, n_kv_heads: i64, width: i64) -> Self {
        Self {
            n_heads,
            n_kv_heads,
            width,
            dropout: 0.0,
            scale: None,
            softcap: None,
        }
    }

    fn score_scale(&self) -> f64 {
        self.scale.unwrap_or(1.0 / (self.width as f64).sqrt())
    }

    /// (…, `n_tokens`, `n` x `width`) to (…, `n`, `n_tokens`, `width`).
    pub(crate) fn split(&self, x: &Tensor) -> Result<Tensor, LlmError> {
        Ok(x.f_unflatten(-1, &[-1, self.width][..])?.f_transpose(-3, -2)?)
    }
}

/// Softmax attention; heads are joined in the result (`n_rows`, `n_heads` x `width`).
///
/// An axis in front of all these is that of rows of tokens that do not see each other.
///
/// `q` is (`n_heads`, `n_rows`, `width`) for the rows from `pass.first_row` on; `k` and `v` are (`n_kv_heads`,
/// `n_tokens`, `width`) for all tokens that are not in the block's memory. Hidden keys are omitted. The reference adds the lowest f32 to their scores
/// instead, which is equivalent if a query sees at least one key.
pub(crate) fn attend(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    heads: &Heads,
    pass: &Pass<'_>,
) -> Result<Tensor, LlmError> {
    let copies = heads.n_heads / heads.n_kv_heads;
    let [k, v] = match pass.memory {
        Some(memory) => memory.extended(k, v)?,
        None => [k.shallow_clone(), v.shallow_clone()],
    };
    let (k, v) = (repeated(&k, copies)?, repeated(&v, copies)?);
    let dropout = pass.dropout.filter(|_| heads.dropout > 0.0);
    // On processors without matrix units, the fused kernel multiplies bf16 through f32 (1.4 times as long).
    let is_slow_fused = q.f_kind()? == Kind::BFloat16 && q.device() == Device::Cpu;
    let mixed = if dropout.is_some() || heads.softcap.is_some() {
        by_rows(q, &k, &v, heads, pass, dropout)?
    } else if is_slow_fused {
        by_heads(q, &k, &v, heads, pass)?
    } else {
        fused(q, &k, &v, heads, pass)?
    };
    Ok(mixed.f_transpose(-3, -2)?.f_flatten(-2, -1)?)
}

fn repeated(x: &Tensor, copies: i64) -> Result<Tensor, LlmError> {
    if copies == 1 {
        Ok(x.shallow_clone())
    } else {
        Ok(x.f_repeat_interleave_self_int(copies, -3, None)?)
    }
}

/// libtorch's fused kernel, which does not store the matrix of scores.
fn fused(q: &Tensor, k: &Tensor, v: &Tensor, heads: &Heads, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
    let n_tokens = pass.visibility.n_tokens;
    let first = pass.first_position();
    let is_causal = pass.visibility.allowed.is_none() && first == 0;
    let allowed = if is_causal {
        None
    } else {
        Some(
            pass.visibility
                .rows(first, n_tokens - first, n_tokens, q.device())?,
        )
    };
    // The fused kernel is for four axes; other numbers go a slower way.
    let attended = |q: &Tensor, k: &Tensor, v: &Tensor| {
        Tensor::f_scaled_dot_product_attention(q, k, v, allowed, 0.0, is_causal, heads.scale, false)
    };
    if q.dim() == 4 {
        return Ok(attended(q, k, v)?);
    }
    let [q, k, v] = [q, k, v].map(|x| x.f_unsqueeze(0));
    Ok(attended(&q?, &k?, &v?)?.f_squeeze_dim(0)?)
}

/// Attention whose scores or probabilities are changed on the way, by groups of rows and only up to the last key they
/// see.
fn by_rows(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    heads: &Heads,
    pass: &Pass<'_>,
    dropout: Option<Dropout>,
) -> Result<Tensor, LlmError> {
    let n_tokens = pass.visibility.n_tokens;
    let mut stream = dropout.map(|dropout| dropout.stream(Site::Attention));
    let q = q.f_mul_scalar(heads.score_scale())?;
    let mut groups = Vec::new();
    let mut first = pass.first_position();
    while first < n_tokens {
        let n = ROWS_AT_ONCE.min(n_tokens - first);
        let n_keys = first + n;
        let mut scores = q
            .f_narrow(-2, first - pass.first_position(), n)?
            .f_matmul(&k.f_narrow(-2, 0, n_keys)?.f_transpose(-2, -1)?)?;
        if let Some(cap) = heads.softcap {
            scores = scores.f_div_scalar(cap)?.f_tanh()?.f_mul_scalar(cap)?;
        }
        pass.visibility
            .hidden(first, n, scores.device())?
            .hide_in(&scores)?;
        let mut shares = scores.f_softmax(-1, None)?;
        if let Some(stream) = &mut stream {
            shares = stream.apply(&shares, heads.dropout)?;
        }
        groups.push(shares.f_matmul(&v.f_narrow(-2, 0, n_keys)?)?);
        first += n;
    }
    Ok(Tensor::f_cat(&groups, -2)?)
}

/// Attention of one head after the other, by groups of rows and only up to the last key they see. Products of one head read
/// their matrices in place, while those of several would copy them for each group, and the scores of one stay in the cache of a core.
fn by_heads(q: &Tensor, k: &Tensor, v: &Tensor, heads: &Heads, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
    if q.dim() > 3 {
        let of_row = |row: i64| -> Result<Tensor, LlmError> {
            by_heads(&q.f_get(row)?, &k.f_get(row)?, &v.f_get(row)?, heads, pass)
        };
        let rows = (0..q.size()[0]).map(of_row);
        return Ok(Tensor::f_stack(&rows.collect::<Result<Vec<_>, _>>()?, 0)?);
    }
    let n_tokens = pass.visibility.n_tokens;
    let q = q.f_mul_scalar(heads.score_scale())?;
    let mut groups = Vec::new();
    let mut first = pass.first_position();
    while first < n_tokens {
        let n = HEAD_ROWS_AT_ONCE.min(n_tokens - first);
        let n_keys = first + n;
        let hidden = pass.visibility.hidden(first, n, q.device())?;
        let of_head = |head: i64| -> Result<Tensor, LlmError> {
            let part = |x: &Tensor, start: i64, n: i64| x.f_select(0, head)?.f_narrow(0, start, n);
            let scores = part(&q, first - pass.first_position(), n)?
                .f_matmul(&part(k, 0, n_keys)?.f_transpose(0, 1)?)?;
            hidden.hide_in(&scores)?;
            Ok(scores.f_softmax(-1, None)?.f_matmul(&part(v, 0, n_keys)?)?)
        };
        let of_heads = (0..heads.n_heads).map(of_head).collect::<Result<Vec<_>, _>>()?;
        groups.push(Tensor::f_stack(&of_heads, 0)?);
        first += n;
    }
    Ok(Tensor::f_cat(&groups, -2)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::visibility::Visibility;

    /// Scaled-down attention whose probabilities go through dropout with so small a probability that nothing is
    /// dropped: both ways must then agree.
    #[test]
    fn grouped_rows_equal_the_fused_kernel() {
        let heads = Heads {
            dropout: 1e-300,
            ..Heads::new(2, 1, 4)
        };
        let n_tokens = 300; // more than two groups of rows
        let wave = |n: i64, phase: f64| {
            let values = Tensor::f_arange(n * n_tokens * 4, (Kind::Float, Device::Cpu)).unwrap();
            let values = values.f_mul_scalar(0.37).unwrap().f_add_scalar(phase).unwrap();
            values.f_sin().unwrap().f_view([n, n_tokens, 4]).unwrap()
        };
        let (q, k, v) = (wave(2, 0.0), wave(1, 1.0), wave(1, 2.0));
        let mut padded = vec![1; 300];
        padded[280..].fill(0);
        for (mask, reach) in [(vec![1; 300], None), (padded, None), (vec![1; 300], Some(40))] {
            let visibility = Visibility::new(&mask, reach, Device::Cpu).unwrap();
            for first_row in [0, 150] {
                let attended = |dropout: Option<Dropout>| {
                    let pass = Pass {
                        visibility: &visibility,
                        rotary: None,
                        dropout,
                        first_row,
                        n_past: 0,
                        memory: None,
                    };
                    let q = q.f_slice(1, first_row, None, 1).unwrap();
                    attend(&q, &k, &v, &heads, &pass).unwrap()
                };
                let key = Dropout {
                    seed: 1,
                    window: 0,
                    block: 0,
                };
                let difference = (attended(None) - attended(Some(key)))
                    .abs()
                    .max()
                    .double_value(&[]);
                // Means of at most 300 values of size one, summed in another order in f32.
                assert!(difference < 2e-6, "{difference}");
            }
        }
    }
}
