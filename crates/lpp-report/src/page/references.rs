//! The works that a methods paragraph may cite.

/// A work.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// As the text cites it.
    pub(crate) short: &'static str,
    /// As the list gives it.
    pub(crate) full: &'static str,
}

macro_rules! works {
    ($($name:ident = $short:literal, $full:literal;)*) => {
        $(pub(crate) const $name: Reference = Reference { short: $short, full: $full };)*
    };
}

works! {
    PAPER = "Bonnasse-Gahot and Pallier, 2024", "L. Bonnasse-Gahot and C. Pallier (2024). fMRI predictors based on language models of increasing complexity recover brain left lateralization. NeurIPS 37; arXiv 2405.17992.";
    CORPUS = "Li et al., 2022", "J. Li et al. (2022). Le Petit Prince multilingual naturalistic fMRI corpus. Scientific Data 9, 530; OpenNeuro ds003643.";
    RIDGE = "Hoerl and Kennard, 1970", "A. E. Hoerl and R. W. Kennard (1970). Ridge regression: biased estimation for nonorthogonal problems. Technometrics 12, 55–67.";
    RESPONSE = "Glover, 1999", "G. H. Glover (1999). Deconvolution of impulse response in event-related BOLD fMRI. NeuroImage 9, 416–429.";
    BOOTSTRAP = "Efron, 1979", "B. Efron (1979). Bootstrap methods: another look at the jackknife. Annals of Statistics 7, 1–26.";
    GLOVE = "Pennington et al., 2014", "J. Pennington, R. Socher and C. D. Manning (2014). GloVe: global vectors for word representation. EMNLP, 1532–1543.";
    GPT2 = "Radford et al., 2019", "A. Radford et al. (2019). Language models are unsupervised multitask learners. OpenAI.";
    OPT = "Zhang et al., 2022", "S. Zhang et al. (2022). OPT: open pre-trained transformer language models. arXiv 2205.01068.";
    LLAMA = "Touvron et al., 2023", "H. Touvron et al. (2023). Llama 2: open foundation and fine-tuned chat models. arXiv 2307.09288.";
    NEOX = "Black et al., 2022", "S. Black et al. (2022). GPT-NeoX-20B: an open-source autoregressive language model. arXiv 2204.06745.";
    QWEN = "Bai et al., 2023", "J. Bai et al. (2023). Qwen technical report. arXiv 2309.16609.";
    QWEN3 = "Yang et al., 2025", "A. Yang et al. (2025). Qwen3 technical report. arXiv 2505.09388.";
    MISTRAL = "Jiang et al., 2023", "A. Q. Jiang et al. (2023). Mistral 7B. arXiv 2310.06825.";
    GEMMA = "Gemma Team, 2024", "Gemma Team (2024). Gemma: open models based on Gemini research and technology. arXiv 2403.08295.";
    GEMMA2 = "Gemma Team, 2024b", "Gemma Team (2024b). Gemma 2: improving open language models at a practical size. arXiv 2408.00118.";
    GEMMA3 = "Gemma Team, 2025", "Gemma Team (2025). Gemma 3 technical report. arXiv 2503.19786.";
    OLMO2 = "Team OLMo, 2025", "Team OLMo (2025). 2 OLMo 2 Furious. arXiv 2501.00656.";
    STABLELM = "Bellagente et al., 2024", "M. Bellagente et al. (2024). Stable LM 2 1.6B technical report. arXiv 2402.17834.";
    MAMBA = "Gu and Dao, 2023", "A. Gu and T. Dao (2023). Mamba: linear-time sequence modeling with selective state spaces. arXiv 2312.00752.";
}

/// Name and reference of a family, by the `model_type` of its checkpoints.
pub(crate) fn family(model_type: &str) -> Option<(&'static str, &'static Reference)> {
    Some(match model_type {
        "gpt2" => ("GPT-2", &GPT2),
        "opt" => ("OPT", &OPT),
        "llama" => ("Llama", &LLAMA),
        "gpt_neox" => ("GPT-NeoX", &NEOX),
        "qwen2" => ("Qwen", &QWEN),
        "qwen3" => ("Qwen3", &QWEN3),
        "mistral" => ("Mistral", &MISTRAL),
        "gemma" => ("Gemma", &GEMMA),
        "gemma2" => ("Gemma 2", &GEMMA2),
        "gemma3_text" => ("Gemma 3", &GEMMA3),
        "olmo2" => ("OLMo 2", &OLMO2),
        "stablelm" => ("StableLM", &STABLELM),
        "mamba" => ("Mamba", &MAMBA),
        _ => return None,
    })
}
