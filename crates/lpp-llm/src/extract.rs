//! Activations of a model for every word of a corpus.

use std::collections::BTreeMap;
use std::path::Path;

use lpp_files::{ActivationsWriter, LayerShape, Progress, StoredAs};
use lpp_text::{CorpusRun, TextTokens};
use tch::Tensor;

use crate::causal_model::{CausalModel, Given, OfLast};
use crate::error::LlmError;
use crate::model::{ModelInfo, ModelParams};
use crate::plan::Plan;
use crate::score::{RowScores, TextScores, check_rows, rows_of_texts, scores_of_window, without_dropout};
use crate::stream::{Identity, LayerReducer, LayerStream, Leftover, WorkFolder};
use crate::word_vectors::{RunWindow, WordMeans, place_of_word, windows_of};

/// Window length of models without a limit, as in the reference.
pub const UNLIMITED_WINDOW: usize = 32_000;

/// Runs a model over the windows of a corpus and writes one vector per word and layer.
///
/// Each window goes through the model once, and the hidden states of the tokens of a word are averaged, layer by layer.
#[derive(Debug)]
pub struct Extraction<'a> {
    /// The model.
    pub model: &'a ModelParams,
    /// Its facts, of [`ModelInfo::of_folder`].
    pub info: &'a ModelInfo,
    /// Name of the model, for progress.
    pub name: &'a str,
    /// The runs: words, windows and the tokens of each word.
    pub corpus: &'a [CorpusRun],
    /// The activations file to write.
    pub output: &'a Path,
    /// Type of the numbers in it.
    pub stored: StoredAs,
    /// Metadata of the file.
    pub metadata: BTreeMap<String, String>,
}

