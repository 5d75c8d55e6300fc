//! The report page: one HTML file that needs nothing else. Its words are in `templates/`.

mod facts;
mod methods;
mod niivue;
mod references;
mod viewer;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lpp_analysis::HemisphereRule;
use lpp_files::FileHash;
use lpp_steps::{Provenance, Software};
use lpp_tables::{Kind, Row, Scaling, ScalingRegression, Summary, Table, declarations};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::ReportError;
use crate::figures::{Figure, LeftOut};
use crate::findings::Findings;
use crate::font::{self, Weight};
use crate::further_findings::Line;
use crate::highlights::Highlight;
use crate::maps::STEP;
use crate::planted::PlantedWords;

use facts::program;

pub(crate) use facts::Facts;
pub(crate) use viewer::data as viewer_data;

const STYLE: &str = include_str!("style.css");
const TABLE_SCRIPT: &str = include_str!("tables.js");
const VIEWER_SCRIPT: &str = include_str!("viewer.js");

/// Tables with more rows than this are left to their files: a page of 200 models must stay readable.
const MOST_ROWS: usize = 2000;
/// Tables that are open from the start.
const OPEN: [&str; 2] = [Scaling::NAME, ScalingRegression::NAME];

/// What goes onto the page.
pub(crate) struct Page<'a> {
    /// Headline.
    pub(crate) title: String,
    /// The summary table of the study.
    pub(crate) summary: Vec<Summary>,
    /// What was planted and what came back, of a simulated study.
    pub(crate) planted: Option<PlantedWords>,
    /// What was found, and how sure.
    pub(crate) findings: Vec<Findings>,
    /// What all combinations of choices say, if they were tried.
    pub(crate) all_choices: Option<String>,
    /// Lines about the law of growth, subjects, and explained variance divided.
    pub(crate) further: Vec<Line>,
    /// The paper's own statistics.
    pub(crate) highlights: Vec<Highlight>,
    /// What the viewer of score maps shows.
    pub(crate) maps: Option<Value>,
    /// The figures, in order.
    pub(crate) figures: &'a [Figure],
    /// Figures that are not drawn.
    pub(crate) left_out: &'a [LeftOut],
    /// All tables that there are, in order.
    pub(crate) tables: &'a [Table],
    /// The command that computes the tables.
    pub(crate) command: String,
    /// How left was told from right.
    pub(crate) hemisphere: HemisphereRule,
    /// How scores, scans and regions were made.
    pub(crate) facts: Facts,
    /// Where the tables came from.
    pub(crate) provenance: &'a Provenance,
    /// The program that makes the page.
    pub(crate) software: Software,
}

impl Page<'_> {
    /// The whole document. It makes no request: styles, scripts, maps and figures are in it, and its own policy forbids
    /// everything else, scripts other than these too.
    ///
    /// # Errors
    /// [`ReportError::Page`] if a template fails, which it does not.
    pub(crate) fn to_html(&self) -> Result<String, ReportError> {
        let filled = self.tables.iter().filter(|table| table.n_rows() > 0);
        let (long, shown) = filled.partition(|table| table.n_rows() > MOST_ROWS);
        let without_rows = self.tables.iter().filter(|table| table.n_rows() == 0);
        let missing = |name: &&str| !self.tables.iter().any(|table| table.name() == *name);
        let made = self.provenance;
        let software = format!("{} {}", self.software.program, self.software.version);
        let document = Document {
            page: self,
            policy: policy(),
            fonts: font::face_css(&[Weight::Regular, Weight::Bold]),
            style: STYLE,
            made_by: program(&made.software, made.commit.as_deref()),
            page_by: program(&software, self.software.commit),
            fingerprint: fingerprint(made),
            rounding: STEP / 2.0,
            // Inside a script element only `<` could end it or open a comment.
            maps: self
                .maps
                .as_ref()
                .map(|maps| maps.to_string().replace('<', "\\u003c")),
            viewer: niivue::packed(),
            viewer_name: niivue::NAME,
            licence: niivue::LICENCE,
            shown,
            long,
            without_rows: listed(without_rows.map(Table::name)),
            not_computed: listed(declarations().iter().map(|table| table.name).filter(missing)),
            methods: methods::methods(&self.summary, self.hemisphere, &self.facts)?,
            table_script: TABLE_SCRIPT,
            viewer_script: VIEWER_SCRIPT,
        };
        Ok(document.render()?)
    }
}

/// The page with what its template needs beside.
#[derive(Template)]
#[template(path = "page.html")]
struct Document<'a> {
    page: &'a Page<'a>,
    policy: String,
    fonts: String,
    style: &'static str,
    made_by: String,
    page_by: String,
    fingerprint: String,
    rounding: f64,
    maps: Option<String>,
    viewer: String,
    viewer_name: &'static str,
    licence: &'static str,
    shown: Vec<&'a Table>,
    long: Vec<&'a Table>,
    without_rows: String,
    not_computed: String,
    methods: String,
    table_script: &'static str,
    viewer_script: &'static str,
}

fn is_open(table: &Table) -> bool {
    OPEN.contains(&table.name())
}

/// Names as people read them.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| name.replace('_', " ")).collect();
    names.join(", ")
}

fn file_name(file: &FileHash) -> String {
    let name = file.path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// One hash for all inputs: of their hashes, a line each, in order.
fn fingerprint(made: &Provenance) -> String {
    let lines = made.inputs.iter().flat_map(|input| {
        [
            input.sha256.as_str(),
            "
",
        ]
    });
    let lines: String = lines.collect();
    lpp_files::sha256_of_bytes(lines.as_bytes())
}

/// What the page may do: run these three scripts, show images and use fonts that are in it, and nothing else.
fn policy() -> String {
    let hash = |script: &str| STANDARD.encode(Sha256::digest(script));
    format!(
        "default-src 'none'; script-src 'sha256-{}' 'sha256-{}' 'sha256-{}'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; \
         base-uri 'none'; form-action 'none'",
        hash(TABLE_SCRIPT),
        hash(VIEWER_SCRIPT),
        niivue::SCRIPT_HASH
    )
}
