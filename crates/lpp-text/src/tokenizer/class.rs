//! The supported tokenizer classes of transformers, and what each adds to its files.

/// A class, with or without the ending `Fast`.
///
/// Each class behaves as in `transformers` 4.40. It determines default tokens, whether tokens are added around the
/// text, and how `vocab.json` and `merges.txt` are read if there is no `tokenizer.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenizerClass {
    Bert,
    CodeGen,
    CodeLlama,
    Gemma,
    Gpt2,
    GptNeoX,
    Llama,
    /// `PreTrainedTokenizerFast`: `tokenizer.json` unchanged.
    Plain,
    Qwen2,
    Roberta,
}

/// The name of every class.
const NAMES: [(&str, TokenizerClass); 11] = [
    ("BertTokenizer", TokenizerClass::Bert),
    ("CodeGenTokenizer", TokenizerClass::CodeGen),
    ("CodeLlamaTokenizer", TokenizerClass::CodeLlama),
    ("GemmaTokenizer", TokenizerClass::Gemma),
    ("GPT2Tokenizer", TokenizerClass::Gpt2),
    ("GPTNeoXTokenizer", TokenizerClass::GptNeoX),
    ("LlamaTokenizer", TokenizerClass::Llama),
    ("PreTrainedTokenizer", TokenizerClass::Plain),
    ("Qwen2Tokenizer", TokenizerClass::Qwen2),
    ("RobertaTokenizer", TokenizerClass::Roberta),
    // The plain class as transformers 5 calls it.
    ("TokenizersBackend", TokenizerClass::Plain),
];

/// The class for each `model_type`, used if no file names a class. Families newer than 4.40 have the class of 4.57.
const OF_MODEL_TYPE: [(&str, TokenizerClass); 31] = [
    ("bert", TokenizerClass::Bert),
    ("codegen", TokenizerClass::CodeGen),
    ("falcon", TokenizerClass::Plain),
    ("gemma", TokenizerClass::Gemma),
    ("gemma2", TokenizerClass::Gemma),
    ("gemma3", TokenizerClass::Gemma),
    ("gemma3_text", TokenizerClass::Gemma),
    ("gpt2", TokenizerClass::Gpt2),
    ("gpt_bigcode", TokenizerClass::Gpt2),
    ("gpt_neo", TokenizerClass::Gpt2),
    ("gpt_neox", TokenizerClass::GptNeoX),
    ("gptj", TokenizerClass::Gpt2),
    ("llama", TokenizerClass::Llama),
    ("mamba", TokenizerClass::GptNeoX),
    ("mamba2", TokenizerClass::GptNeoX),
    ("mistral", TokenizerClass::Llama),
    ("mixtral", TokenizerClass::Llama),
    ("mpt", TokenizerClass::GptNeoX),
    ("olmo", TokenizerClass::GptNeoX),
    ("olmo2", TokenizerClass::GptNeoX),
    ("olmo3", TokenizerClass::Gpt2),
    ("opt", TokenizerClass::Gpt2),
    ("persimmon", TokenizerClass::Llama),
    ("phi", TokenizerClass::CodeGen),
    ("phi3", TokenizerClass::Llama),
    ("qwen2", TokenizerClass::Qwen2),
    ("qwen2_moe", TokenizerClass::Qwen2),
    ("qwen3", TokenizerClass::Qwen2),
    ("roberta", TokenizerClass::Roberta),
    ("smollm3", TokenizerClass::Plain),
    ("stablelm", TokenizerClass::GptNeoX),
];

/// The rules for `vocab.json` and `merges.txt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PairRule {
    Gpt2,
    Qwen2,
    Roberta,
}

