#!/usr/bin/env python3
"""Does every program of a finished study read and write what its plan says?

    plan_agrees.py BINARIES STUDY

Compares the plan (lpp-run --dry-run --json --full) with the record beside each output: all planned parameters, no other
parameter than those that only the program can know, and no input that the plan does not name.
"""
import json
import pathlib
import subprocess
import sys

# What a program learns from its inputs.
LEARNT = {
    "lpp-fit": {"tr_s", "layer"},
    "lpp-average": {"tr_s"},
    "lpp-extract": {"window", "overlap"},
}
# Folders whose files a program finds by itself: text, tokenizer and weights.
FOUND = {"lpp-extract": ("text/", "models/")}


def main() -> None:
    binaries, study = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    command = [f"{binaries}/lpp-run", "--study", study, "--dry-run", "--json", "--full"]
    plan = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    problems, n_records = [], 0
    for step in plan["steps"]:
        step = step.get("step", step)
        if step["check"] != "provenance":
            continue
        program = step["program"]
        known = set(step["inputs"]) | {output["path"] for output in step["outputs"]}
        for output in step["outputs"]:
            record = study / (output["path"] + ".json")
            if not (study / output["path"]).exists():
                problems.append(f"{step['id']}: no {output['path']}")
                continue
            record, n_records = json.loads(record.read_text()), n_records + 1
            planned, made = output["parameters"], record["parameters"]
            for name, value in planned.items():
                if made.get(name) != value:
                    problems.append(f"{output['path']}: {name} is {made.get(name)}, planned {value}")
            for name in set(made) - set(planned) - LEARNT.get(program, set()):
                problems.append(f"{output['path']}: {name} is not in the plan")
            for file in record["inputs"]:
                path = pathlib.Path(file["path"])
                path = (study / path).resolve().relative_to(study).as_posix()
                if path not in known and not path.startswith(FOUND.get(program, ("\0",))):
                    problems.append(f"{output['path']}: {path} went in, and is not in the plan")
    if problems:
        sys.exit("\n".join(problems))
    print(f"{len(plan['steps'])} steps, {n_records} records: all as planned")


main()
