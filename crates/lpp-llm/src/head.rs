//! The output matrix, from last hidden states to logits and log-probabilities.

use tch::{Device, Kind, Tensor};

use crate::blocks::dense::Linear;
use crate::error::LlmError;
use crate::head_layout::HeadLayout;
use crate::model::ModelParams;
use crate::parameter::{Parameter, uniform_for};
use crate::plan::Plan;
use crate::untrained;
use crate::weights::{Source, Weights};

/// Words of the vocabulary that are treated at once, and positions: 8 MB of logits stay in the caches, and the whole
/// array of positions and words never exists.
const WORDS_AT_ONCE: i64 = 4096;
const POSITIONS_AT_ONCE: i64 = 512;

/// What is known of the next token at some positions, each (`n_positions`).
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct NextTokens {
    /// ln p of the token that follows, in nats.
    pub(crate) logprobs: Vec<f64>,
    /// Whether its logit is the largest, the first of equals.
    pub(crate) is_best: Vec<bool>,
    /// Entropy of the distribution, in nats; empty unless requested.
    pub(crate) entropies: Vec<f64>,
}

impl NextTokens {
    fn extend(&mut self, other: Self) {
        self.logprobs.extend(other.logprobs);
        self.is_best.extend(other.is_best);
        self.entropies.extend(other.entropies);
    }
}

/// The output matrix in tiles of its rows. Products are computed in f32, whatever the precision of the model.
#[derive(Debug)]
pub(crate) struct Head {
    tiles: Vec<Linear>,
    softcap: Option<f64>,
    device: Device,
}

impl Head {
    /// Loads the matrix, or draws it; `weights` are those of the model, whose draws are over.
    ///
    /// # Errors
    /// [`LlmError`] if the checkpoint lacks a matrix of its own that it should have, has one that differs from the
    /// embedding to which it is tied, or has a bias, which no supported family has.
    pub(crate) fn load(plan: &Plan, params: &ModelParams, weights: Weights) -> Result<Self, LlmError> {
        let head = plan.layout.head;
        let shape = [plan.layout.n_vocabulary, plan.layout.last_width];
        let matrix = match weights.source {
            Source::Checkpoint(checkpoint) => checkpoint.head(&head, shape)?,
            drawn => {
                // It holds the generator.
                drop(drawn);
                let own = (!head.is_tied).then(|| own_parameter(&head, shape));
                let (seed, _) = params.seed_and_dropout()?;
                untrained::draw_head(&plan.family.parameters(), head.embedding, own.as_ref(), seed)?
            }
        };
        tch::no_grad(|| {
            let matrix = matrix.f_to_kind(plan.kind)?.f_to_kind(Kind::Float)?;
            let tiles = matrix.f_split(WORDS_AT_ONCE, 0)?;
            let on_device = |tile: &Tensor| -> Result<Linear, LlmError> {
                Ok(Linear::new(
                    tile.f_to_device(plan.device)?.f_contiguous()?.into(),
                    None,
                ))
            };
            Ok(Self {
                tiles: tiles.iter().map(on_device).collect::<Result<_, _>>()?,
                softcap: head.softcap,
                device: plan.device,
            })
        })
    }

    fn tile_logits(&self, tile: &Linear, states: &Tensor) -> Result<Tensor, LlmError> {
        let logits = tile.forward(states)?;
        Ok(match self.softcap {
            Some(cap) => logits.f_div_scalar(cap)?.f_tanh()?.f_mul_scalar(cap)?,
            None => logits,
        })
    }

    /// All logits, f32 (`n_positions`, `n_vocabulary`), of states (`n_positions`, width).
    pub(crate) fn logits(&self, states: &Tensor) -> Result<Tensor, LlmError> {
        tch::no_grad(|| {
            let states = states.f_to_device(self.device)?.f_to_kind(Kind::Float)?;
            let tiles = self.tiles.iter().map(|tile| self.tile_logits(tile, &states));
            Ok(Tensor::f_cat(&tiles.collect::<Result<Vec<_>, _>>()?, 1)?)
        })
    }

