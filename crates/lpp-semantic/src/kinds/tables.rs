//! Tables of words, events and models, as spreadsheets and scripts save them.

use crate::answer::{Answer, refused, same, told};
use crate::figures::Figures;
use crate::files::{Content, Encoding, Table, TextStyle, number};
use crate::kind::Kind;
use crate::random::Draw;
use crate::scenes::{FIT, LONG_WORDS, REGRESSORS, TABLES, WORDS};
use crate::study::{ANNOTATION, Study};

const EXACT: Answer = same(1e-6, 1e-6);
const INFO: &str = "model_info_en.csv";

pub(crate) fn kinds() -> Vec<Kind> {
    let mut kinds = annotation();
    kinds.extend(other_tables());
    kinds
}

fn annotation() -> Vec<Kind> {
    vec![
        Kind::new("annotation-windows-lines", &WORDS, EXACT, |s, _| {
            words(s).style.line_end = "\r\n";
        }),
        Kind::new(
            "annotation-old-mac-lines",
            &WORDS,
            EXACT.or_refused(&["line end", "column", "carriage"]),
            |s, _| {
                words(s).style.line_end = "\r";
            },
        ),
        Kind::new("annotation-byte-order-mark", &WORDS, EXACT, |s, _| {
            words(s).style.encoding = Encoding::Utf8Marked;
        }),
        Kind::new("annotation-of-excel", &WORDS, EXACT, |s, _| {
            words(s).style = TextStyle {
                line_end: "\r\n",
                encoding: Encoding::Utf8Marked,
            };
            words(s).quoted = true;
        }),
        Kind::new(
            "annotation-utf-16",
            &WORDS,
            EXACT.or_refused(&["UTF-8", "UTF-16", "encod"]),
            |s, _| {
                words(s).style.encoding = Encoding::Utf16;
            },
        ),
        Kind::new(
            "annotation-latin-1",
            &WORDS,
            refused(&["UTF-8", "encod", "utf8"]),
            |s, _| {
                words(s).style.encoding = Encoding::Latin1;
            },
        ),
        Kind::new("annotation-without-a-last-line-end", &WORDS, EXACT, |s, _| {
            words(s).ended = false;
        }),
        Kind::new("annotation-quoted", &WORDS, EXACT, |s, _| words(s).quoted = true),
        Kind::new("annotation-columns-in-another-order", &WORDS, EXACT, |s, rng| {
            let order = rng.shuffled(4);
            words(s).take_columns(&order);
        }),
        Kind::new("annotation-with-an-index", &WORDS, EXACT, |s, _| {
            // as pandas saves it
            let table = words(s);
            table.header.insert(0, String::new());
            table
                .rows
                .iter_mut()
                .enumerate()
                .for_each(|(n, row)| row.insert(0, n.to_string()));
        }),
        Kind::new(
            "annotation-capital-columns",
            &WORDS,
            EXACT.or_refused(&["column"]),
            |s, _| {
                words(s)
                    .header
                    .iter_mut()
                    .for_each(|name| *name = name.to_uppercase());
            },
        ),
        Kind::new(
            "annotation-blanks-in-the-header",
            &WORDS,
            EXACT.or_refused(&["column"]),
            |s, _| {
                words(s)
                    .header
                    .iter_mut()
                    .for_each(|name| *name = format!(" {name}"));
            },
        ),
        Kind::new(
            "annotation-semicolons",
            &WORDS,
            EXACT.or_refused(&["column", "semicolon", "comma"]),
            |s, _| {
                words(s).delimiter = ";";
            },
        ),
        Kind::new(
            "annotation-decimal-commas",
            &WORDS,
            refused(&["column", "comma", "onset", "number"]),
            |s, _| {
                let table = words(s);
                table.delimiter = ";";
                table
                    .rows
                    .iter_mut()
                    .flatten()
                    .for_each(|cell| *cell = cell.replace('.', ","));
            },
        ),
        Kind::new(
            "annotation-decimal-commas-quoted",
            &WORDS,
            refused(&["comma", "onset", "number"]),
            |s, _| {
                let table = words(s);
                table.quoted = true;
                table
                    .rows
                    .iter_mut()
                    .flatten()
                    .for_each(|cell| *cell = cell.replace('.', ","));
            },
        ),
        Kind::new(
            "annotation-column-twice",
            &WORDS,
            refused(&["onset", "twice", "column"]),
            |s, _| {
                let table = words(s);
                table.header.push("onset".to_owned());
                table.rows.iter_mut().for_each(|row| row.push("1.5".to_owned()));
            },
        ),
        Kind::new(
            "words-that-look-missing",
            &WORDS,
            EXACT.or_told(&["null", "missing", "nan"]),
            |s, rng| {
                let table = words(s);
                for _ in 0..9 {
                    let row = rng.below(table.rows.len());
                    let odd = [
                        "null", "None", "nan", "NA", "n/a", "NULL", "NaN", "N/A", "-nan", "#N/A", "<NA>",
                    ];
                    table.rows[row][0] = rng.pick(&odd).to_owned();
                }
            },
        )
        .expecting(words_as_written),
        Kind::new("words-that-look-like-numbers", &WORDS, EXACT, |s, rng| {
            let table = words(s);
            for _ in 0..9 {
                let row = rng.below(table.rows.len());
                table.rows[row][0] = rng
                    .pick(&["1943", "inf", "1e5", "true", "0x1f", "-", "007"])
                    .to_owned();
            }
        })
        .expecting(words_as_written),
        Kind::new(
            "rows-of-nothing-at-the-end",
            &WORDS,
            EXACT.or_refused(&["empty"]),
            |s, rng| {
                let row = if rng.below(2) == 0 {
                    vec![String::new(); 4]
                } else {
                    vec![String::new()]
                };
                (0..=rng.below(3)).for_each(|_| words(s).rows.push(row.clone()));
            },
        ),
        Kind::new(
            "row-of-nothing-inside",
            &WORDS,
            EXACT.or_told(&["empty", "row", "missing"]),
            |s, rng| {
                let table = words(s);
                let at = rng.below(table.rows.len());
                table.rows.insert(at, vec![String::new(); 4]);
            },
        ),
        Kind::new("row-cut-short", &WORDS, refused(&["row"]), |s, rng| {
            let table = words(s);
            let at = rng.below(table.rows.len());
            table.rows[at].truncate(1 + rng.below(3));
        }),
        Kind::new(
            "row-twice",
            &WORDS,
            told(&["row", "twice", "onset", "same"]),
            |s, rng| {
                let table = words(s);
                let at = rng.below(table.rows.len());
                let again = table.rows[at].clone();
                table.rows.insert(at, again);
            },
        ),
        Kind::new(
            "annotation-in-milliseconds",
            &WORDS,
            told(&["onset", "time", "millisecond"]),
            |s, _| {
                words(s).each_number("onset", |t| 1000.0 * t);
                words(s).each_number("offset", |t| 1000.0 * t);
            },
        ),
        Kind::new(
            "annotation-in-samples",
            &WORDS,
            told(&["onset", "time"]),
            |s, rng| {
                let rate = rng.pick(&[16_000.0, 44_100.0]);
                words(s).each_number("onset", |t| rate * t);
                words(s).each_number("offset", |t| rate * t);
            },
        ),
        Kind::new(
            "annotation-out-of-order",
            &WORDS,
            told(&["onset", "order", "time"]),
            |s, rng| {
                let table = words(s);
                let at = 2 + rng.below(20);
                for column in [1, 2] {
                    let kept = table.rows[at][column].clone();
                    table.rows[at][column] = table.rows[at + 8][column].clone();
                    table.rows[at + 8][column] = kept;
                }
            },
        ),
        Kind::new(
            "annotation-ends-before-it-begins",
            &WORDS,
            told(&["offset", "ends", "duration", "row"]),
            |s, rng| {
                let table = words(s);
                let at = rng.below(table.rows.len());
                table.rows[at].swap(1, 2);
            },
        ),
        Kind::new(
            "annotation-negative-time",
            &WORDS,
            told(&["onset", "negative", "before", "row"]),
            |s, rng| {
                let by = rng.uniform(-30.0, -1.0);
                words(s).rows[0][1] = number(by);
            },
        ),
        Kind::new(
            "annotation-time-missing",
            &WORDS,
            refused(&["onset", "offset", "row"]),
            |s, rng| {
                let (column, odd) = (
                    1 + rng.below(2),
                    rng.pick(&["", "nan", "n/a", "inf", "-", "1.5s", "0:01.5"]),
                );
                let table = words(s);
                let at = rng.below(table.rows.len());
                table.rows[at][column] = odd.to_owned();
            },
        ),
        Kind::new(
            "sections-as-floats",
            &WORDS,
            EXACT.or_refused(&["section"]),
            |s, _| {
                words(s).rows.iter_mut().for_each(|row| row[3].push_str(".0"));
            },
        ),
        Kind::new("sections-from-zero", &WORDS, EXACT, |s, _| {
            words(s).each_number("section", |n| n - 1.0);
        }),
        Kind::new("section-lost", &WORDS, told(&["section"]), |s, rng| {
            let lost = (2 + rng.below(6)).to_string();
            words(s).rows.retain(|row| row[3] != lost);
        }),
        Kind::new("sections-mixed", &WORDS, EXACT, |s, rng| {
            // the order of the runs in the file is free
            let order = rng.shuffled(9);
            let rank = |row: &Vec<String>| row[3].parse::<usize>().map_or(0, |n| order[n - 1]);
            words(s).rows.sort_by_key(rank);
        }),
        Kind::new(
            "corrections-of-another-study",
            &LONG_WORDS,
            EXACT.or_told(&["correction"]),
            |s, _| {
                let text = &mut s.files.text("lpp.toml").text;
                *text = text.replace("annotation_corrections = \"none\"\n", "");
            },
        ),
        Kind::new(
            "corrections-without-their-rows",
            &WORDS,
            EXACT.or_told(&["correction"]),
            |s, _| {
                let text = &mut s.files.text("lpp.toml").text;
                *text = text.replace("annotation_corrections = \"none\"\n", "");
            },
        ),
    ]
}

