//! The sizes of the published models, which determine their cost.

/// Sizes of a causal language model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelSize {
    /// Parameters as published: with the output matrix unless it is tied to the embedding.
    pub n_parameters: u64,
    /// Number of blocks; there is one more hidden state.
    pub n_blocks: u64,
    /// Width of a hidden state.
    pub n_hidden: u64,
    /// Token ids.
    pub n_vocabulary: u64,
    /// Tokens per window; `None` without a limit.
    pub max_len: Option<u64>,
    /// Whether the output matrix is the embedding.
    pub tied: bool,
}

impl ModelSize {
    /// Parameters applied to every token: all except embedding and output matrix.
    #[must_use]
    pub fn n_body_parameters(&self) -> u64 {
        let embedding = self.n_vocabulary * self.n_hidden * if self.tied { 1 } else { 2 };
        self.n_parameters.saturating_sub(embedding)
    }
}

/// The sizes of a published model by the last part of its name on the hub, for example `gpt2-xl`.
///
/// They are those of the configurations on the hub; the parameters equal the published tables of the study.
///
/// ```
/// let size = lpp_steps::published_size("gpt2").unwrap();
/// assert_eq!((size.n_blocks, size.n_body_parameters()), (12, 85_842_432));
/// ```
#[must_use]
pub fn published_size(name: &str) -> Option<ModelSize> {
    let (_, n_parameters, n_blocks, n_hidden, n_vocabulary, max_len, tied) =
        *CATALOGUE.iter().find(|row| row.0 == name)?;
    Some(ModelSize {
        n_parameters,
        n_blocks,
        n_hidden,
        n_vocabulary,
        max_len: (max_len > 0).then_some(max_len),
        tied,
    })
}

type Row = (&'static str, u64, u64, u64, u64, u64, bool);

/// Name, parameters, blocks, width, vocabulary, positions (0: no limit), tied.
const CATALOGUE: [Row; 36] = [
    ("gpt2", 124_439_808, 12, 768, 50_257, 1024, true),
    ("gpt2-medium", 354_823_168, 24, 1024, 50_257, 1024, true),
    ("gpt2-large", 774_030_080, 36, 1280, 50_257, 1024, true),
    ("gpt2-xl", 1_557_611_200, 48, 1600, 50_257, 1024, true),
    ("gpt2-base-french", 124_242_432, 12, 768, 50_000, 1024, true),
    ("gpt2-base-chinese", 102_068_736, 12, 768, 21_128, 1024, true),
    ("gpt2-tiny-chinese", 11_600_784, 4, 312, 21_128, 1024, true),
    ("opt-125m", 125_239_296, 12, 768, 50_272, 2048, true),
    ("opt-350m", 331_196_416, 24, 1024, 50_272, 2048, true),
    ("opt-1.3b", 1_315_758_080, 24, 2048, 50_272, 2048, true),
    ("opt-2.7b", 2_651_596_800, 32, 2560, 50_272, 2048, true),
    ("opt-6.7b", 6_658_473_984, 32, 4096, 50_272, 2048, true),
    ("opt-13b", 12_853_473_280, 40, 5120, 50_272, 2048, true),
    ("Llama-2-7b-hf", 6_738_415_616, 32, 4096, 32_000, 4096, false),
    ("Llama-2-13b-hf", 13_015_864_320, 40, 5120, 32_000, 4096, false),
    ("Qwen1.5-0.5B", 463_987_712, 24, 1024, 151_936, 32_768, true),
    ("Qwen1.5-1.8B", 1_836_828_672, 24, 2048, 151_936, 32_768, false),
    ("Qwen1.5-4B", 3_950_369_280, 40, 2560, 151_936, 32_768, false),
    ("Qwen1.5-7B", 7_721_324_544, 32, 4096, 151_936, 32_768, false),
    ("Qwen1.5-14B", 14_167_290_880, 40, 5120, 152_064, 32_768, false),
    ("Qwen2-0.5B", 494_032_768, 24, 896, 151_936, 131_072, true),
    ("Qwen2-1.5B", 1_543_714_304, 28, 1536, 151_936, 131_072, true),
    ("Qwen2-7B", 7_615_616_512, 28, 3584, 152_064, 131_072, false),
    ("gemma-2b", 2_506_172_416, 18, 2048, 256_000, 8192, true),
    ("gemma-7b", 8_537_680_896, 28, 3072, 256_000, 8192, true),
    ("stablelm-2-1_6b", 1_644_515_328, 24, 2048, 100_352, 4096, false),
    ("stablelm-3b-4e1t", 2_795_443_200, 32, 2560, 50_304, 4096, false),
    ("stablelm-2-12b", 12_143_185_920, 40, 5120, 100_352, 4096, false),
    ("Mistral-7B-v0.1", 7_241_732_096, 32, 4096, 32_000, 32_768, false),
    ("mamba-130m-hf", 129_135_360, 24, 768, 50_280, 0, true),
    ("mamba-370m-hf", 371_516_416, 48, 1024, 50_280, 0, true),
    ("mamba-790m-hf", 793_204_224, 48, 1536, 50_280, 0, true),
    ("mamba-1.4b-hf", 1_372_178_432, 48, 2048, 50_280, 0, true),
    ("mamba-2.8b-hf", 2_768_345_600, 64, 2560, 50_280, 0, true),
    ("pythia-6.9b", 6_857_302_016, 32, 4096, 50_432, 2048, false),
    // Not of the study: a first model to try.
    ("pythia-70m", 70_426_624, 6, 512, 50_304, 2048, false),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_there_once() {
        for (place, row) in CATALOGUE.iter().enumerate() {
            assert_eq!(CATALOGUE.iter().position(|other| other.0 == row.0), Some(place));
            assert!(
                published_size(row.0).unwrap().n_body_parameters() > 0,
                "{}",
                row.0
            );
        }
        assert_eq!(published_size("gpt5"), None);
    }
}
