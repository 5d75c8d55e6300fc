//! Log-probabilities of given token ids, from arrays in files to a file of tensors.

use std::path::PathBuf;

use lpp_files::Progress;
use lpp_text::TokenRow;
use ndarray::{Array2, ArrayView1};
use tch::Tensor;

use crate::causal_model::matrix;
use crate::error::LlmError;
use crate::head::Head;
use crate::input_arrays::{load_integers, load_like};
use crate::model::{ModelInfo, ModelParams, WindowInput, model_files, warn_of_unknown_keys};
use crate::score::passes::Passes;
use crate::score::scoring::without_dropout;
use crate::score::{RowScores, Scoring};
use crate::stream::{Identity, Leftover, WorkFolder};
use crate::tensor_file::{Stored, TensorEntry, TensorFile};

/// Scores rows of token ids, padded on the right, and writes a safetensors file:
///
/// * `logprobs`, f32 (`n_rows`, `n_tokens`): NaN for the first token of a row and at padding;
/// * `sums`, f64 (`n_rows`);
/// * with a context: `continuation_sums`, f64 (`n_rows`), and `continuation_greedy`, u8 (`n_rows`): whether each token behind the
///   context is the likeliest;
/// * on request: `logits`, f32 (`n_rows`, `n_tokens`, `n_vocabulary`), 0 at padding.
///
/// # Examples
/// ```no_run
/// use lpp_files::Silent;
/// use lpp_llm::{Identity, ModelParams, TokenScores};
///
/// # fn main() -> Result<(), lpp_llm::LlmError> {
/// let job = TokenScores {
///     model: ModelParams::new("models/gpt2"),
///     ids: "ids.npy".into(),
///     attention_mask: None,
///     context: None,
///     with_logits: false,
///     batch_tokens: 2048,
///     output: "out.safetensors".into(),
/// };
/// let identity = Identity::new("example", "0.1.0", &job.model, &[]);
/// job.write(identity, false, &Silent)?.1.remove()
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TokenScores {
    /// The model.
    pub model: ModelParams,
    /// Token ids, `.npy`, int64, (`n_rows`, `n_tokens`).
    pub ids: PathBuf,
    /// 1 for tokens, 0 for padding, `.npy`, int64, in the same shape.
    pub attention_mask: Option<PathBuf>,
    /// Tokens of the context of each row, at least 1, `.npy`, int64, (`n_rows`).
    pub context: Option<PathBuf>,
    /// Whether the logits are written.
    pub with_logits: bool,
    /// Tokens that go through the model together, at most.
    pub batch_tokens: usize,
    /// File to write.
    pub output: PathBuf,
}

impl TokenScores {
    /// The files that decide the numbers: arrays and checkpoint.
    ///
    /// # Errors
    /// [`LlmError`] if the folder has no model.
    pub fn files(&self) -> Result<Vec<PathBuf>, LlmError> {
        ModelInfo::of_folder(&self.model.folder)?;
        let mut files = vec![self.ids.clone()];
        files.extend(self.attention_mask.iter().chain(&self.context).cloned());
        files.extend(model_files(&self.model.folder, self.model.training)?);
        Ok(files)
    }

    /// Computes and writes the file, completely or not at all, and returns the number of rows.
    ///
    /// # Errors
    /// [`LlmError`] if an array is of another type or shape, a row does not fit the model, or the model or its output matrix
    /// cannot be loaded.
    pub fn write(
        &self,
        identity: Identity,
        afresh: bool,
        progress: &dyn Progress,
    ) -> Result<(usize, Leftover), LlmError> {
        let info = ModelInfo::of_folder(&self.model.folder)?;
        warn_of_unknown_keys(&self.model.folder)?;
        let ids = load_integers(&self.ids)?;
        let rows = self.rows(&ids)?;
        let contexts = self.contexts(&rows)?;
        let scoring = Scoring {
            model: &self.model,
            rows: &rows,
            place: &|row| format!("{}: row {row}", self.ids.display()),
            batch_tokens: self.batch_tokens,
            with_entropies: false,
            output: &self.output,
        };
        let (scores, leftover) = scoring.run(identity, afresh, progress)?;
        let mut file = TensorFile::create(&self.output, &self.entries(&info, ids.dim()))?;
        for (row, scores) in scores.iter().enumerate() {
            let mut logprobs = vec![f32::NAN; ids.ncols()];
            for (cell, &value) in logprobs.iter_mut().skip(1).zip(&scores.logprobs) {
                #[expect(clippy::cast_possible_truncation, reason = "the file has f32")]
                let value = value as f32;
                *cell = value;
            }
            let logprobs = ArrayView1::from(&logprobs);
            file.write_matrix(0, row, &logprobs.insert_axis(ndarray::Axis(0)))?;
            file.write_bytes(1, row, &scores.sum().to_le_bytes())?;
            if let Some(n_context) = contexts.get(row) {
                let (sum, is_greedy) = behind(scores, n_context - 1);
                file.write_bytes(2, row, &sum.to_le_bytes())?;
                file.write_bytes(3, row, &[u8::from(is_greedy)])?;
            }
        }
        if self.with_logits {
            self.write_logits(&rows, &mut file, progress)?;
        }
        file.commit()?;
        Ok((rows.len(), leftover))
    }

