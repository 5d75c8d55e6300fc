#!/usr/bin/env python3
"""Mutation testing: changes a crate in many small ways and asks whether its tests notice.

    setup/mutants.py lpp-stats --count 300 --seed 1 --work FOLDER

The mutants are drawn by the seed from all that `setup/mutants` finds, and are written into a copy of the committed tree, so that one
build holds all of them; the environment chooses one (LPP_MUTANT). A mutant that does not compile is replaced by the next one drawn.
The tests of the mutant's own module run first, then all test programs in order of their time, until one fails. Results are appended to
FOLDER/CRATE-SEED.csv; an interrupted call resumes.

The exit status is 1 if no test notices a mutant that setup/mutants/survivors.csv does not list with a reason. A reason holds for a
file, a function and a change, or for a whole file (* and *).
"""

import argparse
import concurrent.futures
import csv
import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KNOWN = ROOT / "setup" / "mutants" / "survivors.csv"
FIELDS = ["file", "line", "function", "change", "result", "test"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("crate", help="folder below crates/")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="mutants at once")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--build-only", action="store_true")
    options = parser.parse_args()
    options.work = options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)

    tree = options.work / f"{options.crate}-{options.seed}"
    chosen_file = options.work / f"{options.crate}-{options.seed}.json"
    if chosen_file.exists():
        state = json.loads(chosen_file.read_text())
    else:
        state = build(tree, options)
        chosen_file.write_text(json.dumps(state))
    if options.build_only:
        return
    results = run(state, options)
    sys.exit(judge(results, options.crate))


def build(tree, options):
    """Writes mutants into a copy of the tree until `count` of them compile; the mutants and the test programs in order of their time."""
    rewriter = options.work / "rewriter"
    subprocess.run(["cargo", "build", "--release", "--manifest-path", ROOT / "setup/mutants/Cargo.toml", "--target-dir", rewriter], check=True)
    rewriter /= "release/lpp-mutants"
    source = tree / "crates" / options.crate / "src"

    def fresh():
        tree.mkdir(exist_ok=True)
        subprocess.run(["tar", "xf", "-", "-C", tree], input=subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout, check=True)
        libtorch = ROOT / "third_party"
        if libtorch.exists() and not (tree / "third_party").exists():
            (tree / "third_party").symlink_to(libtorch)

    fresh()
    mutants = json.loads(subprocess.run([rewriter, "list", source], check=True, capture_output=True).stdout)
    order = random.Random(options.seed).sample(mutants, len(mutants))
    unviable = set()
    while True:
        chosen = [mutant for mutant in order if mutant["id"] not in unviable][: options.count]
        fresh()
        subprocess.run([rewriter, "apply", source], input=json.dumps([mutant["id"] for mutant in chosen]).encode(), check=True)
        wrong = compile_errors(tree, options.crate)
        print(f"{len(mutants)} mutants, {len(chosen)} written, {len(wrong)} of them do not compile", flush=True)
        if not wrong:
            break
        unviable |= wrong
    programs = []
    for program in test_programs(tree, options.crate):
        passed, seconds = run_test(program, None, 3600)
        if not passed:
            sys.exit(f"{program['name']} fails without a mutant")
        programs.append({**program, "seconds": seconds})
    programs.sort(key=lambda program: program["seconds"])
    for mutant in chosen:
        mutant["file"] = str(Path(mutant["file"]).relative_to(tree))
    return {"mutants": chosen, "programs": programs, "possible": len(mutants)}


