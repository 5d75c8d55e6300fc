//! Items that probe a language model, and what its log-probabilities say of them. It knows neither models nor tokens.
//!
//! * [`Pair`] and [`ChoiceItem`]: items in the published forms (`BLiMP`, Zorro, ARC, `HellaSwag`) and as tables;
//! * [`PairRow`], [`ChoiceRow`], [`WordRow`] and [`TokenScoreRow`]: the tables of `lpp-score`;
//! * [`GeneratedText`]: what a model wrote, and [`GeneratedSummary`], what can be counted in it;
//! * [`PairSummary`], [`ChoiceSummary`] and [`TextSummary`]: accuracies with intervals, perplexity.
//!
//! ```
//! use lpp_competence::{PairRow, PairSummary, Scored};
//!
//! let (good, bad) = (Scored { logp_nats: -9.0, n_tokens: 4 }, Scored { logp_nats: -8.0, n_tokens: 2 });
//! let row = PairRow::new("agreement", 0, "morphology", good, bad);
//! assert_eq!((row.correct, row.correct_mean), (0.0, 1.0));
//! assert_eq!(PairSummary::of(&[row]).macro_accuracy, 0.0);
//! ```

mod choice_table;
mod choices;
mod generated;
mod generated_pairs;
mod hellaswag;
mod item_files;
mod pair_table;
mod pairs;
mod table;
mod text_table;

pub use choice_table::{ChoiceNorm, ChoiceRow, ChoiceSummary, ScoredChoice, choice_rows};
pub use choices::{ChoiceFormat, ChoiceItem, load_choices};
pub use generated::{
    GeneratedSummary, GeneratedText, load_generated, load_prompts, load_word_list, save_generated,
};
pub use generated_pairs::{GeneratedBattery, generated_pairs, save_pairs};
pub use item_files::item_files;
pub use pair_table::{PairRow, PairSummary, Scored, SetAccuracy};
pub use pairs::{Pair, load_pairs, sampled};
pub use table::{load_rows, save_rows};
pub use text_table::{TextSummary, TokenScoreRow, WordRow};
