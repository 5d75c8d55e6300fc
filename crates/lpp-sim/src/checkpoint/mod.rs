//! Tiny language models whose embeddings contain the first hidden dimensions of each word.
//!
//! A model of width d knows d of the [`N_LATENT`](crate::N_LATENT) hidden dimensions of a word, in a random rotation.
//! Its blocks are random and disturb them a little. The models are written as ordinary checkpoint folders for any
//! program that reads such checkpoints.

mod gpt2;
mod llama;
mod parameter;
mod spec;
mod tokenizer;

use std::path::Path;

use lpp_files::{FileError, write_atomically};
use ndarray::{Array1, Array2, s};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::SimError;
use crate::latent::WordLatents;
use crate::random::{normal_matrix, stream};
use parameter::Parameter;
pub use spec::{Architecture, ModelSpec};
use tokenizer::{SimulatedTokenizer, Token};

/// Writes the checkpoint folder of a model: `config.json`, `model.safetensors`, `tokenizer.json`, `tokenizer_config.json`.
///
/// # Errors
/// [`SimError::File`] if the disk refuses.
pub fn write_checkpoint(
    spec: ModelSpec,
    seed: u64,
    latents: &mut WordLatents,
    folder: &Path,
) -> Result<(), SimError> {
    let mut rng = stream(seed, &format!("checkpoint {spec}"));
    let tokenizer = match spec.architecture {
        Architecture::Gpt2 => tokenizer::byte_level(),
        _ => tokenizer::sentence_piece(),
    };
    let embedding = embed(&tokenizer.tokens, spec.width, latents, &mut rng);
    let (config, parameters) = match spec.architecture {
        Architecture::Gpt2 => gpt2::checkpoint(spec, &embedding, &mut rng),
        _ => llama::checkpoint(spec, &embedding, &mut rng),
    };
    write_files(folder, &config, &parameters, &tokenizer)
}

fn write_files(
    folder: &Path,
    config: &Value,
    parameters: &[Parameter],
    tokenizer: &SimulatedTokenizer,
) -> Result<(), SimError> {
    let named = parameters.iter().map(|p| (p.name.as_str(), p));
    let path = folder.join("model.safetensors");
    let bytes = safetensors::serialize(named, None).map_err(|e| FileError::Write {
        path: path.clone(),
        source: std::io::Error::other(e),
    })?;
    write_atomically(&path, &bytes)?;
    for (name, value) in [
        ("config.json", config),
        ("tokenizer.json", &tokenizer.json),
        ("tokenizer_config.json", &tokenizer.config),
    ] {
        write_atomically(&folder.join(name), format!("{value:#}\n").as_bytes())?;
    }
    Ok(())
}

/// Standard deviation of the embeddings of tokens that are not words (punctuation, bytes), relative to 1 for words.
const OTHER_TOKENS_STD: f32 = 0.3;

/// Token embeddings (`n_tokens`, `width`): the first hidden dimensions of the token's word, rotated.
fn embed(tokens: &[Token], width: usize, latents: &mut WordLatents, rng: &mut ChaCha8Rng) -> Array2<f32> {
    let rotation = random_rotation(width, rng);
    let mut embedding = normal_matrix(rng, (tokens.len(), width), OTHER_TOKENS_STD);
    for (mut row, token) in embedding.rows_mut().into_iter().zip(tokens) {
        if let Some(word) = &token.word {
            row.assign(&latents.of(word).slice(s![..width]).dot(&rotation));
        }
    }
    embedding
}

/// A random orthogonal matrix, by Gram and Schmidt on a normal one.
fn random_rotation(n: usize, rng: &mut ChaCha8Rng) -> Array2<f32> {
    let mut rows: Vec<Array1<f32>> = Vec::with_capacity(n);
    for mut row in normal_matrix(rng, (n, n), 1.0)
        .rows()
        .into_iter()
        .map(|r| r.to_owned())
    {
        for done in &rows {
            let overlap = done.dot(&row);
            row.scaled_add(-overlap, done);
        }
        let norm = row.dot(&row).sqrt();
        rows.push(row / norm);
    }
    Array2::from_shape_fn((n, n), |(i, j)| rows[i][j])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_keeps_lengths() {
        let q = random_rotation(16, &mut stream(1, "test"));
        let identity = q.dot(&q.t());
        // f32 sums of 16 products.
        assert!(
            identity
                .indexed_iter()
                .all(|((i, j), v)| (v - f32::from(u8::from(i == j))).abs() < 1e-5)
        );
    }

    #[test]
    fn the_first_hidden_dimensions_can_be_read_back() {
        let mut latents = WordLatents::new(1);
        let mut rng = stream(1, "test");
        let tokens = tokenizer::byte_level().tokens;
        let embedding = embed(&tokens, 8, &mut latents, &mut rng);
        let place = tokens
            .iter()
            .position(|t| t.word.as_deref() == Some("fox"))
            .unwrap();
        let known = latents.of("fox").slice(s![..8]).to_owned();
        let length = |v: &Array1<f32>| v.dot(v).sqrt();
        assert!((length(&embedding.row(place).to_owned()) - length(&known)).abs() < 1e-4);
    }
}
