//! Completions of `lpp`: the names of programs, and behind a name whatever that program offers.
//!
//! A program's own script is loaded when it is first needed, so that it need not be installed.

use crate::PROGRAMS;

/// The flags of `lpp` itself.
const FLAGS: &str = "--help --version --threads --verbose --quiet --json --man --completions -h -V -v -q";

/// The script of a shell that can ask another command for its completions.
pub(crate) fn script(shell: &str) -> Option<String> {
    let (template, programs) = match shell {
        "bash" => (
            include_str!("completions/lpp.bash"),
            listed(" ", |name, _| name.to_owned()),
        ),
        "zsh" => (
            include_str!("completions/lpp.zsh"),
            listed("\n", |name, about| {
                let about = about.replace(':', "\\:").replace('\'', "'\\''");
                format!("        '{name}:{about}'")
            }),
        ),
        "fish" => (
            include_str!("completions/lpp.fish"),
            listed("\n", |name, about| {
                let about = about.replace('\'', "\\'");
                format!("complete -c lpp -n __lpp_needs_program -a {name} -d '{about}'")
            }),
        ),
        _ => return None,
    };
    Some(
        template
            .replace("@PROGRAMS@", &programs)
            .replace("@FLAGS@", FLAGS),
    )
}

fn listed(separator: &str, entry: impl Fn(&str, &str) -> String) -> String {
    let entries: Vec<String> = PROGRAMS.iter().map(|(name, about)| entry(name, about)).collect();
    entries.join(separator)
}