    /// The rows without their padding.
    fn rows(&self, ids: &Array2<i64>) -> Result<Vec<TokenRow>, LlmError> {
        let mask = match &self.attention_mask {
            Some(path) => load_like(path, ids)?,
            None => Array2::ones(ids.dim()),
        };
        let rows = ids.outer_iter().zip(mask.outer_iter()).enumerate();
        let rows = rows.map(|(row, (ids, mask))| {
            let n_tokens = mask.iter().take_while(|&&m| m == 1).count();
            if n_tokens > 0 && mask.iter().skip(n_tokens).all(|&m| m == 0) {
                return Ok(TokenRow {
                    ids: ids.iter().take(n_tokens).copied().collect(),
                    first_scored: 1,
                });
            }
            Err(LlmError::InputArray {
                path: self.attention_mask.clone().unwrap_or_default(),
                found: format!("{:?} in row {row}", mask.to_vec()),
                expected: "ones for the tokens, then zeros for the padding".to_owned(),
            })
        });
        rows.collect()
    }

    /// Number of tokens of the context of each row; none without a file.
    fn contexts(&self, rows: &[TokenRow]) -> Result<Vec<usize>, LlmError> {
        let Some(path) = &self.context else {
            return Ok(Vec::new());
        };
        let found = lpp_files::npy::load_i64_vector(path)?;
        let counts: Vec<_> = found.iter().map(|&n| usize::try_from(n).unwrap_or(0)).collect();
        let fits = |(&n, row): (&usize, &TokenRow)| n >= 1 && n <= row.ids.len();
        if counts.len() == rows.len() && counts.iter().zip(rows).all(fits) {
            return Ok(counts);
        }
        Err(LlmError::InputArray {
            path: path.clone(),
            found: format!("{:?}", found.to_vec()),
            expected: format!("{} numbers from 1 to the tokens of the row", rows.len()),
        })
    }

    fn entries(&self, info: &ModelInfo, (n_rows, n_tokens): (usize, usize)) -> Vec<TensorEntry> {
        let entry = |name: &str, stored: Stored, shape: &[usize]| TensorEntry {
            name: name.to_owned(),
            stored,
            shape: shape.to_vec(),
        };
        let mut entries = vec![
            entry("logprobs", Stored::F32, &[n_rows, n_tokens]),
            entry("sums", Stored::F64, &[n_rows]),
        ];
        if self.context.is_some() {
            entries.push(entry("continuation_sums", Stored::F64, &[n_rows]));
            entries.push(entry("continuation_greedy", Stored::U8, &[n_rows]));
        }
        if self.with_logits {
            entries.push(entry(
                "logits",
                Stored::F32,
                &[n_rows, n_tokens, info.n_vocabulary],
            ));
        }
        entries
    }

    /// Every row on its own, with its last token.
    fn write_logits(
        &self,
        rows: &[TokenRow],
        file: &mut TensorFile,
        progress: &dyn Progress,
    ) -> Result<(), LlmError> {
        let tensor = if self.context.is_some() { 4 } else { 2 };
        let windows: Vec<_> = rows.iter().map(|row| WindowInput::new(&row.ids)).collect();
        let params = without_dropout(&self.model);
        let mut identity = Identity::new("logits", "", &params, &[]);
        identity.add_windows(&windows);
        let work = WorkFolder::open(&self.output.with_extension("logits"), identity, true)?;
        let passes = Passes {
            params: &params,
            windows: &windows,
            first: 0,
            progress,
        };
        let logits = |_row: usize, states: &Tensor, head: &Head| matrix(&head.logits(states)?);
        let work = passes.run(work, &logits, &mut |row, logits: Array2<f32>| {
            file.write_matrix(tensor, row, &logits)
        })?;
        work.remove()
    }
}

/// The sum of ln p of the scored tokens from `start` on, and whether all of them are the likeliest.
fn behind(scores: &RowScores, start: usize) -> (f64, bool) {
    let logprobs = scores.logprobs.get(start..).unwrap_or_default();
    let is_best = scores.is_best.get(start..).unwrap_or_default();
    (logprobs.iter().sum(), is_best.iter().all(|&best| best))
}
