//! Where the numbers of the page come from.

use std::fmt::Write;

use lpp_steps::{Provenance, Software};
use sha2::{Digest, Sha256};

use super::facts::program;
use crate::plot::escape;

/// One sentence for the summary: programs, commits, inputs.
pub(crate) fn sentence(made: &Provenance, software: Software) -> String {
    format!(
        "Tables by {}, page by {}, from {} files; SHA-256 over all of them <code>{}</code>.",
        escape(&program(&made.software, made.commit.as_deref())),
        escape(&page_program(software)),
        made.inputs.len(),
        fingerprint(made)
    )
}

/// The section with every input file and its hash.
pub(crate) fn section(made: &Provenance, software: Software) -> String {
    let commit = |commit: Option<&str>| commit.unwrap_or("unknown").to_owned();
    let mut html = format!(
        "<section id=\"provenance\" aria-labelledby=\"provenance-title\">\n<h2 id=\"provenance-title\">Provenance</h2>\n\
         <dl class=\"facts\">\n\
         <div><dt>Tables</dt><dd>{}, commit <code>{}</code></dd></div>\n\
         <div><dt>Page</dt><dd>{} {}, commit <code>{}</code></dd></div>\n\
         <div><dt>Command</dt><dd><code>{}</code></dd></div>\n\
         <div><dt>SHA-256 over the hashes of all inputs</dt><dd><code>{}</code></dd></div>\n</dl>\n\
         <details>\n<summary>{} input files</summary>\n<div class=\"wide\" role=\"region\" tabindex=\"0\" \
         aria-label=\"Input files\"><table>\n<thead><tr><th scope=\"col\">file</th><th scope=\"col\" class=\"n\">bytes</th>\
         <th scope=\"col\">SHA-256</th></tr></thead>\n<tbody>\n",
        escape(&made.software),
        escape(&commit(made.commit.as_deref())),
        software.program,
        software.version,
        escape(&commit(software.commit)),
        escape(&made.command_line()),
        fingerprint(made),
        made.inputs.len()
    );
    for input in &made.inputs {
        let name = input
            .path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(
            html,
            "<tr><td>{}</td><td class=\"n\">{}</td><td><code>{}</code></td></tr>",
            escape(&name),
            input.bytes,
            escape(&input.sha256)
        );
    }
    html.push_str("</tbody>\n</table></div>\n</details>\n</section>\n");
    html
}

fn page_program(software: Software) -> String {
    program(
        &format!("{} {}", software.program, software.version),
        software.commit,
    )
}

/// One hash for all inputs: of their hashes, a line each, in order.
fn fingerprint(made: &Provenance) -> String {
    let mut hasher = Sha256::new();
    for input in &made.inputs {
        hasher.update(input.sha256.as_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
