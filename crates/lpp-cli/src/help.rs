//! Help texts, man pages and completions, from one command.

use std::ffi::OsString;

use anyhow::{Context, bail};
use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command};
use clap_complete::Shell;

/// The command of a program for display: without the backticks of doc comments, which a terminal would show, and with
/// the two flags that every program handles before it reads the others.
pub(crate) fn shown(command: Command) -> Command {
    let man = Arg::new("man")
        .long("man")
        .global(true)
        .action(ArgAction::SetTrue)
        .help("Print the man page")
        .help_heading(COMMON);
    let completions = Arg::new("completions")
        .long("completions")
        .global(true)
        .value_name("SHELL")
        .value_parser(clap::value_parser!(Shell))
        .help("Print the completions of a shell")
        .help_heading(COMMON);
    plain(command).arg(man).arg(completions)
}

/// Heading of the flags that all programs have.
pub(crate) const COMMON: &str = "Common options";

fn plain(mut command: Command) -> Command {
    let text = |text: Option<&StyledStr>| text.map(|text| text.to_string().replace('`', ""));
    let (about, long) = (text(command.get_about()), text(command.get_long_about()));
    let (after, after_long) = (
        text(command.get_after_help()),
        text(command.get_after_long_help()),
    );
    if let Some(about) = about {
        command = command.about(about);
    }
    if let Some(long) = long {
        command = command.long_about(long);
    }
    if let Some(after) = after {
        command = command.after_help(after);
    }
    if let Some(after) = after_long {
        command = command.after_long_help(after);
    }
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names {
        command = command.mut_subcommand(name, plain);
    }
    command.mut_args(|mut arg| {
        let (help, long) = (text(arg.get_help()), text(arg.get_long_help()));
        if let Some(help) = help {
            arg = arg.help(help);
        }
        if let Some(long) = long {
            arg = arg.long_help(long);
        }
        arg
    })
}

/// The output of `--man` or `--completions SHELL`, if one of them is given. The man page is that of the subcommand, if
/// one is given; `own` has the completions of a program that writes them itself.
///
/// # Errors
/// If the shell is unknown or the page cannot be made.
pub(crate) fn for_shell(
    command: &Command,
    arguments: &[OsString],
    own: impl Fn(&str) -> Option<String>,
) -> Option<anyhow::Result<Vec<u8>>> {
    let words: Vec<&str> = arguments
        .iter()
        .skip(1)
        .map(|word| word.to_str().unwrap_or_default())
        .take_while(|word| *word != "--")
        .collect();
    if words.contains(&"--man") {
        return Some(man_page(command.clone(), &words));
    }
    let place = words
        .iter()
        .position(|word| *word == "--completions" || word.starts_with("--completions="))?;
    let shell = words[place]
        .strip_prefix("--completions=")
        .or_else(|| words.get(place + 1).copied());
    let shell = shell.unwrap_or_default();
    Some(own(shell).map_or_else(
        || completions(command.clone(), shell),
        |script| Ok(script.into_bytes()),
    ))
}

fn man_page(command: Command, words: &[&str]) -> anyhow::Result<Vec<u8>> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let mut page = &command;
    for word in words {
        page = page.find_subcommand(word).unwrap_or(page);
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(page.clone())
        .render(&mut text)
        .context("cannot write the man page")?;
    Ok(text)
}

fn completions(mut command: Command, shell: &str) -> anyhow::Result<Vec<u8>> {
    let Ok(known) = shell.parse::<Shell>() else {
        bail!("--completions takes bash, elvish, fish, powershell or zsh, not {shell:?}");
    };
    let name = command.get_name().to_owned();
    let mut text = Vec::new();
    clap_complete::generate(known, &mut command, &name, &mut text);
    if known == Shell::Bash {
        // clap_complete writes the dash of a program's name as "__" where it sets the state and as "__subcmd__" where it
        // compares it, so that nothing behind a subcommand would be offered.
        let script = String::from_utf8_lossy(&text);
        let compared = name.replace('-', "__subcmd__");
        text = script.replace(&compared, &name.replace('-', "__")).into_bytes();
    }
    Ok(text)
}
