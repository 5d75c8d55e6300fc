//! The report page: one HTML file that needs nothing else.

mod facts;
mod methods;
mod niivue;
mod origin;
mod references;
mod table;
mod viewer;

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lpp_analysis::{HemisphereRule, Table};
use lpp_steps::{Provenance, Software};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::figures::Figure;
use crate::font::{self, Weight};
use crate::highlights::Highlight;
use crate::plot::escape;

pub(crate) use facts::Facts;
pub(crate) use viewer::data as viewer_data;

const STYLE: &str = include_str!("style.css");
const TABLE_SCRIPT: &str = include_str!("tables.js");
const VIEWER_SCRIPT: &str = include_str!("viewer.js");

/// Parts of the page, for its table of contents.
const PARTS: [(&str, &str); 6] = [
    ("summary", "Summary"),
    ("maps", "Score maps"),
    ("figures", "Figures"),
    ("tables", "Tables"),
    ("methods", "Methods"),
    ("provenance", "Provenance"),
];

/// What goes onto the page.
pub(crate) struct Page<'a> {
    /// Headline.
    pub(crate) title: String,
    /// The summary table of the study.
    pub(crate) summary: &'a Table,
    /// Headline results.
    pub(crate) highlights: Vec<Highlight>,
    /// What the viewer of score maps shows.
    pub(crate) maps: Value,
    /// The figures, in order.
    pub(crate) figures: &'a [Figure],
    /// The tables, in order.
    pub(crate) tables: Vec<&'a Table>,
    /// Names of tables that are too long for the page, with their numbers of rows.
    pub(crate) left_out: Vec<(String, usize)>,
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
    pub(crate) fn to_html(&self) -> String {
        let mut html = String::new();
        let title = escape(&self.title);
        let _ = write!(
            html,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{}\n{STYLE}</style>\n\
             </head>\n<body>\n<a class=\"skip\" href=\"#summary\">Skip to the results</a>\n<header>\n<h1>{title}</h1>\n",
            policy(),
            font::face_css(&[Weight::Regular, Weight::Bold])
        );
        self.write_contents(&mut html);
        html.push_str("</header>\n<main>\n");
        self.write_summary(&mut html);
        html.push_str(&viewer::section(&self.maps));
        self.write_figures(&mut html);
        self.write_tables(&mut html);
        let _ = write!(
            html,
            "<section id=\"methods\" aria-labelledby=\"methods-title\">\n<h2 id=\"methods-title\">Methods</h2>\n{}</section>\n",
            methods::methods(self.summary, self.hemisphere, &self.facts)
        );
        html.push_str(&origin::section(self.provenance, self.software));
        let _ = write!(
            html,
            "</main>\n<footer>\n<details>\n<summary>Licence of the viewer, {}</summary>\n<pre>{}</pre>\n</details>\n</footer>\n\
             <script>{TABLE_SCRIPT}</script>\n<script>{VIEWER_SCRIPT}</script>\n</body>\n</html>\n",
            niivue::NAME,
            escape(niivue::LICENCE)
        );
        html
    }

    fn write_contents(&self, html: &mut String) {
        html.push_str("<nav aria-label=\"Contents\">\n<ul>\n");
        for (id, name) in PARTS
            .iter()
            .filter(|(id, _)| *id != "figures" || !self.figures.is_empty())
        {
            let _ = writeln!(html, "<li><a href=\"#{id}\">{name}</a></li>");
        }
        html.push_str("</ul>\n</nav>\n");
    }

    fn write_summary(&self, html: &mut String) {
        html.push_str(
            "<section id=\"summary\" aria-labelledby=\"summary-title\">\n<h2 id=\"summary-title\">Summary</h2>\n",
        );
        if self.facts.simulated {
            html.push_str(
                "<p class=\"notice\">A simulated study: text, models and scans were made by lpp-simulate, with planted effects.</p>\n",
            );
        }
        html.push_str("<dl class=\"cards\">\n");
        for Highlight { value, name, table } in &self.highlights {
            let _ = writeln!(
                html,
                "<div><dt>{}</dt><dd data-table=\"{table}\">{}</dd></div>",
                escape(name),
                escape(value)
            );
        }
        let _ = write!(
            html,
            "</dl>\n<p class=\"hint\">{}</p>\n</section>\n",
            origin::sentence(self.provenance, self.software)
        );
    }

    fn write_figures(&self, html: &mut String) {
        if self.figures.is_empty() {
            return;
        }
        html.push_str(
            "<section id=\"figures\" aria-labelledby=\"figures-title\">\n<h2 id=\"figures-title\">Figures</h2>\n",
        );
        for figure in self.figures {
            let _ = write!(
                html,
                "<figure id=\"figure-{}\">\n<div class=\"drawing\">{}</div>\n<figcaption>{}</figcaption>\n</figure>\n",
                escape(&figure.id),
                figure.svg.replacen(
                    "<svg ",
                    &format!("<svg aria-label=\"{}\" ", escape(&figure.alt)),
                    1
                ),
                escape(&figure.caption)
            );
        }
        html.push_str("</section>\n");
    }

    fn write_tables(&self, html: &mut String) {
        html.push_str(
            "<section id=\"tables\" aria-labelledby=\"tables-title\">\n<h2 id=\"tables-title\">Tables</h2>\n\
             <p class=\"hint\">Press a column's head to sort by it, once more for the other direction.</p>\n\
             <p id=\"sorted\" class=\"unseen\" role=\"status\"></p>\n",
        );
        for table in self.tables.iter().filter(|table| table.n_rows() > 0) {
            table::write(html, table);
        }
        for (name, n_rows) in &self.left_out {
            let _ = writeln!(
                html,
                "<p class=\"hint\">The table {} has {n_rows} rows, too many for a page; it lies in the study’s results/ folder.</p>",
                escape(&name.replace('_', " "))
            );
        }
        html.push_str("</section>\n");
    }
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
