//! Spherical regions and their table of centres.

use super::shared::any_storage;
use crate::answer::{Answer, refused, same, told};
use crate::files::{Encoding, TextStyle};
use crate::kind::Kind;
use crate::random::Draw;
use crate::scenes::SPHERES;
use crate::study::Study;

const EXACT: Answer = same(0.0, 0.0);

pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        Kind::new("spheres-mask-any-storage", &SPHERES, EXACT, |s, rng| {
            s.files.image("mask.nii.gz").storage = any_storage(rng);
        }),
        Kind::new("sphere-outside", &SPHERES, told(&["away"]), |s, rng| {
            let far = rng.pick(&["-80", "90", "200"]);
            rows(s).push(["away", far, "60", "0"].map(str::to_owned).to_vec());
        }),
        Kind::new(
            "two-spheres-of-one-name",
            &SPHERES,
            refused(&["near", "twice"]),
            |s, _| {
                rows(s)[1][0] = "near".to_owned();
            },
        ),
        Kind::new(
            "sphere-name-with-a-path",
            &SPHERES,
            refused(&["name"]),
            |s, rng| {
                rows(s)[1][0] = rng.pick(&["../near", "a/b", "", "."]).to_owned();
            },
        ),
        Kind::new(
            "sphere-without-a-place",
            &SPHERES,
            refused(&["row", "spheres.csv"]),
            |s, rng| {
                let (row, column) = (rng.below(3), 1 + rng.below(3));
                rows(s)[row][column] = rng.pick(&["", "nan", "left", "1,5"]).to_owned();
                s.files.table("spheres.csv").quoted = true;
            },
        ),
        Kind::new("spheres-of-excel", &SPHERES, EXACT, |s, _| {
            s.files.table("spheres.csv").style = TextStyle {
                line_end: "\r\n",
                encoding: Encoding::Utf8Marked,
            };
        }),
        Kind::new("spheres-columns-in-another-order", &SPHERES, EXACT, |s, rng| {
            let order = rng.shuffled(4);
            s.files.table("spheres.csv").take_columns(&order);
        }),
        Kind::new(
            "spheres-radius-of-nothing",
            &SPHERES,
            refused(&["radius", "voxel"]),
            |s, rng| {
                let odd = rng.pick(&["-5", "nan", "inf", "10000000"]);
                s.give("radius", vec![odd.to_owned()]);
            },
        ),
    ]
}

fn rows(study: &mut Study) -> &mut Vec<Vec<String>> {
    &mut study.files.table("spheres.csv").rows
}