impl Extraction<'_> {
    /// Number of windows over all runs.
    #[must_use]
    pub fn n_windows(&self) -> usize {
        self.corpus.iter().map(|run| run.tokens.windows().len()).sum()
    }

    /// Writes the activations. `identity` is that of the program and its input files; finished layers of a streamed run of the
    /// same identity, windows and tokens are not computed again, unless `afresh` is set.
    ///
    /// # Errors
    /// [`LlmError`] if the model cannot be loaded or gives numbers that are not finite, or the disk refuses. Nothing has the
    /// final name then.
    pub fn write(
        &self,
        mut identity: Identity,
        afresh: bool,
        progress: &dyn Progress,
    ) -> Result<Leftover, LlmError> {
        let windows = windows_of(self.corpus, &[]);
        let inputs: Vec<_> = windows.iter().map(|window| window.input).collect();
        if !self.model.stream_layers {
            let model = CausalModel::load_for(self.model, &inputs)?;
            let nothing: &OfLast<'_, ()> = &|_, _| Ok(None);
            self.whole(&model, &windows, nothing, progress, &mut |_, ()| ())?;
            return Ok(Leftover::none());
        }
        identity.add_windows(&inputs);
        for run in self.corpus {
            identity.add(&format!("{:?}", run.spans));
        }
        self.streamed(&windows, identity, afresh, progress)
            .map(Leftover::of)
    }

    fn writer(&self) -> Result<ActivationsWriter, LlmError> {
        let shapes = layer_shapes(self.corpus, self.info);
        Ok(ActivationsWriter::create_stored(
            self.output,
            &shapes,
            &self.metadata,
            self.stored,
        )?)
    }

    /// Whether [`write_scored`](Self::write_scored) can do both at once. A probability is that of the whole model, without dropout,
    /// and a streamed model has only one block in memory.
    #[must_use]
    pub fn can_score(&self) -> bool {
        !self.model.stream_layers && self.model.training == without_dropout(self.model).training
    }

    /// Writes the activations, and scores the tokens of `texts`, which are those of the corpus, one a run. Each token is scored once,
    /// in the first window that holds it, as [`TextScoring`](crate::TextScoring) does. Both are as in separate passes up to rounding,
    /// since windows may reach a few tokens further.
    ///
    /// # Errors
    /// As [`write`](Self::write) and [`Scoring::run`](crate::Scoring::run).
    pub fn write_scored(
        &self,
        texts: &[TextTokens],
        progress: &dyn Progress,
    ) -> Result<Vec<TextScores>, LlmError> {
        let (rows, run_of) = rows_of_texts(texts);
        check_rows(self.model, &rows, &|row| format!("run {}", run_of[row]))?;
        let (model, head) = CausalModel::load_with_head(self.model)?;
        let windows = windows_of(self.corpus, texts);
        let mut found: Vec<Vec<RowScores>> = texts
            .iter()
            .map(|text| vec![RowScores::default(); text.rows.len()])
            .collect();
        let last_layer = self.info.n_layers - 1;
        let of_last = |index: usize, last: &Tensor| {
            let window = &windows[index];
            let scored = window.row.map(|(place, row)| {
                Ok((
                    place,
                    scores_of_window(row, &window.input, last, &head, last_layer)?,
                ))
            });
            scored.transpose()
        };
        self.whole(
            &model,
            &windows,
            &of_last,
            progress,
            &mut |run, (place, scores)| {
                found[run][place] = scores;
            },
        )?;
        let texts = texts.iter().zip(&found);
        Ok(texts.map(|(text, rows)| TextScores::of(text, rows)).collect())
    }

    /// The model in memory, windows side by side. `keep` receives what `of_last` makes of the last states, with the run.
    fn whole<T>(
        &self,
        model: &CausalModel,
        windows: &[RunWindow<'_>],
        of_last: &OfLast<'_, T>,
        progress: &dyn Progress,
        keep: &mut (dyn FnMut(usize, T) + Send),
    ) -> Result<(), LlmError> {
        let inputs: Vec<_> = windows.iter().map(|window| window.input).collect();
        let mut writer = self.writer()?;
        let mut means = self.word_means(windows);
        let mut add = |window: usize, given: Given<T>| match given {
            Given::Layer(layer, states) => means[layer].add_window(window, &states, &mut |run, vectors| {
                Ok(writer.write(run, layer, vectors)?)
            }),
            Given::Last(made) => {
                keep(windows[window].run, made);
                Ok(())
            }
        };
        progress.start(&format!("windows through {}", self.name), windows.len() as u64);
        model
            .forward_all(self.model, &inputs, progress, of_last, &mut add)
            .map_err(|(window, problem)| {
                problem.at(|token| place_of_word(self.corpus, &windows[window], token))
            })?;
        progress.finish();
        for (layer, means) in means.iter_mut().enumerate() {
            means.finish_runs(&mut |run, vectors| Ok(writer.write(run, layer, vectors)?))?;
        }
        Ok(writer.commit()?)
    }

    /// The means of each layer.
    fn word_means<'w>(&'w self, windows: &'w [RunWindow<'w>]) -> Vec<WordMeans<'w>> {
        let layers = 0..self.info.n_layers;
        layers
            .map(|layer| WordMeans::new(self.corpus, windows, self.info.width(layer), self.output))
            .collect()
    }

    /// One block in memory, all windows through it. Returns the folder that has become superfluous.
    fn streamed(
        &self,
        windows: &[RunWindow<'_>],
        identity: Identity,
        afresh: bool,
        progress: &dyn Progress,
    ) -> Result<WorkFolder, LlmError> {
        let output = self.output;
        let plan = Plan::new(self.model)?;
        let inputs: Vec<_> = windows.iter().map(|window| window.input).collect();
        inputs.iter().try_for_each(|window| plan.check(window))?;
        let work = WorkFolder::open(output, identity, afresh)?;
        let mut stream = LayerStream::new(self.model, plan, &inputs, work);
        let reducer = |layer| -> Box<dyn LayerReducer + '_> {
            let width = self.info.width(layer);
            Box::new(WordMeans::new(self.corpus, windows, width, output))
        };
        stream.run(&stream.weights()?, &reducer, progress)?;
        let (_, work) = stream.into_parts();
        let mut writer = self.writer()?;
        for layer in 0..self.info.n_layers {
            let mut content = work.open_layer(layer)?;
            for (index, run) in self.corpus.iter().enumerate() {
                let dim = (run.words.n_words(), self.info.width(layer));
                writer.write(index, layer, &content.next_matrix(dim)?)?;
            }
        }
        writer.commit()?;
        Ok(work)
    }
}

fn layer_shapes(corpus: &[CorpusRun], model: &ModelInfo) -> Vec<LayerShape> {
    let runs = corpus.iter().enumerate();
    runs.flat_map(|(run, content)| {
        let n_words = content.words.n_words();
        (0..model.n_layers).map(move |layer| LayerShape {
            run,
            layer,
            n_words,
            n_hidden: model.width(layer),
        })
    })
    .collect()
}
