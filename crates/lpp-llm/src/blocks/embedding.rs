//! The token embedding, complete or restricted to the tokens that occur.

use tch::Tensor;

use crate::error::LlmError;
use crate::fixed::FixedTensor;
use crate::weights::Weights;

/// Rows of the token embedding.
///
/// The table of a model with 150,000 tokens takes gigabytes, while a story uses a few thousand of them.
#[derive(Debug)]
pub(crate) struct Embedding {
    rows: FixedTensor,
    /// The token of each row, ascending; `None` for the complete table.
    ids: Option<Vec<i64>>,
}

impl Embedding {
    /// Loads the tensor `name`, or the rows of it that `weights` are restricted to.
    pub(crate) fn load(weights: &Weights, name: &str) -> Result<Self, LlmError> {
        Ok(match &weights.rows {
            None => Self {
                rows: weights.get(name)?,
                ids: None,
            },
            Some(ids) => Self {
                rows: weights.get_rows(name, ids)?,
                ids: Some(ids.clone()),
            },
        })
    }

    /// The rows of the tokens `ids`, (…, `n_tokens`, `width`).
    pub(crate) fn rows(&self, ids: &Tensor) -> Result<Tensor, LlmError> {
        let Some(known) = &self.ids else {
            return embedded(&self.rows, ids);
        };
        let places = Vec::<i64>::try_from(ids.f_flatten(0, -1)?)?
            .iter()
            .enumerate()
            .map(|(position, id)| match known.binary_search(id) {
                Ok(place) => Ok(i64::try_from(place).unwrap_or(i64::MAX)),
                Err(_) => Err(LlmError::TokenId {
                    id: *id,
                    position,
                    n_vocabulary: known.len(),
                }),
            })
            .collect::<Result<Vec<_>, _>>()?;
        embedded(
            &self.rows,
            &Tensor::f_from_slice(&places)?
                .f_view_as(ids)?
                .f_to_device(ids.device())?,
        )
    }
}

/// The rows of a table for `ids`.
pub(crate) fn embedded(table: &Tensor, ids: &Tensor) -> Result<Tensor, LlmError> {
    Ok(Tensor::f_embedding(table, ids, -1, false, false)?)
}