fn other_tables() -> Vec<Kind> {
    vec![
        Kind::new("words-windows-lines", &FIT, same(1e-6, 0.0), |s, _| {
            s.files.table("words_en.csv").style = TextStyle {
                line_end: "\r\n",
                encoding: Encoding::Utf8Marked,
            };
        }),
        Kind::new(
            "words-columns-in-another-order",
            &FIT,
            same(1e-6, 0.0),
            |s, rng| {
                let order = rng.shuffled(5);
                s.files.table("words_en.csv").take_columns(&order);
            },
        ),
        Kind::new(
            "words-of-runs-mixed",
            &FIT,
            same(1e-6, 0.0).or_refused(&["order", "run", "row"]),
            |s, rng| {
                let order = rng.shuffled(9);
                s.files
                    .table("words_en.csv")
                    .rows
                    .sort_by_key(|row| row[0].parse::<usize>().map_or(0, |n| order[n]));
            },
        ),
        Kind::new(
            "words-shuffled-within-runs",
            &FIT,
            same(1e-6, 0.0).or_refused(&["order", "word_index", "row", "word"]),
            |s, rng| {
                let table = s.files.table("words_en.csv");
                let order = rng.shuffled(table.rows.len());
                let rows = order.iter().map(|i| table.rows[*i].clone()).collect();
                table.rows = rows;
            },
        ),
        Kind::new(
            "words-one-twice",
            &FIT,
            refused(&["row", "twice", "word_index", "words"]),
            |s, rng| {
                let table = s.files.table("words_en.csv");
                let at = rng.below(table.rows.len());
                let again = table.rows[at].clone();
                table.rows.insert(at, again);
            },
        ),
        Kind::new("events-of-excel", &REGRESSORS, EXACT, |s, _| {
            let table = s.files.table("events.csv");
            table.style = TextStyle {
                line_end: "\r\n",
                encoding: Encoding::Utf8Marked,
            };
        }),
        Kind::new(
            "events-row-of-nothing-at-the-end",
            &REGRESSORS,
            EXACT.or_refused(&["empty", "row", "events.csv"]),
            |s, _| {
                s.files.table("events.csv").rows.push(vec![String::new(); 2]);
            },
        ),
        Kind::new("model-info-of-excel", &TABLES, same(1e-6, 1e-6), |s, _| {
            info(s).style = TextStyle {
                line_end: "\r\n",
                encoding: Encoding::Utf8Marked,
            };
        }),
        Kind::new(
            "model-info-in-another-order",
            &TABLES,
            same(1e-6, 1e-6),
            |s, rng| {
                let table = info(s);
                table.rows.reverse();
                let order = rng.shuffled(4);
                table.take_columns(&order);
            },
        ),
        Kind::new(
            "model-info-not-a-perplexity",
            &TABLES,
            told(&["ppl", "perplexity"]),
            |s, rng| {
                let row = rng.below(3);
                info(s).rows[row][2] = rng.pick(&["nan", "inf", "-3", "0"]).to_owned();
            },
        ),
        Kind::new(
            "model-info-not-an-accuracy",
            &TABLES,
            told(&["hellaswag"]),
            |s, rng| {
                let row = rng.below(3);
                info(s).rows[row][3] = rng.pick(&["nan", "inf", "-3", "250"]).to_owned();
            },
        ),
        Kind::new(
            "model-info-fractions-for-percent",
            &TABLES,
            told(&["hellaswag"]),
            |s, rng| {
                // The whole column, or one model from another source.
                if rng.below(2) == 0 {
                    info(s).each_number("hellaswag", |v| v / 100.0);
                } else {
                    let row = rng.below(3);
                    info(s).rows[row][3] = rng.pick(&["0.3153", "0.62", "1.0"]).to_owned();
                }
            },
        ),
        Kind::new(
            "model-info-size-in-words",
            &TABLES,
            refused(&["n_parameters"]),
            |s, rng| {
                let row = rng.below(3);
                info(s).rows[row][1] = rng.pick(&["124M", "1.5B", "1,000,000"]).to_owned();
                info(s).quoted = true;
            },
        ),
        Kind::new(
            "model-info-size-of-nothing",
            &TABLES,
            told(&["n_parameters"]),
            |s, rng| {
                let row = rng.below(3);
                info(s).rows[row][1] = rng.pick(&["0", "-1", "nan"]).to_owned();
            },
        ),
        Kind::new(
            "model-info-a-model-twice",
            &TABLES,
            refused(&["midi", "twice", "two rows"]),
            |s, _| {
                let mut again = info(s).rows[1].clone();
                again[2] = "99".to_owned();
                info(s).rows.push(again);
            },
        ),
        Kind::new(
            "atlas-label-twice",
            &TABLES,
            refused(&["label", "twice", "two names"]),
            |s, _| {
                let table = s.files.table("atlas/labels.csv");
                let again = table.rows[2].clone();
                table.rows.push(again);
            },
        ),
        Kind::new("atlas-labels-of-excel", &TABLES, same(1e-6, 1e-6), |s, _| {
            s.files.table("atlas/labels.csv").style = TextStyle {
                line_end: "\r\n",
                encoding: Encoding::Utf8Marked,
            };
        }),
    ]
}

