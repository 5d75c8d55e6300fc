"""Compare the names that lpp-import export writes with the rules of the public BIDS schema.

    lpp-import export DIR --study STUDY
    python crates/lpp-import/tests/check_bids_names.py DIR

Needs bidsschematools (2.0.1). Each file must have the entities, in their order, the suffix, the ending and the folder of a rule for
derivatives. Score maps (_statmap), for which BIDS has no suffix yet, and files of surfaces and grayordinates, for which it has no
rule yet, must have known entities in order and be listed in .bidsignore.
Sidecars and dataset_description.json must have the fields that the schema requires. Exits with 1 at the first file that does not hold.
"""
import fnmatch
import json
import pathlib
import re
import sys

from bidsschematools.schema import load_schema

SCHEMA = load_schema()
ORDER = list(SCHEMA.rules.entities)
SHORT = {key: entity["name"] for key, entity in SCHEMA.objects.entities.items()}
LONG = {short: key for key, short in SHORT.items()}
FORMATS = {"label": re.compile(r"[0-9a-zA-Z+]+"), "index": re.compile(r"[0-9]+")}


def fail(path, what):
    sys.exit(f"{path}: {what}")


def parsed(path):
    """Entities of a name by their long names, suffix and ending."""
    stem, dot, ending = path.name.partition(".")
    *parts, suffix = stem.split("_")
    entities = {}
    for part in parts:
        short, dash, label = part.partition("-")
        if short not in LONG or not dash:
            fail(path, f"no entity {part}")
        key = LONG[short]
        if not FORMATS[SCHEMA.objects.entities[key]["format"]].fullmatch(label):
            fail(path, f"the label of {part} is not of the format {SCHEMA.objects.entities[key]['format']}")
        entities[key] = label
    places = [ORDER.index(key) for key in entities]
    if places != sorted(places) or len(places) != len(parts):
        fail(path, "entities out of order or twice")
    return entities, suffix, dot + ending


def holds(rule, entities, suffix, ending, datatype):
    known = {key: (level if isinstance(level, str) else level.get("level")) for key, level in rule["entities"].items()}
    required = {key for key, level in known.items() if level == "required"}
    return (suffix in rule["suffixes"] and ending in rule["extensions"] and datatype in rule.get("datatypes", [datatype])
            and required <= set(entities) <= set(known))


def rules():
    for group in ("imaging", "preprocessed_data", "tables"):
        yield from SCHEMA.rules.files.deriv[group].values()
    yield from SCHEMA.rules.files.raw["events"].values()


def check(root):
    ignored = (root / ".bidsignore").read_text().split()
    n = 0
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        place = path.relative_to(root)
        n += 1
        if len(place.parts) == 1 and path.name in ("dataset_description.json", "README.md", ".bidsignore"):
            continue
        if path.name == "descriptions.tsv":
            assert path.read_text().startswith("desc_id\tdescription\n"), path
            continue
        entities, suffix, ending = parsed(place)
        folders = [f"sub-{entities['subject']}"] + ([f"ses-{entities['session']}"] if "session" in entities else [])
        if list(place.parts[:-2]) != folders:
            fail(place, f"not in {folders}")
        unnamed = suffix == "statmap" or "hemisphere" in entities or ending in (".dtseries.nii", ".dscalar.nii")
        if unnamed and not any(fnmatch.fnmatch(path.name, pattern) for pattern in ignored):
            fail(place, "not in .bidsignore")
        if not unnamed and not any(holds(rule, entities, suffix, ending, place.parts[-2]) for rule in rules()):
            fail(place, "no rule of the schema allows it")
        if suffix == "bold" and ending == ".json":
            about = json.loads(path.read_text())
            for key in ("RepetitionTime", "TaskName", "SkullStripped"):
                if key not in about:
                    fail(place, f"no {key}")
    about = json.loads((root / "dataset_description.json").read_text())
    for key in ("Name", "BIDSVersion", "DatasetType", "GeneratedBy"):
        if not about.get(key):
            fail("dataset_description.json", f"no {key}")
    print(f"{n} files hold by the rules of BIDS {SCHEMA.bids_version}")


if __name__ == "__main__":
    check(pathlib.Path(sys.argv[1]))
