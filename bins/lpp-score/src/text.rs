//! Surprisal of the words of texts.

use std::path::{Path, PathBuf};

use clap::Args;
use lpp_cli::{AnnotationArgs, CommonArgs, Outcome, StudyArgs};
use lpp_competence::{TextSummary, TokenScoreRow, WordRow, load_rows, save_rows};
use lpp_llm::TextScores;
use lpp_model_flags::WindowFlags;
use lpp_preparation::{load_annotation, texts_of, writing_of};
use lpp_steps::ScoreStep;
use lpp_study::Study;
use lpp_text::{
    Prefix, RunTokens, RunWords, TextTokens, TokenOwners, WordSpans, Writing, load_all_texts,
    load_words_of_texts, text_files,
};

use crate::outcome::with_facts;
use crate::scorer::{Scorer, ScorerArgs, Work};

/// Computes the surprisal of the words of a text
///
/// The words are those of the study, or of --words, or what stands between white space. Windows are those of lpp-extract; each
/// token is scored in the first window that has it. The tokenizer's own special tokens stay in the windows.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Args)]
pub(crate) struct TextArgs {
    /// A text, or a folder of texts, one a run [default: the text and words of the study]
    #[arg(long, value_name = "FILE_OR_DIR")]
    text: Option<PathBuf>,
    /// Words of the text: a table with the column word, and run (from 0) if there are several texts
    #[arg(long, value_name = "CSV", requires = "text")]
    words: Option<PathBuf>,
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    annotation: AnnotationArgs,
    /// Output table of words [default: competence/MODEL_LANG/words.csv of the study]
    #[arg(short, long, value_name = "CSV", value_parser = lpp_cli::output_file(&[".csv"]))]
    output: Option<PathBuf>,
    /// Write a table of tokens, too, with the entropy before each
    #[arg(long, value_name = "CSV", value_parser = lpp_cli::output_file(&[".csv"]))]
    tokens: Option<PathBuf>,
    /// Leave tokens without a letter or digit out of the words
    #[arg(long)]
    content_only: bool,
    /// A further token in front of each window: none, auto (bos, or else eos, if the tokenizer puts none there), bos or eos
    #[arg(long, value_name = "WHICH", default_value_t = Prefix::None)]
    prefix: Prefix,
    #[command(flatten)]
    windows: WindowFlags,
    #[command(flatten)]
    scorer: ScorerArgs,
}

/// The texts of the runs with their words, if these are given.
struct Story {
    texts: Vec<String>,
    words: Option<Vec<RunWords>>,
    writing: Writing,
    files: Vec<PathBuf>,
}

/// A run, ready to be scored.
struct Run {
    tokens: RunTokens,
    text: TextTokens,
    owners: TokenOwners,
    n_left_out: usize,
}

impl TextArgs {
    pub(crate) fn run(self, common: &CommonArgs) -> anyhow::Result<()> {
        let study = self.study.open_without(self.annotation.replaced())?;
        let lang = self.study.lang;
        let texts = match &self.text {
            Some(text) => given_texts(text, self.words.as_deref(), lang.code())?,
            None => texts_of_study(&study, lang, self.annotation)?,
        };
        let named = [&self.output, &self.tokens].into_iter().flatten().next().cloned();
        let job = TextJob {
            texts,
            study: &study,
            lang,
            force: self.study.force,
            output: self.output,
            tokens: self.tokens,
            content_only: self.content_only,
            prefix: self.prefix,
            windows: self.windows,
        };
        let outcomes = self
            .scorer
            .each(&study, common, named.as_deref(), &mut |scorer| {
                job.outcomes(scorer, common)
            })?;
        lpp_cli::print_outcomes(common, &outcomes.concat())
    }
}

/// A story that models read one after the other.
struct TextJob<'a> {
    texts: Story,
    study: &'a Study,
    lang: lpp_study::Language,
    force: bool,
    output: Option<PathBuf>,
    tokens: Option<PathBuf>,
    content_only: bool,
    prefix: Prefix,
    windows: WindowFlags,
}

impl TextJob<'_> {
    fn outcomes(&self, mut scorer: Scorer, common: &CommonArgs) -> anyhow::Result<Vec<Outcome>> {
        let (texts, lang) = (&self.texts, self.lang);
        if self.prefix != Prefix::None {
            let front = scorer.tokenizer.prefix(self.prefix)?;
            scorer.tokenizer = scorer.tokenizer.with_front(front);
        }
        let layout = self.windows.layout(scorer.info.n_positions)?;
        let output = self.output.clone();
        let output = output.unwrap_or_else(|| self.study.competence(scorer.name(), lang, "words"));
        let settings = ScoreStep::of_text(
            &self.prefix.to_string(),
            self.content_only,
            &lang.to_string(),
            Some((layout.max_len, layout.overlap)),
        );
        let mut step = scorer.step("text", texts.files.clone(), settings, output)?;
        step.tokens.clone_from(&self.tokens);
        let n_bytes = texts.texts.iter().map(String::len).sum();
        let n_words = texts
            .words
            .as_ref()
            .map(|runs| runs.iter().map(RunWords::n_words).sum());
        let Some(mut work) = Work::begin(&step, self.force)? else {
            return up_to_date(&step.output, step.tokens.as_deref(), n_bytes);
        };
        let mut runs = Vec::new();
        for (index, text) in texts.texts.iter().cloned().enumerate() {
            let tokens = RunTokens::new(text, &scorer.tokenizer, layout, index)?;
            let words = texts.words.as_ref().map(|runs| &runs[index]);
            runs.push(prepared(
                &scorer,
                tokens,
                words,
                texts.writing,
                self.content_only,
                index,
            )?);
        }
        let tokens: Vec<TextTokens> = runs.iter().map(|run| run.text.clone()).collect();
        let scores = scorer.score_texts(&mut work, &tokens, common)?;
        let tables = Tables::new(&runs, &scores);
        save_rows(&step.output, &tables.words)?;
        if let Some(path) = &step.tokens {
            save_rows(path, &tables.tokens)?;
        }
        work.finish()?;
        let n_words = n_words.unwrap_or(tables.words.len());
        let logprobs = tables.tokens.iter().map(|token| token.logprob_nats);
        let summary = TextSummary::of(logprobs, n_words, n_bytes);
        let left_out = runs.iter().map(|run| run.n_left_out).sum();
        let mut outcome = Outcome::new(&step.output, false)
            .count("words", n_words)
            .fact(
                "perplexity",
                summary.perplexity,
                &format!("perplexity {:.4}", summary.perplexity),
            )
            .fact("window", layout.max_len, "")
            .fact("overlap", layout.overlap, "")
            .fact("prefix", self.prefix.to_string(), "");
        if self.content_only {
            outcome = outcome.count("tokens left out", left_out);
        }
        Ok(both(with_facts(outcome, &summary), step.tokens.as_deref(), false))
    }
}

