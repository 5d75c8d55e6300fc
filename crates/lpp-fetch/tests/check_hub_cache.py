#!/usr/bin/env python3
"""Checks that lpp-fetch and Python's huggingface_hub share one cache.

    check_hub_cache.py --bin target/release

Needs huggingface_hub (transformers is used if it is there) and the example `fake_hub` (cargo build --release -p lpp-testkit --example fake_hub). A made-up
repository is served on the loopback. Each side downloads it into a cache of its own; then each must find what the other
fetched with the network forbidden, and both caches must have the same files, links and refs.
"""
import argparse
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile

ID, COMMIT = "openai-community/gpt2", "a1" * 20
FILES = {
    "config.json": b'{"model_type": "gpt2"}',
    "tokenizer.json": b'{"version": "1.0"}',
    "model.safetensors": bytes(range(256)) * 4096,
}


def tree(cache):
    """Paths of a cache with what they hold; locks and notes of Python's own are left out."""
    found = {}
    root = cache / ("models--" + ID.replace("/", "--"))
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = "-> " + os.readlink(path)
        elif path.is_file() and not name.startswith((".no_exist", "trees")):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of the built programs")
    folder = parser.parse_args().bin
    work = pathlib.Path(tempfile.mkdtemp())
    source = work / "source"
    source.mkdir()
    for name, content in FILES.items():
        (source / name).write_bytes(content)
    server = subprocess.Popen([folder / "examples/fake_hub", source, ID, COMMIT, "main"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    endpoint = server.stdout.readline().strip()
    os.environ.update(HF_ENDPOINT=endpoint, HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_TELEMETRY="1")

    def lpp_fetch(home, *flags):
        done = subprocess.run([folder / "lpp-fetch", "model", "gpt2", "--json", *flags],
                              env={"HF_HOME": str(home), "HF_ENDPOINT": endpoint}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return pathlib.Path(json.loads(done.stdout)[0]["folder"])

    import huggingface_hub
    from huggingface_hub import snapshot_download

    print("huggingface_hub", huggingface_hub.__version__)
    ours, theirs = work / "ours", work / "theirs"
    lpp_fetch(ours)
    snapshot_download(ID, cache_dir=theirs / "hub")
    server.stdin.close()
    server.wait()

    # The server is gone: from here on only the caches can answer.
    found = pathlib.Path(snapshot_download(ID, cache_dir=ours / "hub", local_files_only=True))
    assert {path.name: path.read_bytes() for path in found.iterdir()} == FILES, "Python does not find what we fetched"
    found = lpp_fetch(theirs, "--offline")
    assert {path.name: path.read_bytes() for path in found.iterdir()} == FILES, "we do not find what Python fetched"
    try:
        from transformers import AutoConfig
        config = AutoConfig.from_pretrained(ID, cache_dir=ours / "hub", local_files_only=True)
        assert config.model_type == "gpt2"
        print("transformers finds the configuration")
    except ImportError:
        print("transformers is not installed: not checked")
    assert tree(ours / "hub") == tree(theirs / "hub"), (tree(ours / "hub"), tree(theirs / "hub"))
    print("ok: each finds what the other fetched; same blobs, links and refs")


if __name__ == "__main__":
    main()
