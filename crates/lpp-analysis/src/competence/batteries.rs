//! The accuracies of one checkpoint on one battery.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lpp_competence::{ChoiceRow, ChoiceSummary, PairRow, PairSummary, TokenScoreRow, WordRow, load_rows};
use lpp_files::FileError;
use lpp_tables::{CheckpointOf, Competence};

use crate::AnalysisError;
use crate::competence_files::{BatteryFile, Checkpoints, order};

/// A table of `lpp-score`, read.
#[derive(Debug)]
pub(super) struct Battery {
    pub(super) path: PathBuf,
    pub(super) checkpoint: CheckpointOf,
    pub(super) name: String,
    pub(super) content: Content,
}

/// What a table holds.
#[derive(Debug)]
pub(super) enum Content {
    Pairs(Vec<PairRow>),
    Choices(Vec<ChoiceRow>),
    Words(Vec<WordRow>),
    /// Tokens of a text, which say no more than its words.
    Tokens,
}

/// The values of the units of a battery: sets of pairs, questions, or runs of a text.
pub(super) struct Units {
    pub(super) what: &'static str,
    pub(super) names: Vec<String>,
    pub(super) values: Vec<f64>,
}

impl Battery {
    /// Reads a table.
    pub(super) fn load(file: &BatteryFile, checkpoints: &Checkpoints) -> Result<Self, AnalysisError> {
        let path = &file.path;
        let columns = csv::Reader::from_path(path)
            .and_then(|mut reader| reader.headers().cloned())
            .map_err(|problem| FileError::read(path)(std::io::Error::other(problem)))?;
        let has = |name: &str| columns.iter().any(|column| column == name);
        let content = if has("logp_good_nats") {
            Content::Pairs(load_rows(path)?)
        } else if has("picked_norm") {
            Content::Choices(load_rows(path)?)
        } else if has("surprisal_bits") {
            Content::Words(load_rows(path)?)
        } else if has("entropy_nats") {
            load_rows::<TokenScoreRow>(path)?;
            Content::Tokens
        } else {
            return Err(AnalysisError::Malformed {
                path: path.clone(),
                found: format!("the columns {}", columns.iter().collect::<Vec<_>>().join(", ")),
                expected: "a table of lpp-score pairs, choices or text; keep other files elsewhere"
                    .to_owned(),
            });
        };
        let battery = Self {
            path: path.clone(),
            checkpoint: checkpoints.of(&file.model),
            name: file.battery.clone(),
            content,
        };
        if battery.is_empty() {
            return Err(battery.malformed("no rows".to_owned(), "at least one item"));
        }
        Ok(battery)
    }

    pub(super) fn malformed(&self, found: String, expected: &str) -> AnalysisError {
        AnalysisError::Malformed {
            path: self.path.clone(),
            found,
            expected: format!("{expected}; score it again with lpp-score"),
        }
    }

    fn is_empty(&self) -> bool {
        match &self.content {
            Content::Pairs(rows) => rows.is_empty(),
            Content::Choices(rows) => rows.is_empty(),
            Content::Words(rows) => rows.is_empty(),
            Content::Tokens => false,
        }
    }

    /// Its place among others: by battery, then along the training of the model.
    pub(super) fn key(&self) -> (String, (String, Option<u64>, Option<u64>)) {
        (self.name.clone(), order(&self.checkpoint))
    }

    /// Its rows in the table of competence; none for texts.
    pub(super) fn rows(&self) -> Vec<Competence> {
        match &self.content {
            Content::Pairs(rows) => self.of_pairs(rows),
            Content::Choices(rows) => vec![self.of_choices(rows)],
            Content::Words(_) | Content::Tokens => Vec::new(),
        }
    }

    fn row(
        &self,
        level: &str,
        name: &str,
        n_items: usize,
        accuracy: [f64; 2],
        interval: [f64; 2],
    ) -> Competence {
        Competence {
            checkpoint: self.checkpoint.clone(),
            battery: self.name.clone(),
            level: level.to_owned(),
            name: name.to_owned(),
            n_items,
            chance: self.chance(),
            accuracy: accuracy[0],
            accuracy_ci_low: interval[0],
            accuracy_ci_high: interval[1],
            accuracy_mean: accuracy[1],
        }
    }