fn given_texts(text: &Path, words: Option<&Path>, lang: &str) -> anyhow::Result<Story> {
    let texts = load_all_texts(text, lang)?;
    let mut files = text_files(text, lang)?;
    files.extend(words.map(Path::to_owned));
    let words = words
        .map(|path| anyhow::Ok((path, load_words_of_texts(path)?)))
        .transpose()?;
    if let Some((path, words)) = &words
        && words.len() != texts.len()
    {
        anyhow::bail!(
            "{}: found {} runs, expected {}, one for each text",
            path.display(),
            words.len(),
            texts.len()
        );
    }
    Ok(Story {
        texts,
        words: words.map(|(_, words)| words),
        writing: Writing::Spaced,
        files,
    })
}

fn texts_of_study(
    study: &Study,
    lang: lpp_study::Language,
    annotation: AnnotationArgs,
) -> anyhow::Result<Story> {
    let source = annotation.source(study, lang);
    let path = source.text(study);
    let annotation = load_annotation(&source)?;
    let words = annotation.runs().to_vec();
    let found = texts_of(path.as_deref(), lang, &annotation)?;
    let mut files = vec![source.path];
    files.extend(lpp_preparation::text_inputs(path.as_deref(), lang)?);
    let writing = if found.is_some() {
        writing_of(lang)
    } else {
        Writing::Joined
    };
    Ok(Story {
        texts: lpp_text::texts_of_runs(found, &words)?,
        words: Some(words),
        writing,
        files,
    })
}

/// The tokens of a run and the words to which they belong.
fn prepared(
    scorer: &Scorer,
    tokens: RunTokens,
    words: Option<&RunWords>,
    writing: Writing,
    content_only: bool,
    run: usize,
) -> anyhow::Result<Run> {
    let text = TextTokens::of(&tokens);
    let mut owners = match words {
        None => TokenOwners::of_text(tokens.text(), &text),
        Some(words) => {
            let eos_id = scorer.tokenizer.eos_id();
            let spans = WordSpans::align(words, &tokens, eos_id, writing, run)?;
            TokenOwners::of_words(&words.words, &spans, &tokens, &text, eos_id)
        }
    };
    let n_left_out = if content_only {
        owners.leave_out_punctuation(&tokens, &text)
    } else {
        0
    };
    Ok(Run {
        tokens,
        text,
        owners,
        n_left_out,
    })
}

struct Tables {
    words: Vec<WordRow>,
    tokens: Vec<TokenScoreRow>,
}

impl Tables {
    /// The tables of runs with these scores.
    fn new(runs: &[Run], scores: &[TextScores]) -> Self {
        let (mut words, mut tokens) = (Vec::new(), Vec::new());
        for (index, (run, scores)) in runs.iter().zip(scores).enumerate() {
            let TextScores { logprobs, entropies } = scores;
            let of_words = run.owners.by_word(logprobs);
            let names = run.owners.words.iter().zip(&of_words).enumerate();
            words.extend(names.map(|(word, (name, logprobs))| WordRow::new(index, word, name, logprobs)));
            for (token, &id) in run.text.ids.iter().enumerate() {
                tokens.push(TokenScoreRow {
                    run: index,
                    token_index: token,
                    token_id: id,
                    token: run.tokens.covered(run.text.offsets[token]).to_owned(),
                    word_index: run.owners.word_of[token],
                    logprob_nats: logprobs[token],
                    entropy_nats: entropies[token],
                });
            }
        }
        Self { words, tokens }
    }
}

/// Without a table of tokens, what the words say: their number and how many are complete.
fn up_to_date(path: &Path, tokens: Option<&Path>, n_bytes: usize) -> anyhow::Result<Vec<Outcome>> {
    let words: Vec<WordRow> = load_rows(path)?;
    let outcome = Outcome::new(path, true).count("words", words.len());
    let Some(table) = tokens else {
        return Ok(both(outcome, None, true));
    };
    let rows: Vec<TokenScoreRow> = load_rows(table)?;
    let logprobs = rows.iter().map(|token| token.logprob_nats);
    let summary = TextSummary::of(logprobs, words.len(), n_bytes);
    let outcome = outcome.fact(
        "perplexity",
        summary.perplexity,
        &format!("perplexity {:.4}", summary.perplexity),
    );
    Ok(both(with_facts(outcome, &summary), Some(table), true))
}

/// The table of words, and that of tokens.
fn both(words: Outcome, tokens: Option<&Path>, up_to_date: bool) -> Vec<Outcome> {
    let tokens = tokens.map(|path| Outcome::new(path, up_to_date));
    [words].into_iter().chain(tokens).collect()
}
