"""The files of a study, for comparing two: study_files.py STUDY STUDY."""
import json
import sys
from hashlib import sha256
from pathlib import Path

TIMES = {"wall_s", "peak_memory_bytes"}


def snapshot(study):
    """Every file by name with its hash, records without their times; logs, temporary and hidden files are left out."""
    files = {}
    for path in sorted(study.rglob("*")):
        name = path.relative_to(study)
        if not path.is_file() or name.parts[0] == "run" or any(part.startswith(".") for part in name.parts):
            continue
        content = path.read_bytes()
        if path.suffix == ".json" and name.parts[0] != "models":
            record = timeless(json.loads(content))
            if path.name.startswith("canary_"):  # made by whichever fit comes first
                record.pop("command", None)
            content = json.dumps(record, sort_keys=True).encode()
        files[str(name)] = sha256(content).hexdigest()
    return files


def timeless(record):
    """A record without times, and without hashes of the sidecars of scores, which hold times."""
    if isinstance(record, dict):
        if str(record.get("path", "")).endswith(".json") and "sha256" in record:
            return {"path": record["path"]}
        return {key: timeless(value) for key, value in record.items() if key not in TIMES}
    return [timeless(value) for value in record] if isinstance(record, list) else record


def differing(first, second):
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))


if __name__ == "__main__":
    one, other = (snapshot(Path(folder)) for folder in sys.argv[1:])
    names = differing(one, other)
    if names:
        sys.exit(f"{len(names)} of {len(one)} files differ: {names}")
    print(f"{len(one)} files, all equal")
