#!/usr/bin/env python3
"""Help, man page and completions of every program and command, as shells and man see them.

    setup/test-shells.py BINARIES

bash must offer the flags of each command; zsh and fish must be able to read their scripts, and fish must offer the commands. Behind
`lpp`, each shell must offer what it offers of the program. A shell or man that is not installed is named, and is an error if
LPP_NEED_SHELLS is set.
"""
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 120  # Columns of the prose of a help text.


def run(*command, **settings):
    return subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings)


def told(*command, **settings):
    """What a command prints; it must succeed and print no error."""
    done = run(*command, **settings)
    assert done.returncode == 0 and not done.stderr.strip(), f"{' '.join(map(str, command))}: {done.returncode} {done.stderr[:300]}"
    return done.stdout


def commands(text):
    """The commands that a help text lists."""
    listed = re.search(r"^Commands:\n((?:  .*\n|\n)+?)(?=^\S|\Z)", text, re.M)
    return [name for name in re.findall(r"^  (\S+) ", listed[1], re.M) if name != "help"] if listed else []


def flags(text):
    """The flags that a help text names at the beginning of a line."""
    return set(re.findall(r"^\s+(?:-\w, )?(--[a-z][a-z0-9-]*)", text, re.M))


def check_help(program, words):
    text = told(program, *words, "--help")
    name = " ".join([program.name, *words])
    assert f"Usage: {name}" in text, f"{name}: no usage line"
    assert {"--man", "--completions"} <= flags(text), f"{name}: --man and --completions are not in the help"
    prose = [line for line in text.splitlines() if not line.strip().startswith(("Usage:", "lpp-"))]
    long = [line for line in prose if len(line) > LONGEST and "  " not in line.strip()]
    assert not long, f"{name}: a line of {len(long[0])} columns: {long[0]}"
    assert words or "Example" in text, f"{name}: no example"
    return text


def check_man(program, words, man):
    page = told(program, *words, "--man")
    assert page.startswith((".ie", ".TH")), page[:80]
    if man:
        with tempfile.NamedTemporaryFile("w", suffix=".1") as file:
            file.write(page)
            file.flush()
            shown = told(man, "--warnings", "-E", "UTF-8", "-l", "-P", "cat", file.name, env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"})
        assert "NAME" in shown and "OPTIONS" in shown, f"{program.name} {words}: {shown[:200]}"


def check_bash(program, words, expected):
    """bash must offer all flags of a command after `--`."""
    # As the shell does it: words, place of the cursor, and the function that the script names.
    line = [program.name, *words, "--"]
    script = f"""
eval "$("{program}" --completions bash)"
COMP_WORDS=({' '.join(line)}) COMP_CWORD={len(line) - 1}
function=$(complete -p {program.name} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
$function {program.name} -- {line[-2]}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    offered = set(told("bash", "-c", script).split())
    assert expected <= offered, f"bash, {' '.join(line)}: not offered: {sorted(expected - offered)}"


def check_zsh(zsh, program):
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(told(program, "--completions", "zsh"))
        file.flush()
        told(zsh, "-n", file.name)


def check_fish(fish, program, names):
    script = told(program, "--completions", "fish")
    told(fish, "--no-execute", "-c", script)
    offered = {line.split("\t")[0] for line in told(fish, "-c", f'{script}\ncomplete -C "{program.name} "').splitlines()}
    assert set(names) <= offered, f"fish, {program.name}: not offered: {sorted(set(names) - offered)}"


def after_tab(zsh, script, line, folder):
    """A line as an interactive zsh leaves it after the key Tab."""
    shown, settings = folder / "shown", folder / ".zshrc"
    shown.unlink(missing_ok=True)
    settings.write_text(f"""
autoload -Uz compinit; compinit -u -d {folder}/dump
source {script}
show() {{ print -r -- "$BUFFER" > {shown}.new; mv {shown}.new {shown} }}
zle -N show; bindkey '^X' show
PS1=ready
""")
    child, terminal = pty.fork()
    if child == 0:
        os.execve(zsh, [zsh, "-i"], {**os.environ, "ZDOTDIR": str(folder), "TERM": "dumb"})
    said, deadline, typed = b"", time.monotonic() + 60, False
    try:
        while not shown.exists() and time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.1)[0]:
                said += os.read(terminal, 65536)
            if b"ready" in said and not typed:
                os.write(terminal, line.encode() + b"\t\x18")
                typed = True
        assert shown.exists(), f"zsh said {said[-300:]!r}"
        return shown.read_text().rstrip("\n").rstrip()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)


def check_behind_lpp(lpp, tools, names):
    """`lpp fit --…` must be completed as `lpp-fit --…` is."""
    os.environ["PATH"] = f"{lpp.parent}{os.pathsep}{os.environ['PATH']}"
    for name in names:
        program = lpp.parent / f"lpp-{name}"
        text = told(program, "--help")
        check_bash(lpp, [name], flags(text))
        for command in commands(text):
            check_bash(lpp, [name, command], flags(told(program, command, "--help")))
    lines = {"lpp surf": "lpp surface", "lpp fit --keep-m": "lpp fit --keep-model", "lpp import feat": "lpp import features", "lpp score pairs --lead": "lpp score pairs --leading-space"}
    if tools["fish"]:
        script = told(lpp, "--completions", "fish")
        for line, whole in lines.items():
            offered = [entry.split("\t")[0] for entry in told(tools["fish"], "-c", f'{script}\ncomplete -C "{line}"').splitlines() if entry]
            assert whole.split()[-1] in offered, f"fish, {line}: {offered}"
    if tools["zsh"]:
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            (folder / "lpp.zsh").write_text(told(lpp, "--completions", "zsh"))
            for line, whole in lines.items():
                found = after_tab(tools["zsh"], folder / "lpp.zsh", line, folder)
                assert found == whole, f"zsh, {line}: {found!r}"


def main():
    binaries = Path(sys.argv[1]).resolve()
    tools = {tool: shutil.which(tool) for tool in ("man", "zsh", "fish")}
    missing = [tool for tool, path in tools.items() if not path]
    if missing:
        print(f"test-shells: skipped: not installed: {', '.join(missing)}", file=sys.stderr)
        if os.environ.get("LPP_NEED_SHELLS"):
            raise SystemExit(1)
    n = 0
    for folder in sorted((ROOT / "bins").iterdir()):
        program = binaries / folder.name
        text = check_help(program, [])
        names = commands(text)
        # The commands of lpp are programs, whose help is their own.
        own = [] if program.name == "lpp" else names
        for words in [[], *([name] for name in own)]:
            of = text if not words else check_help(program, words)
            check_man(program, words, tools["man"])
            check_bash(program, words, flags(of))
            n += 1
        if tools["zsh"]:
            check_zsh(tools["zsh"], program)
        if tools["fish"]:
            check_fish(tools["fish"], program, names)
        if program.name == "lpp":
            check_behind_lpp(program, tools, names)
    assert n > 20, n
    print(f"test-shells: {n} programs and commands: help, man page, completions")


if __name__ == "__main__":
    main()