impl TokenizerClass {
    /// The class of this name, with or without `Fast`.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = name.strip_suffix("Fast").unwrap_or(name);
        let known = NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, class)| *class)
    }

    /// The class that transformers uses for a `model_type`.
    pub(super) fn of_model_type(model_type: &str) -> Option<Self> {
        let known = OF_MODEL_TYPE.iter().find(|(known, _)| *known == model_type);
        known.map(|(_, class)| *class)
    }

    /// Its name, without `Fast`.
    pub(super) fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(_, class)| *class == self)
            .map_or("", |(name, _)| name)
    }

    /// All names, for messages.
    pub(super) fn known() -> String {
        NAMES.map(|(name, _)| name).join(", ")
    }

    /// The token that the class uses if its files name none.
    pub(super) fn default_token(self, attribute: &str) -> Option<&'static str> {
        Some(match (self, attribute) {
            (Self::Gpt2 | Self::CodeGen | Self::GptNeoX, "bos_token" | "eos_token" | "unk_token")
            | (Self::Qwen2, "eos_token" | "pad_token" | "unk_token") => "<|endoftext|>",
            (Self::Llama | Self::CodeLlama, "bos_token") | (Self::Roberta, "bos_token" | "cls_token") => {
                "<s>"
            }
            (Self::Llama | Self::CodeLlama, "eos_token") | (Self::Roberta, "eos_token" | "sep_token") => {
                "</s>"
            }
            (Self::Llama | Self::CodeLlama | Self::Gemma | Self::Roberta, "unk_token") => "<unk>",
            (Self::Gemma, "bos_token") => "<bos>",
            (Self::Gemma, "eos_token") => "<eos>",
            (Self::Gemma | Self::Roberta, "pad_token") => "<pad>",
            (Self::Roberta, "mask_token") => "<mask>",
            (Self::Bert, "unk_token") => "[UNK]",
            (Self::Bert, "sep_token") => "[SEP]",
            (Self::Bert, "pad_token") => "[PAD]",
            (Self::Bert, "cls_token") => "[CLS]",
            (Self::Bert, "mask_token") => "[MASK]",
            _ => return None,
        })
    }

    /// Whether the class determines the padding token, overriding `padding` in `tokenizer.json`.
    pub(super) fn settles_padding(self) -> bool {
        matches!(
            self,
            Self::Bert | Self::Gemma | Self::GptNeoX | Self::Qwen2 | Self::Roberta
        )
    }

    /// Whether the class adds its own tokens around the text, whatever `tokenizer.json` says, and whether the first of
    /// them is added by default.
    pub(super) fn template(self) -> Option<bool> {
        match self {
            Self::CodeLlama | Self::Gemma | Self::Llama => Some(true),
            Self::GptNeoX => Some(false),
            _ => None,
        }
    }

    /// Whether the class sets the leading space of a byte-level tokenizer.
    pub(super) fn sets_prefix_space(self) -> bool {
        matches!(self, Self::CodeGen | Self::Gpt2 | Self::GptNeoX | Self::Roberta)
    }

    /// Whether transformers pads on the left unless the files say otherwise.
    pub(super) fn pads_left(self) -> bool {
        matches!(self, Self::CodeLlama | Self::Gemma | Self::Llama)
    }

    /// The rules for `vocab.json` and `merges.txt`; `None` if the class does not read them.
    pub(super) fn pair_rule(self) -> Option<PairRule> {
        match self {
            Self::CodeGen | Self::Gpt2 => Some(PairRule::Gpt2),
            Self::Qwen2 => Some(PairRule::Qwen2),
            Self::Roberta => Some(PairRule::Roberta),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_found_by_name_and_by_family() {
        assert_eq!(
            TokenizerClass::named("GPT2TokenizerFast"),
            Some(TokenizerClass::Gpt2)
        );
        assert_eq!(
            TokenizerClass::named("PreTrainedTokenizerFast"),
            Some(TokenizerClass::Plain)
        );
        assert_eq!(TokenizerClass::named("CTRLTokenizer"), None);
        assert_eq!(TokenizerClass::of_model_type("opt"), Some(TokenizerClass::Gpt2));
        assert_eq!(
            TokenizerClass::of_model_type("mistral"),
            Some(TokenizerClass::Llama)
        );
        assert_eq!(
            TokenizerClass::of_model_type("mamba"),
            Some(TokenizerClass::GptNeoX)
        );
        assert_eq!(TokenizerClass::of_model_type("xlnet"), None);
    }
}