    /// What the states (`n_positions`, width) say of the tokens `targets` that follow them.
    pub(crate) fn next_tokens(
        &self,
        states: &Tensor,
        targets: &[i64],
        with_entropies: bool,
    ) -> Result<NextTokens, LlmError> {
        tch::no_grad(|| {
            let targets = Tensor::f_from_slice(targets)?.f_to_device(self.device)?;
            let states = states.f_to_device(self.device)?.f_to_kind(Kind::Float)?;
            let groups = states.f_split(POSITIONS_AT_ONCE, 0)?;
            let mut all = NextTokens::default();
            for (states, targets) in groups.iter().zip(targets.f_split(POSITIONS_AT_ONCE, 0)?) {
                all.extend(self.reduced(states, &targets, with_entropies)?);
            }
            Ok(all)
        })
    }

    /// One tile of logits after the other, reduced to sums and largest values.
    fn reduced(
        &self,
        states: &Tensor,
        targets: &Tensor,
        with_entropies: bool,
    ) -> Result<NextTokens, LlmError> {
        let mut sums: Option<Sums> = None;
        let mut first = 0;
        for tile in &self.tiles {
            let logits = self.tile_logits(tile, states)?;
            let n_words = logits.size2()?.1;
            let of_tile = Sums::of(&logits, targets, first, with_entropies)?;
            sums = Some(match sums {
                Some(before) => before.and(of_tile)?,
                None => of_tile,
            });
            first += n_words;
        }
        match sums {
            Some(sums) => sums.finish(targets, with_entropies),
            None => Ok(NextTokens::default()),
        }
    }
}

/// The matrix of its own as an untrained model draws it.
fn own_parameter(head: &HeadLayout, shape: [i64; 2]) -> Parameter {
    Parameter::drawn(head.own.to_owned(), &shape, uniform_for(shape[1]), head.initial)
}

/// What is left of the logits of some words, each (`n_positions`).
struct Sums {
    /// The largest logit, f32, and its word, the first of equals.
    largest: Tensor,
    best: Tensor,
    /// Σ exp(z - largest), in f64.
    exponentials: Tensor,
    /// Σ exp(z - largest) z, in f64, for entropies.
    weighted: Tensor,
    /// The logit of the token that follows, if it is among the words or an earlier one's; otherwise NaN, or without meaning if it comes
    /// later.
    target: Tensor,
}

impl Sums {
    /// Those of `logits` (`n_positions`, `n_words`) of the words from `first` on.
    fn of(logits: &Tensor, targets: &Tensor, first: i64, with_entropies: bool) -> Result<Self, LlmError> {
        let (largest, best) = logits.f_max_dim(1, false)?;
        let shares = logits.f_sub(&largest.f_unsqueeze(1)?)?.f_exp()?;
        let summed = |x: &Tensor| x.f_sum_dim_intlist(1_i64, false, Kind::Double);
        let places = targets.f_sub_scalar(first)?.f_clamp(0, logits.size2()?.1 - 1)?;
        let target = logits
            .f_gather(1, &places.f_unsqueeze(1)?, false)?
            .f_squeeze_dim(1)?;
        Ok(Self {
            exponentials: summed(&shares)?,
            weighted: if with_entropies {
                summed(&shares.f_mul(logits)?)?
            } else {
                largest.f_to_kind(Kind::Double)?
            },
            // NaN marks a target with its logit in an earlier tile.
            target: target.f_masked_fill(&targets.f_lt(first)?, f64::NAN)?,
            best: best.f_add_scalar(first)?,
            largest,
        })
    }

