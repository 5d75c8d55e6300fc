//! Rotary position embedding: pairs of features turn by an angle proportional to the position.

use tch::{Device, Kind, Tensor};

use crate::error::LlmError;

/// How a family rotates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RotaryParams {
    /// Features of each head that are rotated, the first ones; an even number.
    pub(crate) n_features: i64,
    /// Base of the geometric series of wave lengths (`rope_theta`).
    pub(crate) theta: f64,
    /// How a model extends the context it was first trained on.
    pub(crate) scaling: RotaryScaling,
}

/// A change of the frequencies (`rope_scaling`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum RotaryScaling {
    /// None.
    Unscaled,
    /// All frequencies are divided by this factor.
    Linear(f64),
    /// Long waves are stretched, short ones are not, with a passage in between (Llama 3).
    ///
    /// A. Grattafiori et al. (2024), <https://arxiv.org/abs/2407.21783>
    Llama3 {
        /// Factor of the long waves.
        factor: f64,
        /// Wavelengths longer than the context divided by this are stretched by the full factor.
        low_freq_factor: f64,
        /// Waves shorter than the context over this are not stretched.
        high_freq_factor: f64,
        /// The context of the first training, in tokens.
        context: f64,
    },
}

impl RotaryScaling {
    /// Applies the change to frequencies in f32, in the reference's order of operations.
    fn apply(self, frequencies: Tensor) -> Result<Tensor, LlmError> {
        match self {
            Self::Unscaled => Ok(frequencies),
            Self::Linear(factor) => Ok(frequencies.f_div_scalar(factor)?),
            Self::Llama3 {
                factor,
                low_freq_factor,
                high_freq_factor,
                context,
            } => {
                let wave = frequencies.f_reciprocal()?.f_mul_scalar(std::f64::consts::TAU)?;
                let share = wave
                    .f_reciprocal()?
                    .f_mul_scalar(context)?
                    .f_sub_scalar(low_freq_factor)?
                    .f_div_scalar(high_freq_factor - low_freq_factor)?;
                let stretched = frequencies.f_div_scalar(factor)?;
                // The part that is stretched, plus the part that is not.
                let passage = share
                    .f_neg()?
                    .f_add_scalar(1.0)?
                    .f_mul(&frequencies)?
                    .f_div_scalar(factor)?
                    .f_add(&share.f_mul(&frequencies)?)?;
                let is_long = wave.f_gt(context / low_freq_factor)?;
                let is_short = wave.f_lt(context / high_freq_factor)?;
                let not_short = stretched.f_where_self(&is_long, &passage)?;
                Ok(frequencies.f_where_self(&is_short, &not_short)?)
            }
        }
    }
}

/// Cosines and sines of all positions of a window, each (`n_tokens`, `n_features` / 2).
///
/// # References
/// J. Su et al. (2021), <https://arxiv.org/abs/2104.09864>
#[derive(Debug)]
pub(crate) struct RotaryTable {
    cos: Tensor,
    sin: Tensor,
    half: i64,
}

impl RotaryTable {
    /// The table of positions 0 to `n_tokens` - 1.
    ///
    /// Every step rounds to f32, as in the reference: at position 2500 an angle computed in f64 would differ
    /// by up to 2e-4 rad, more than the tolerance of the comparison.
    pub(crate) fn new(
        params: RotaryParams,
        n_tokens: i64,
        kind: Kind,
        device: Device,
    ) -> Result<Self, LlmError> {
        let float = (Kind::Float, Device::Cpu);
        let exponents = Tensor::f_arange_start_step(0.0, params.n_features as f64, 2.0, float)?
            .f_div_scalar(params.n_features as f64)?;
        let frequencies = Tensor::f_pow_scalar(params.theta, &exponents)?.f_reciprocal()?;
        let frequencies = params.scaling.apply(frequencies)?;
        let angles = Tensor::f_arange(n_tokens, float)?.f_outer(&frequencies)?;
        let table = |x: Tensor| -> Result<Tensor, LlmError> { Ok(x.f_to_kind(kind)?.f_to_device(device)?) };
        Ok(Self {
            cos: table(angles.f_cos()?)?,
            sin: table(angles.f_sin()?)?,
            half: params.n_features / 2,
        })
    }

    /// Rotates (…, `n_rows`, `head_width`), whose first row is position `first_row`.
    pub(crate) fn rotate(&self, x: &Tensor, first_row: i64) -> Result<Tensor, LlmError> {
        let [.., n_rows, width] = x.size()[..] else {
            return Ok(x.shallow_clone());
        };
        let cos = self.cos.f_narrow(0, first_row, n_rows)?;
        let sin = self.sin.f_narrow(0, first_row, n_rows)?;
        let a = x.f_narrow(-1, 0, self.half)?;
        let b = x.f_narrow(-1, self.half, self.half)?;
        let turned_a = a.f_mul(&cos)?.f_sub(&b.f_mul(&sin)?)?;
        let turned_b = b.f_mul(&cos)?.f_add(&a.f_mul(&sin)?)?;
        let rest = x.f_narrow(-1, 2 * self.half, width - 2 * self.half)?;
        Ok(Tensor::f_cat(&[turned_a, turned_b, rest], -1)?)
    }
}