fn words(study: &mut Study) -> &mut Table {
    study.files.table(ANNOTATION)
}

fn info(study: &mut Study) -> &mut Table {
    study.files.table(INFO)
}

/// What the annotation says: the words with their times, their lengths, counts and positions.
pub(crate) fn words_as_written(_: &Figures, study: &Study) -> Figures {
    let mut figures = Figures::default();
    let Some(Content::Table(table)) = study.files.get(ANNOTATION) else {
        return figures;
    };
    let count = |word: &str| {
        table
            .rows
            .iter()
            .filter(|row| row[0].to_lowercase() == word.to_lowercase())
            .count()
    };
    for run in 0..9 {
        let section = (run + 1).to_string();
        let rows: Vec<&Vec<String>> = table.rows.iter().filter(|row| row[3] == section).collect();
        for (n, row) in rows.iter().enumerate() {
            let word = format!("run {run} word {n} ({})", row[0]);
            for (name, cell) in [("onset_s", &row[1]), ("offset_s", &row[2])] {
                figures.set(format!("{word} {name}"), cell.parse().unwrap_or(f64::NAN));
            }
            let mut control = |name: &str, value: f64| {
                figures.set(format!("control_{name} run-{run}/layer-0 number {n}"), value);
            };
            control("wordlength", row[0].chars().count() as f64);
            control("frequency", (1.0 + count(&row[0]) as f64).ln());
            control("position", n as f64 / (rows.len() - 1) as f64);
        }
    }
    figures
}
