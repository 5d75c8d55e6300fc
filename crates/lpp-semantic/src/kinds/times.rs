//! Times of words and scans: units, order, and what headers, sidecars and settings say of them.

use crate::answer::{refused, same, told};
use crate::files::{Content, Table, number};
use crate::kind::Kind;
use crate::random::Draw;
use crate::scenes::{AVERAGE_IMAGES, CLEAN, FIT, REGRESSORS, RESAMPLE};
use crate::study::Study;

const WORDS: &[&str] = &["word", "onset", "event"];
const EVENTS: &[&str] = &["event", "onset", "word", "last scan", "duration", "row"];
const TR: &[&str] = &["repetition", "tr_s", " tr ", "--tr"];

pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        Kind::new("words-in-milliseconds", &FIT, told(WORDS), |s, _| {
            each_time(s, |t| 1000.0 * t);
        }),
        Kind::new("words-in-minutes", &FIT, told(WORDS), |s, _| {
            each_time(s, |t| t / 60.0);
        }),
        Kind::new("words-counted-in-scans", &FIT, told(WORDS), |s, _| {
            let tr = tr_of(s);
            each_time(s, |t| t / tr);
        }),
        Kind::new("words-late", &FIT, told(WORDS), |s, rng| {
            let by = rng.uniform(15.0, 60.0);
            each_time(s, |t| t + by);
        }),
        Kind::new("words-early", &FIT, told(WORDS), |s, rng| {
            let by = rng.uniform(40.0, 90.0);
            each_time(s, |t| t - by);
        }),
        Kind::new("words-on-the-clock-of-the-session", &FIT, told(WORDS), |s, _| {
            // onsets go on over the runs instead of beginning anew
            let table = s.files.table("words_en.csv");
            let (run, on, off) = (
                table.column("run"),
                table.column("onset_s"),
                table.column("offset_s"),
            );
            for row in &mut table.rows {
                let by = 100.0 * row[run].parse::<f64>().unwrap_or(0.0);
                for column in [on, off] {
                    row[column] = number(row[column].parse::<f64>().unwrap_or(0.0) + by);
                }
            }
        }),
        Kind::new("word-time-missing", &FIT, refused(WORDS), |s, rng| {
            let table = s.files.table("words_en.csv");
            let column = table.column("onset_s");
            let row = rng.below(table.rows.len());
            table.rows[row][column] = rng.pick(&["nan", "", "n/a", "inf"]).to_owned();
        }),
        Kind::new(
            "word-ends-before-it-begins",
            &FIT,
            told(&["word", "ends", "offset"]),
            |s, rng| {
                let table = s.files.table("words_en.csv");
                let (on, off) = (table.column("onset_s"), table.column("offset_s"));
                let row = 5 + rng.below(60);
                table.rows[row].swap(on, off);
            },
        ),
        Kind::new("words-counted-from-one", &FIT, refused(&["run"]), |s, _| {
            s.files.table("words_en.csv").each_number("run", |run| run + 1.0);
        }),
        Kind::new("words-of-runs-exchanged", &FIT, told(WORDS), |s, rng| {
            let order = rng.derangement(9);
            s.files
                .table("words_en.csv")
                .each_number("run", |run| order[run as usize] as f64);
        }),
        Kind::new("repetition-time-doubled", &FIT, told(WORDS), |s, _| {
            set_tr(s, 2.0 * tr_of(s));
        }),
        Kind::new("repetition-time-halved", &FIT, told(WORDS), |s, _| {
            set_tr(s, 0.5 * tr_of(s));
        }),
        Kind::new("events-in-milliseconds", &REGRESSORS, told(EVENTS), |s, _| {
            each_event(s, |t| 1000.0 * t);
        }),
        Kind::new("events-in-minutes", &REGRESSORS, told(EVENTS), |s, _| {
            each_event(s, |t| t / 60.0);
        }),
        Kind::new("events-late", &REGRESSORS, told(EVENTS), |s, rng| {
            let by = rng.uniform(30.0, 200.0);
            each_event(s, |t| t + by);
        }),
        Kind::new("events-early", &REGRESSORS, told(EVENTS), |s, rng| {
            let by = rng.uniform(40.0, 200.0);
            each_event(s, |t| t - by);
        }),
        Kind::new(
            "events-end-before-they-begin",
            &REGRESSORS,
            told(EVENTS),
            |s, rng| {
                let row = rng.below(20);
                s.files.table("events.csv").rows[row].swap(0, 1);
            },
        ),
        Kind::new(
            "event-offset-and-duration-disagree",
            &REGRESSORS,
            told(&["duration&offset"]),
            |s, rng| {
                add_duration(s, rng.uniform(0.3, 3.0));
            },
        ),
        Kind::new(
            "event-offset-and-duration-agree",
            &REGRESSORS,
            same(1e-9, 1e-6),
            |s, _| add_duration(s, 0.0),
        ),
        Kind::new("events-with-durations", &REGRESSORS, same(1e-6, 1e-6), |s, _| {
            add_duration(s, 0.0);
            s.files.table("events.csv").take_columns(&[0, 2]);
        }),
        Kind::new(
            "events-and-rows-shuffled",
            &REGRESSORS,
            same(1e-9, 1e-9),
            |s, rng| {
                let order = rng.shuffled(20);
                let rows = s.files.table("events.csv").rows.clone();
                s.files.table("events.csv").rows = order.iter().map(|i| rows[*i].clone()).collect();
                let old = s.files.array("activations.npy").rows();
                s.files.array("activations.npy").data = order.iter().flat_map(|i| old[*i].clone()).collect();
            },
        ),
        Kind::new("event-time-missing", &REGRESSORS, refused(EVENTS), |s, rng| {
            let (row, column) = (rng.below(20), rng.below(2));
            s.files.table("events.csv").rows[row][column] =
                rng.pick(&["nan", "n/a", "", "inf", "-"]).to_owned();
        }),
        Kind::new(
            "events-one-less",
            &REGRESSORS,
            refused(&["row", "event", "word"]),
            |s, rng| {
                s.files.table("events.csv").rows.remove(rng.below(20));
            },
        ),
        Kind::new(
            "events-of-several-runs",
            &REGRESSORS,
            refused(&["--run", "runs"]),
            |s, _| {
                let table = s.files.table("events.csv");
                table.header.push("run".to_owned());
                table
                    .rows
                    .iter_mut()
                    .enumerate()
                    .for_each(|(n, row)| row.push((n / 10).to_string()));
            },
        ),
        Kind::new("scans-fewer-than-events", &REGRESSORS, told(EVENTS), |s, _| {
            let n: usize = s.one("n_scans").parse().unwrap_or(60);
            s.give("n_scans", vec![(n / 3).to_string()]);
        }),
        Kind::new("header-alone-tells-time", &CLEAN, same(1e-5, 0.0), |s, _| {
            s.files.remove("lpp.toml");
        }),
        Kind::new("header-in-milliseconds", &CLEAN, same(1e-5, 0.0), |s, _| {
            s.files.image("bold.nii.gz").time = (1000.0 * tr_of(s) as f32, 16);
            s.files.remove("lpp.toml");
        }),
        Kind::new("header-in-microseconds", &CLEAN, same(1e-5, 0.0), |s, _| {
            s.files.image("bold.nii.gz").time = (1e6 * tr_of(s) as f32, 24);
            s.files.remove("lpp.toml");
        }),
        Kind::new(
            "header-without-a-unit",
            &CLEAN,
            same(1e-5, 0.0).or_told(TR),
            |s, _| {
                s.files.image("bold.nii.gz").time.1 = 0;
                s.files.remove("lpp.toml");
            },
        ),
        Kind::new(
            "header-says-nothing-of-time",
            &CLEAN,
            same(1e-5, 0.0),
            |s, rng| {
                s.files.image("bold.nii.gz").time = (rng.pick(&[0.0, 1.0]), 0);
            },
        ),
        Kind::new(
            "header-in-hertz",
            &CLEAN,
            told(TR).or_refused(&["unit", "hz", "repetition"]),
            |s, _| {
                s.files.image("bold.nii.gz").time = (0.5, 32);
                s.files.remove("lpp.toml");
            },
        ),
        Kind::new("milliseconds-called-seconds", &CLEAN, told(TR), |s, _| {
            s.files.image("bold.nii.gz").time = (1000.0 * tr_of(s) as f32, 8);
        }),
        Kind::new("settings-against-header", &CLEAN, told(TR), |s, rng| {
            let other = rng.pick(&[1.0, 2.5, 0.72]);
            set_tr(s, other);
        }),
        Kind::new("flag-against-header", &CLEAN, told(TR), |s, rng| {
            let other = rng.pick(&["1", "2.5", "0.72"]);
            s.flag("lpp-clean", &["--tr", other]);
        }),
        Kind::new("sidecar-against-header", &CLEAN, told(TR), |s, rng| {
            let other = rng.pick(&["1.0", "2.5", "0.72"]);
            s.files
                .put_text("bold.json", format!("{{\"RepetitionTime\": {other}}}"));
        }),
        Kind::new("sidecar-alone-tells-time", &CLEAN, same(1e-5, 0.0), |s, _| {
            s.files
                .put_text("bold.json", format!("{{\"RepetitionTime\": {:?}}}", tr_of(s)));
            s.files.image("bold.nii.gz").time = (1.0, 0);
            s.files.remove("lpp.toml");
        }),
        Kind::new(
            "average-header-alone-tells-time",
            &AVERAGE_IMAGES,
            same(1e-5, 0.0),
            |s, _| {
                s.files.remove("lpp.toml");
            },
        ),
        Kind::new(
            "average-settings-against-headers",
            &AVERAGE_IMAGES,
            told(TR),
            |s, _| set_tr(s, 3.1),
        ),
        Kind::new("one-run-of-another-rate", &AVERAGE_IMAGES, told(TR), |s, rng| {
            let path = format!(
                "in/sub-{n}/func/sub-{n}_task-a_run-{}_bold.nii.gz",
                1 + rng.below(3),
                n = 1 + rng.below(3)
            );
            s.files.image(&path).time.0 = 0.9;
        }),
        Kind::new(
            "one-subject-of-another-rate",
            &AVERAGE_IMAGES,
            told(TR),
            |s, _| {
                for path in s.files.under("in/sub-2/", ".nii.gz") {
                    s.files.image(&path).time.0 = 0.72;
                }
                s.files.remove("lpp.toml");
            },
        ),
        Kind::new("resampled-milliseconds", &RESAMPLE, same(1e-6, 1e-6), |s, _| {
            let tr = tr_of(s);
            s.files.image("bold.nii.gz").time = (1000.0 * tr as f32, 16);
        }),
        Kind::new("resampled-microseconds", &RESAMPLE, same(1e-6, 1e-6), |s, _| {
            let tr = tr_of(s);
            s.files.image("bold.nii.gz").time = (1e6 * tr as f32, 24);
        }),
    ]
}

