//! Collects what each program says of itself, which stands in its own Cargo.toml.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

fn main() {
    let programs = Path::new("..");
    // Where a new program is listed.
    println!("cargo::rerun-if-changed=../../Cargo.toml");
    let mut table = String::from("&[\n");
    let mut folders: Vec<_> = fs::read_dir(programs)
        .expect("the folder of the programs")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    folders.sort();
    for folder in folders {
        let Some(name) = folder.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let manifest = folder.join("Cargo.toml");
        let Ok(text) = fs::read_to_string(&manifest) else {
            continue;
        };
        println!("cargo::rerun-if-changed={}", manifest.display());
        let description = text
            .lines()
            .find_map(|line| line.strip_prefix("description = "))
            .unwrap_or_else(|| panic!("{} without a description", manifest.display()));
        if let Some(short) = name.strip_prefix("lpp-") {
            writeln!(table, "    ({short:?}, {description}),").expect("memory");
        }
    }
    table.push(']');
    let out = env::var("OUT_DIR").expect("set by Cargo");
    fs::write(Path::new(&out).join("programs.rs"), table).expect("the build folder can be written to");
}