    fn of_pairs(&self, pairs: &[PairRow]) -> Vec<Competence> {
        let summary = PairSummary::of(pairs);
        let accuracy = [summary.macro_accuracy, summary.macro_accuracy_mean];
        let whole = self.row(
            "battery",
            "",
            pairs.len(),
            accuracy,
            summary.macro_accuracy_interval,
        );
        let mut rows = vec![whole];
        if let (Some(accuracy), Some(interval)) =
            (summary.phenomena_accuracy, summary.phenomena_accuracy_interval)
        {
            rows.push(self.row("phenomena", "", pairs.len(), [accuracy, f64::NAN], interval));
            rows.extend(self.parts("phenomenon", pairs, |pair| &pair.phenomenon));
        }
        if summary.sets.len() > 1 {
            rows.extend(self.parts("set", pairs, |pair| &pair.set));
        }
        rows
    }

    /// The accuracies of the parts of a battery, each summed up by itself.
    fn parts(&self, level: &str, pairs: &[PairRow], part_of: fn(&PairRow) -> &String) -> Vec<Competence> {
        let mut parts: BTreeMap<&str, Vec<PairRow>> = BTreeMap::new();
        for pair in pairs {
            parts.entry(part_of(pair)).or_default().push(pair.clone());
        }
        let rows = parts.into_iter().map(|(name, pairs)| {
            let part = PairSummary::of(&pairs);
            let accuracy = [part.macro_accuracy, part.macro_accuracy_mean];
            self.row(level, name, pairs.len(), accuracy, part.macro_accuracy_interval)
        });
        rows.collect()
    }

    fn of_choices(&self, rows: &[ChoiceRow]) -> Competence {
        let summary = ChoiceSummary::of(rows);
        let n_items = rows.iter().filter(|row| row.is_answer == 1).count();
        self.row(
            "battery",
            "",
            n_items,
            [summary.acc, summary.acc_norm],
            summary.acc_interval,
        )
    }

    /// Accuracy of guessing; NaN for texts.
    pub(super) fn chance(&self) -> f64 {
        match &self.content {
            Content::Pairs(_) => 0.5,
            Content::Choices(rows) => {
                let n_items = rows.iter().filter(|row| row.is_answer == 1).count();
                let mut choices: BTreeMap<usize, usize> = BTreeMap::new();
                for row in rows {
                    *choices.entry(row.item).or_default() += 1;
                }
                choices.values().map(|&n| 1.0 / n as f64).sum::<f64>() / n_items as f64
            }
            Content::Words(_) | Content::Tokens => f64::NAN,
        }
    }

    /// Whether the accuracy is above that of guessing, beyond its interval; always for texts.
    pub(super) fn has_room(&self) -> bool {
        let whole = self.rows().into_iter().next();
        whole.is_none_or(|row| row.accuracy_ci_low > row.chance)
    }

    /// What its intervals resample: sets, if there are several; otherwise items; runs of a text.
    pub(super) fn units(&self) -> Option<Units> {
        let units = match &self.content {
            Content::Pairs(rows) => of_pairs(rows),
            Content::Choices(rows) => {
                let answers = || rows.iter().filter(|row| row.is_answer == 1);
                Units {
                    what: "items",
                    names: answers().map(|row| row.item.to_string()).collect(),
                    values: answers().map(|row| f64::from(row.picked)).collect(),
                }
            }
            Content::Words(words) => of_words(words),
            Content::Tokens => return None,
        };
        Some(units)
    }
}

fn of_pairs(rows: &[PairRow]) -> Units {
    let summary = PairSummary::sets_of(rows);
    if let [_, _, ..] = &summary[..] {
        return Units {
            what: "sets",
            names: summary.iter().map(|set| set.set.clone()).collect(),
            values: summary.iter().map(|set| set.accuracy).collect(),
        };
    }
    Units {
        what: "items",
        names: rows.iter().map(|row| row.item.to_string()).collect(),
        values: rows.iter().map(|row| row.correct).collect(),
    }
}

/// Minus the mean surprisal of the words of each run that have one.
fn of_words(words: &[WordRow]) -> Units {
    let mut runs: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for word in words {
        runs.entry(word.run).or_default().extend(word.surprisal_bits);
    }
    let mean = |bits: &Vec<f64>| -(bits.iter().sum::<f64>()) / bits.len() as f64;
    Units {
        what: "runs",
        names: runs.keys().map(usize::to_string).collect(),
        values: runs.values().map(mean).collect(),
    }
}
