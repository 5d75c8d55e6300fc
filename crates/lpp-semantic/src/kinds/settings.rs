//! lpp.toml and flags: what they say wrongly, twice, or against each other.

use crate::answer::{Answer, refused, same, told};
use crate::files::{Content, Encoding};
use crate::kind::Kind;
use crate::random::Draw;
use crate::scenes::{FIT, PLAN, TABLES};
use crate::study::Study;

/// The edge of the grid that is given, as the warning has it: a study may lie at an edge of the default grid as well.
const EDGE: &[&str] = &[
    "(1e8)", "(1e9)", "(1e10)", "(1e-6)", "(1e-2)", "(1e-11)", "(1e-12)",
];
const EXACT: Answer = same(1e-6, 0.0);

pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        Kind::new("settings-windows-lines", &FIT, EXACT, |s, _| {
            toml(s).style.line_end = "\r\n";
        }),
        Kind::new(
            "settings-byte-order-mark",
            &FIT,
            EXACT.or_refused(&["lpp.toml"]),
            |s, _| {
                toml(s).style.encoding = Encoding::Utf8Marked;
            },
        ),
        Kind::new("settings-unknown-key", &FIT, refused(&["lpp.toml"]), |s, rng| {
            let key = rng.pick(&["trim_scan = 5", "TR = 2.0", "alpha = \"1\"", "tr = 2"]);
            prepend(s, key);
        }),
        Kind::new(
            "settings-of-a-wrong-type",
            &FIT,
            refused(&["lpp.toml"]),
            |s, rng| {
                let line = rng.pick(&[
                    "trim_scans = \"10\"",
                    "trim_scans = -3",
                    "alphas = 100",
                    "trim_scans = 2.5",
                ]);
                prepend(s, line);
            },
        ),
        Kind::new("settings-key-twice", &FIT, refused(&["lpp.toml"]), |s, _| {
            prepend(s, "tr_s = 2.5");
        }),
        Kind::new(
            "repetition-time-of-nothing",
            &FIT,
            refused(&["lpp.toml", "tr_s", "repetition", "scans of"]),
            |s, rng| {
                let odd = rng.pick(&["0.0", "-2.0", "nan", "inf", "1e-9"]);
                replace_tr(s, odd);
            },
        ),
        Kind::new(
            "repetition-time-in-milliseconds",
            &FIT,
            told(&["tr_s", "repetition", "millisecond", "word"]),
            |s, _| {
                let tr: f64 = s.one("tr").parse().unwrap_or(2.0);
                replace_tr(s, &format!("{:?}", 1000.0 * tr));
            },
        ),
        Kind::new(
            "penalties-of-nothing",
            &FIT,
            refused(&["alphas", "penalt", "logspace"]),
            |s, rng| {
                let odd = rng.pick(&[
                    "",
                    "0",
                    "-1",
                    "nan",
                    "1,two",
                    "logspace:2:7:0",
                    "logspace:7:2",
                    "1,inf",
                ]);
                prepend(s, &format!("alphas = \"{odd}\""));
            },
        ),
        Kind::new("penalties-in-another-order", &FIT, EXACT, |s, rng| {
            let all: Vec<f64> = (0..16).map(|i| 10_f64.powf(2.0 + f64::from(i) / 3.0)).collect();
            let order = rng.shuffled(16);
            let list: Vec<String> = order.into_iter().map(|i| format!("{:e}", all[i])).collect();
            s.flag("lpp-fit", &["--alphas", &list.join(",")]);
        }),
        Kind::new("penalties-too-large", &FIT, told(EDGE), |s, rng| {
            let grid = rng.pick(&["1e8,1e9", "1e9,1e10", "logspace:8:12:3"]);
            s.flag("lpp-fit", &["--alphas", grid]);
        }),
        Kind::new("penalties-too-small", &FIT, told(EDGE), |s, rng| {
            let grid = rng.pick(&["1e-7,1e-6", "1e-3,1e-2", "1e-12,1e-11"]);
            s.flag("lpp-fit", &["--alphas", grid]);
        }),
        Kind::new(
            "penalties-beyond-numbers",
            &FIT,
            told(&["1e308", "1e300", "1e39", "too large"]),
            |s, rng| {
                let grid = rng.pick(&["1e308", "1e300,1e308", "1e39"]);
                s.flag("lpp-fit", &["--alphas", grid]);
            },
        ),
        Kind::new(
            "trimmed-to-nothing",
            &FIT,
            refused(&["trim", "scans"]),
            |s, rng| {
                let n = 21 + rng.below(100);
                prepend(s, &format!("trim_scans = {n}"));
            },
        ),
        Kind::new(
            "model-listed-twice",
            &TABLES,
            told(&["twice"]).or_same(0.0),
            |s, _| {
                let text = &mut toml(s).text;
                *text = text.replace("\"midi\"", "\"midi\", \"midi\"");
            },
        ),
        Kind::new(
            "plan-model-listed-twice",
            &PLAN,
            told(&["twice"]).or_same(0.0),
            |s, _| {
                let text = &mut toml(s).text;
                *text = text.replace("\"midi\"", "\"midi\", \"midi\"");
            },
        ),
        Kind::new(
            "model-as-two-things",
            &PLAN,
            told(&["midi&baseline"]).or_same(0.0),
            |s, _| {
                toml(s).text.push_str("\n[baselines]\nen = [\"midi\"]\n");
            },
        ),
        Kind::new(
            "language-unknown",
            &FIT,
            refused(&["lang", "lpp.toml"]),
            |s, rng| {
                let odd = rng.pick(&["english", "e n", "", "../en", "EN_"]);
                let text = &mut toml(s).text;
                *text = text.replace("languages = [\"en\"]", &format!("languages = [\"{odd}\"]"));
            },
        ),
        Kind::new(
            "model-misspelt",
            &FIT,
            refused(&["midi", "lpp-extract"]),
            |s, rng| {
                s.give(
                    "model",
                    vec![rng.pick(&["mid", "Midi", "midi_en", "mdi"]).to_owned()],
                );
            },
        ),
        Kind::new(
            "model-name-with-a-path",
            &FIT,
            refused(&["name", ".."]),
            |s, rng| {
                s.give(
                    "model",
                    vec![
                        rng.pick(&["../midi", "../../activations/midi", "/midi", ".."])
                            .to_owned(),
                    ],
                );
                s.files.put("midi", Content::Bytes(vec![0]));
            },
        ),
    ]
}

fn toml(study: &mut Study) -> &mut crate::files::Text {
    study.files.text("lpp.toml")
}

fn prepend(study: &mut Study, line: &str) {
    let text = &mut toml(study).text;
    text.insert_str(0, &format!("{line}\n"));
}

fn replace_tr(study: &mut Study, value: &str) {
    let tr: f64 = study.one("tr").parse().unwrap_or(2.0);
    let text = &mut toml(study).text;
    *text = text.replace(&format!("tr_s = {tr:?}"), &format!("tr_s = {value}"));
}
