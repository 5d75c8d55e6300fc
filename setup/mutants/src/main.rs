//! Rewrites the sources of a crate so that one build holds many mutants, of which the environment chooses one.
//!
//! `lpp-mutants list SRC` prints a JSON array of all mutants of the files below the folder SRC. `lpp-mutants apply SRC` reads a
//! JSON array of their numbers from the standard input and rewrites the files: `a + b` becomes `if on(7) { a - b } else { a + b }`.
//! The program is then built once, and `LPP_MUTANT=7` runs the seventh mutant. Building each mutant by itself takes hours.
//!
//! The kinds of mutants are those of cargo-mutants: another operator, no operator, a function that returns at once with a value of
//! its type, a match without an arm, a guard that always or never holds. Constants, patterns, types, arguments of macros and tests
//! are left as they are.

mod bodies;
mod rewrite;

use rewrite::{Chosen, Mutant, rewrite};
use std::{
    error::Error,
    fs,
    io::{Read, stdin},
    path::{Path, PathBuf},
};

/// The switch of the mutants, which goes into the crate that is rewritten.
const SWITCH: &str = r#"
#[doc(hidden)]
pub mod mutant_switch {
    #[must_use]
    #[inline]
    pub fn on(mutant: u32) -> bool {
        static CHOSEN: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
        *CHOSEN.get_or_init(|| std::env::var("LPP_MUTANT").ok().and_then(|n| n.parse().ok()).unwrap_or(u32::MAX)) == mutant
    }
}
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [command, folder] = arguments.as_slice() else {
        return Err("usage: lpp-mutants list|apply FOLDER".into());
    };
    let sources = sources(Path::new(folder))?;
    match command.as_str() {
        "list" => {
            let mut mutants = Vec::new();
            for path in &sources {
                visit(path, &Chosen::None, &mut mutants)?;
            }
            println!("{}", serde_json::to_string(&mutants)?);
        }
        "apply" => {
            let mut text = String::new();
            stdin().read_to_string(&mut text)?;
            let chosen = Chosen::Some(serde_json::from_str(&text)?);
            let mut mutants = Vec::new();
            for path in &sources {
                let file = visit(path, &chosen, &mut mutants)?;
                let switch = if path.ends_with("src/lib.rs") { SWITCH } else { "" };
                fs::write(path, prettyplease::unparse(&file) + switch)?;
            }
        }
        other => return Err(format!("{other}: not a command; list and apply are").into()),
    }
    Ok(())
}

/// Adds the mutants of a file to `mutants`, and gives the file with those that were chosen.
fn visit(path: &Path, chosen: &Chosen, mutants: &mut Vec<Mutant>) -> Result<syn::File, Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let mut file = syn::parse_file(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    rewrite(&mut file, path, chosen, mutants);
    Ok(file)
}

/// The source files below a folder in the order of their names, without those that hold tests alone.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