fn tr_of(study: &Study) -> f64 {
    study.one("tr").parse().unwrap_or(2.0)
}

/// Writes another repetition time into the settings.
fn set_tr(study: &mut Study, tr_s: f64) {
    let old = format!("tr_s = {:?}", tr_of(study));
    let text = &mut study.files.text("lpp.toml").text;
    assert!(text.contains(&old), "{text}");
    *text = text.replace(&old, &format!("tr_s = {tr_s:?}"));
}

fn each_time(study: &mut Study, change: impl Fn(f64) -> f64) {
    let table = study.files.table("words_en.csv");
    table.each_number("onset_s", &change);
    table.each_number("offset_s", &change);
}

fn each_event(study: &mut Study, change: impl Fn(f64) -> f64) {
    let table = study.files.table("events.csv");
    table.each_number("onset", &change);
    table.each_number("offset", &change);
}

/// Adds the column of durations, too long by `wrong` seconds.
fn add_duration(study: &mut Study, wrong: f64) {
    let Content::Table(mut table) = study.files.remove("events.csv") else {
        return;
    };
    for row in &mut table.rows {
        let [on, off] = [0, 1].map(|c| row[c].parse::<f64>().unwrap_or(0.0));
        row.push(number(off - on + wrong));
    }
    table.header.push("duration".to_owned());
    let header: Vec<&str> = table.header.iter().map(String::as_str).collect();
    let with = Table::new(&header, table.rows.clone());
    study.files.put("events.csv", Content::Table(with));
}
