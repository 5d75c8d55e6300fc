//! Texts: line ends, characters, files in wrong places.

use crate::answer::{Answer, refused, same};
use crate::files::{Content, Encoding};
use crate::kind::Kind;
use crate::random::Draw;
use crate::scenes::ALIGN;
use crate::study::{ANNOTATION, Study};

const EXACT: Answer = same(0.0, 0.0);
const FOLDER: &str = "text/lpp_en_text";

pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        Kind::new("text-windows-lines", &ALIGN, EXACT, |s, _| {
            each(s, |t| t.style.line_end = "\r\n");
        }),
        Kind::new(
            "text-old-mac-lines",
            &ALIGN,
            EXACT.or_told(&["line end", "carriage"]),
            |s, _| {
                each(s, |t| t.style.line_end = "\r");
            },
        ),
        Kind::new("text-mixed-lines", &ALIGN, EXACT, |s, _| {
            each(s, |t| t.text = t.text.replacen('\n', "\r\n", 2));
        }),
        Kind::new("text-byte-order-mark", &ALIGN, EXACT, |s, _| {
            each(s, |t| t.style.encoding = Encoding::Utf8Marked);
        }),
        Kind::new("text-of-notepad", &ALIGN, EXACT, |s, rng| {
            let text = s.files.text(&file(1 + rng.below(9)));
            text.style.line_end = "\r\n";
            text.style.encoding = Encoding::Utf8Marked;
        }),
        Kind::new(
            "text-utf-16",
            &ALIGN,
            EXACT.or_refused(&["UTF-8", "UTF-16", "encod"]),
            |s, rng| {
                s.files.text(&file(1 + rng.below(9))).style.encoding = Encoding::Utf16;
            },
        ),
        Kind::new("text-latin-1", &ALIGN, refused(&["UTF-8", "encod"]), |s, rng| {
            s.files.text(&file(1 + rng.below(9))).style.encoding = Encoding::Latin1;
        }),
        Kind::new(
            "text-decomposed-accents",
            &ALIGN,
            EXACT.or_told(&["NFC", "accents"]),
            |s, _| {
                // as file systems and word processors of a Mac write them
                each(s, |t| {
                    t.text = t.text.replace('é', "e\u{301}").replace('ï', "i\u{308}");
                });
            },
        ),
        Kind::new("texts-exchanged", &ALIGN, refused(&["word"]), |s, rng| {
            let a = 1 + rng.below(8);
            let b = a + 1 + rng.below(9 - a);
            s.files.rename(&file(a), "kept");
            s.files.rename(&file(b), file(a));
            s.files.rename("kept", file(b));
        }),
        Kind::new("text-missing", &ALIGN, refused(&["run", "text"]), |s, rng| {
            s.files.remove(&file(1 + rng.below(9)));
        }),
        Kind::new(
            "text-empty",
            &ALIGN,
            refused(&["word", "empty", "text_en_run"]),
            |s, rng| {
                s.files.put_text(file(1 + rng.below(9)), "");
            },
        ),
        Kind::new(
            "text-too-many",
            &ALIGN,
            EXACT.or_told(&["run10", "text_en_run"]),
            |s, _| {
                s.files.copy(&file(3), file(10));
            },
        ),
        Kind::new("word-not-in-the-text", &ALIGN, refused(&NOT_THERE), |s, rng| {
            let table = s.files.table(ANNOTATION);
            let row = rng.below(table.rows.len());
            rng.pick(&NOT_THERE).clone_into(&mut table.rows[row][0]);
        }),
        Kind::new("other-files-beside-texts", &ALIGN, EXACT, |s, _| {
            s.files
                .put(format!("{FOLDER}/.DS_Store"), Content::Bytes(vec![0, 0, 0, 1]));
            s.files.put(
                format!("{FOLDER}/._text_en_run1.txt"),
                Content::Bytes(b"Mac OS X".to_vec()),
            );
            s.files.put_text(format!("{FOLDER}/README.md"), "texts\n");
        }),
    ]
}

/// Words that no text has, though it has their first letters.
const NOT_THERE: [&str; 4] = ["elephant", "saxophone", "umbrella", "winter"];

fn file(run: usize) -> String {
    format!("{FOLDER}/text_en_run{run}.txt")
}

fn each(study: &mut Study, change: impl Fn(&mut crate::files::Text)) {
    for run in 1..=9 {
        change(study.files.text(&file(run)));
    }
}