def cargo(tree, *arguments):
    return subprocess.run(["cargo", *arguments, "--release", "--message-format", "json"], cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def compile_errors(tree, crate):
    """The numbers of the mutants at which the compiler found errors."""
    done = cargo(tree, "check", "--manifest-path", f"crates/{crate}/Cargo.toml", "--lib")
    wrong = set()
    for line in done.stdout.splitlines():
        message = json.loads(line).get("message") if line.startswith("{") else None
        if message and message["level"] == "error" and message["spans"]:
            wrong |= set().union(*(nearest_mutants(tree, span) for span in message["spans"]))
    if done.returncode and not wrong:
        sys.exit(done.stderr)
    return wrong


def nearest_mutants(tree, span):
    """The mutants on the lines of an error; if there is none, the last one before it."""
    path = tree / span["file_name"]
    if not path.exists():
        return set()
    lines = path.read_text().splitlines()
    switch = re.compile(r"mutant_switch::on\(\s*(\d+)")
    at = "\n".join(lines[span["line_start"] - 2 : span["line_end"] + 1])
    found = {int(number) for number in switch.findall(at)}
    if not found:
        before = switch.findall("\n".join(lines[: span["line_end"]]))
        found = {int(before[-1])} if before else set()
    return found


def test_programs(tree, crate):
    done = cargo(tree, "test", "--manifest-path", f"crates/{crate}/Cargo.toml", "--no-run", "--lib", "--tests")
    if done.returncode:
        sys.exit(done.stderr)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return [
        {
            "name": message["target"]["name"],
            "path": message["executable"],
            "folder": str(tree / "crates" / crate),
            "unit": "lib" in message["target"]["kind"],
        }
        for message in messages
        if message.get("executable") and message.get("profile", {}).get("test")
    ]


def run_test(program, mutant, limit, only=()):
    """Whether a test program, or those of its tests that are named, passes, and its seconds. What exceeds the limit does not pass."""
    environment = {**os.environ, "LPP_MUTANT": str(mutant)} if mutant is not None else dict(os.environ)
    environment.setdefault("CARGO_MANIFEST_DIR", program["folder"])
    begin = time.monotonic()
    try:
        done = subprocess.run([program["path"], "-q", *only], cwd=program["folder"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=limit)
        return done.returncode == 0, time.monotonic() - begin
    except subprocess.TimeoutExpired:
        return False, time.monotonic() - begin


def run(state, options):
    """Runs the mutants that have no result yet; all results."""
    path = options.work / f"{options.crate}-{options.seed}.csv"
    done = list(csv.DictReader(path.open())) if path.exists() else []
    seen = {(row["file"], row["line"], row["function"], row["change"], row["n"]) for row in done}
    counts, waiting = {}, []
    for mutant in sorted(state["mutants"], key=lambda mutant: mutant["id"]):
        key = (mutant["file"], str(mutant["line"]), mutant["function"], mutant["change"])
        counts[key] = counts.get(key, 0) + 1  # two like changes may stand on one line
        if (*key, str(counts[key])) not in seen:
            waiting.append((mutant, counts[key]))
    with path.open("a", newline="") as file, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        writer = csv.DictWriter(file, [*FIELDS, "n"])
        if not done:
            writer.writeheader()
        for row in pool.map(lambda item: try_mutant(*item, state["programs"]), waiting):
            writer.writerow(row)
            file.flush()
            done.append(row)
    return done


def try_mutant(mutant, n, programs):
    row = {**{field: str(mutant[field]) for field in FIELDS[:4]}, "n": str(n), "result": "survived", "test": ""}
    own = [(program, [module(mutant["file"])]) for program in programs if program["unit"]]
    for program, only in own + [(program, []) for program in programs]:
        limit = 30 + 10 * program["seconds"]
        passed, seconds = run_test(program, mutant["id"], limit, only)
        if not passed:
            return {**row, "result": "timed out" if seconds >= limit else "caught", "test": " ".join([program["name"], *only])}
    return row


def module(file):
    """The path of a module as its tests are named: `space::affine` of crates/lpp-fmri/src/space/affine.rs."""
    parts = Path(file).with_suffix("").parts[3:]
    return "::".join(part for part in parts if part not in ("lib", "mod"))


def judge(results, crate):
    reasons = {(row["file"], row["function"], row["change"]) for row in csv.DictReader(KNOWN.open())} if KNOWN.exists() else set()
    survived = [row for row in results if row["result"] == "survived"]
    unknown = [row for row in survived if not reasons & {(row["file"], row["function"], row["change"]), (row["file"], "*", "*")}]
    for row in unknown:
        print(f"{row['file']}:{row['line']}: {row['function']}: {row['change']}")
    print(f"{crate}: {len(results)} mutants, {len(results) - len(survived)} caught, {len(survived) - len(unknown)} survive with a reason, {len(unknown)} without")
    return 1 if unknown else 0


if __name__ == "__main__":
    main()