    /// The same of these words and of `later` ones.
    fn and(self, later: Self) -> Result<Self, LlmError> {
        let largest = self.largest.f_maximum(&later.largest)?;
        let scaled = |of: &Self, sum: &Tensor| -> Result<Tensor, LlmError> {
            let factor = of.largest.f_sub(&largest)?.f_to_kind(Kind::Double)?.f_exp()?;
            Ok(sum.f_mul(&factor)?)
        };
        let is_later = later.largest.f_gt_tensor(&self.largest)?;
        let has_later_target = later.target.f_isnan()?.f_logical_not()?;
        Ok(Self {
            exponentials: scaled(&self, &self.exponentials)?.f_add(&scaled(&later, &later.exponentials)?)?,
            weighted: scaled(&self, &self.weighted)?.f_add(&scaled(&later, &later.weighted)?)?,
            target: later.target.f_where_self(&has_later_target, &self.target)?,
            best: later.best.f_where_self(&is_later, &self.best)?,
            largest,
        })
    }

    fn finish(self, targets: &Tensor, with_entropies: bool) -> Result<NextTokens, LlmError> {
        let double = |x: &Tensor| x.f_to_kind(Kind::Double);
        let log_sum = double(&self.largest)?.f_add(&self.exponentials.f_log()?)?;
        let mean_logit = self.weighted.f_div(&self.exponentials)?;
        let values = |x: Tensor| -> Result<Vec<f64>, LlmError> { Ok(Vec::try_from(x)?) };
        Ok(NextTokens {
            logprobs: values(double(&self.target)?.f_sub(&log_sum)?)?,
            is_best: Vec::try_from(self.best.f_eq_tensor(targets)?)?,
            entropies: if with_entropies {
                values(log_sum.f_sub(&mean_logit)?)?
            } else {
                Vec::new()
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A head over 19 words in tiles of 7, and over all at once: the rows of a matrix of waves.
    fn heads(softcap: Option<f64>) -> [Head; 2] {
        let matrix = Tensor::f_arange(19 * 4, (Kind::Float, Device::Cpu)).unwrap();
        let matrix = matrix
            .f_mul_scalar(0.7)
            .unwrap()
            .f_sin()
            .unwrap()
            .f_view([19, 4])
            .unwrap();
        [7, 19].map(|n_words| Head {
            tiles: matrix
                .f_split(n_words, 0)
                .unwrap()
                .iter()
                .map(|tile| Linear::new(tile.f_contiguous().unwrap().into(), None))
                .collect(),
            softcap,
            device: Device::Cpu,
        })
    }

    #[test]
    fn tiles_change_only_rounding() {
        for softcap in [None, Some(1.5)] {
            let [tiled, whole] = heads(softcap);
            // A target in each place of each tile, at states that are far apart.
            let targets: Vec<i64> = (0..19).collect();
            let states = Tensor::f_arange(19 * 4, (Kind::Float, Device::Cpu)).unwrap();
            let states = states
                .f_cos()
                .unwrap()
                .f_mul_scalar(5.0)
                .unwrap()
                .f_view([19, 4])
                .unwrap();
            let found = tiled.next_tokens(&states, &targets, true).unwrap();
            let logits = whole.logits(&states).unwrap().f_to_kind(Kind::Double).unwrap();
            let logprobs = logits.f_log_softmax(1, None).unwrap();
            let best = logits.f_argmax(1, false).unwrap();
            for (row, &target) in targets.iter().enumerate() {
                let row_index = i64::try_from(row).unwrap();
                // Sums of exponentials of f32 logits.
                let expected = logprobs.double_value(&[row_index, target]);
                assert!(
                    (found.logprobs[row] - expected).abs() < 1e-5,
                    "{} is not {expected}",
                    found.logprobs[row]
                );
                assert_eq!(found.is_best[row], best.int64_value(&[row_index]) == target);
                let of_row: Vec<f64> = (0..19)
                    .map(|word| logprobs.double_value(&[row_index, word]))
                    .collect();
                let entropy: f64 = of_row.iter().map(|logprob| -logprob * logprob.exp()).sum();
                assert!((found.entropies[row] - entropy).abs() < 1e-5);
            }
            assert!(found.is_best.contains(&true) && found.is_best.contains(&false));
            let difference = tiled.logits(&states).unwrap() - whole.logits(&states).unwrap();
            assert!(difference.abs().max().double_value(&[]) < 1e-6);
        }
    }
}
