//! Readers of what a language model is asked, and of its answers.

use lpp_competence::{
    ChoiceFormat, ChoiceRow, PairRow, load_choices, load_generated, load_pairs, load_prompts, load_rows,
    load_word_list,
};

use crate::cases;
use crate::targets::{Target, texts};

/// The readers of `lpp-score`.
pub(crate) fn of_items() -> Vec<Target> {
    vec![
        Target::plain("arc", "a.jsonl", arc, |folder| {
            Ok(load_choices(&folder.join("a.jsonl"), ChoiceFormat::Arc).map(drop)?)
        }),
        Target::plain("hellaswag", "h.jsonl", hellaswag, |folder| {
            Ok(load_choices(&folder.join("h.jsonl"), ChoiceFormat::HellaSwag).map(drop)?)
        }),
        Target::plain("questions", "q.jsonl", questions, |folder| {
            Ok(load_choices(&folder.join("q.jsonl"), ChoiceFormat::Plain).map(drop)?)
        }),
        Target::plain("blimp", "b.jsonl", blimp, |folder| {
            Ok(load_pairs(&[folder.join("b.jsonl")]).map(drop)?)
        }),
        Target::plain("zorro", "z.txt", sentences, |folder| {
            Ok(load_pairs(&[folder.join("z.txt")]).map(drop)?)
        }),
        Target::plain("pairs", "p.tsv", pairs, |folder| {
            Ok(load_pairs(&[folder.join("p.tsv")]).map(drop)?)
        }),
        Target::plain("prompts", "p.txt", sentences, |folder| {
            Ok(load_prompts(&folder.join("p.txt")).map(drop)?)
        }),
        Target::plain("word_list", "w.txt", sentences, |folder| {
            Ok(load_word_list(&folder.join("w.txt")).map(drop)?)
        }),
        Target::plain("generated", "g.jsonl", generated, |folder| {
            Ok(load_generated(&folder.join("g.jsonl")).map(drop)?)
        }),
        Target::plain("pair_rows", "pairs.csv", pair_rows, |folder| {
            Ok(load_rows::<PairRow>(&folder.join("pairs.csv")).map(drop)?)
        }),
        Target::plain("choice_rows", "choices.csv", choice_rows, |folder| {
            Ok(load_rows::<ChoiceRow>(&folder.join("choices.csv")).map(drop)?)
        }),
    ]
}

/// Lines of JSON, and JSON made by hand.
fn lines(lines: &str) -> Vec<Vec<u8>> {
    [texts(&[lines]), cases::json()].concat()
}

fn arc() -> Vec<Vec<u8>> {
    lines(
        r#"{"id": "1", "question": {"stem": "Why?", "choices": [{"text": "so", "label": "1"}, {"text": "no", "label": "2"}]}, "answerKey": "2"}
{"id": "2", "question": "Why?", "choices": {"text": ["so", "no"], "label": ["A", "B"]}, "answerKey": "B"}
"#,
    )
}

fn hellaswag() -> Vec<Vec<u8>> {
    lines(
        r#"{"activity_label": "Lamps", "ctx_a": "A lamp.", "ctx_b": "the Lamp", "endings": ["[step] is.", "was  it."], "label": "1"}
"#,
    )
}

fn questions() -> Vec<Vec<u8>> {
    lines("{\"context\": \"a\", \"choices\": [\"b\", \"c\"], \"answer\": 0}\n")
}

fn blimp() -> Vec<Vec<u8>> {
    lines(
        "{\"sentence_good\": \"a b.\", \"sentence_bad\": \"b a.\", \"UID\": \"u\", \"linguistics_term\": \"t\"}\n",
    )
}

fn sentences() -> Vec<Vec<u8>> {
    texts(&[
        "the dogs is good .\nthe dogs are good .\n",
        &"\n".repeat(1 << 20),
        &"a ".repeat(1 << 20),
    ])
}

fn pairs() -> Vec<Vec<u8>> {
    [
        texts(&["good\tbad\tset\tphenomenon\nthey are\tthey is\ts\tp\n"]),
        cases::tables("good\tbad"),
    ]
    .concat()
}

fn generated() -> Vec<Vec<u8>> {
    lines(
        "{\"prompt\": 0, \"sample\": 0, \"ids\": [1, 2], \"text\": \"so\", \"logprob_nats\": [-1.0, -2.0]}\n",
    )
}

fn pair_rows() -> Vec<Vec<u8>> {
    let header =
        "set,item,phenomenon,n_tokens_good,n_tokens_bad,logp_good_nats,logp_bad_nats,correct,correct_mean";
    [
        texts(&[&format!("{header}\ns,0,p,3,4,-1.5,-2.5,1,0\n")]),
        cases::tables(header),
    ]
    .concat()
}

fn choice_rows() -> Vec<Vec<u8>> {
    let header = "item,choice,logp_nats,n_tokens,n_characters,is_greedy,is_answer,picked,picked_norm";
    [
        texts(&[&format!("{header}\n0,0,-1.5,3,9,0,1,1,0\n0,1,-2.5,2,8,0,0,0,1\n")]),
        cases::tables(header),
    ]
    .concat()
}
