//! Serves a folder as a repository of a model hub, for clients in other languages. Prints the address, then waits
//! until its stdin is closed.
//!
//! `fake_hub FOLDER ID COMMIT NAME...`

use std::io::Read;

use lpp_testkit::{FakeHub, FakeRepo};

#[expect(clippy::print_stdout, reason = "the address is what the caller waits for")]
fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, id, commit, names @ ..] = arguments.as_slice() else {
        return Err(std::io::Error::other("usage: fake_hub FOLDER ID COMMIT NAME..."));
    };
    let mut repo = FakeRepo {
        id: id.clone(),
        commit: commit.clone(),
        names: names.to_vec(),
        ..FakeRepo::default()
    };
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            repo.files.insert(name, std::fs::read(&path)?);
        }
    }
    let hub = FakeHub::start(vec![repo]);
    println!("{}", hub.endpoint());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
