"""What docs/gpu.md leaves open: parity with transformers and tokens a second on a device.

    python benches/peers/gpu.py --bin target/release --work FOLDER [--device cuda:0] [--models gpt2-xl llama-2-7b] [--layers N]

Parity: every committed case of fixtures/llm through `lpp-extract hidden-states --device D`, in f32 and bf16, against the stored hidden
states of transformers; the largest difference relative to the layer's largest value, a row a case.

Speed: random checkpoints in FOLDER (3 and 13 GB, made once by random_checkpoint.py), eight windows of 1024 tokens, as the difference
between sixteen and eight windows, so that starting, hashing and loading do not count; median of 3. --layers makes shallow models, to
try the script. Needs NumPy.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(HERE, "..", "..", "fixtures", "llm")
N_TOKENS, N_WINDOWS = 1024, 8


def tensors(path):
    with open(path, "rb") as f:
        size = int.from_bytes(f.read(8), "little")
        header = json.loads(f.read(size))
        data = f.read()
    header.pop("__metadata__", None)
    return {name: np.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"]) for name, entry in header.items()}


def extract(args, *flags):
    command = [os.path.join(args.bin, "lpp-extract"), "-q", "hidden-states", "--device", args.device, *flags]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr.strip())
    return time.perf_counter() - start


def parity(args):
    out = os.path.join(args.work, "out.safetensors")
    seed = str(json.load(open(os.path.join(CASES, "manifest.json")))["seed"])
    print(f"{'':26}{'f32':>10}{'bf16':>10}")
    for case in sorted(name for name in os.listdir(CASES) if os.path.isdir(os.path.join(CASES, name))):
        folder = os.path.join(CASES, case)
        flags = ["--seed", seed, "--no-dropout"] if case.startswith("untrained_") else []
        row = []
        for dtype in ("f32", "bf16"):
            extract(args, "--dtype", dtype, "--model-dir", folder, "--ids", f"{folder}/ids.npy", "--attention-mask", f"{folder}/mask.npy",
                    "-o", out, *flags)
            found, expected = tensors(out), tensors(f"{folder}/expected.safetensors")
            row.append(max(float(abs(found[name] - e).max() / abs(e).max()) for name, e in expected.items()))
        print(f"{case:26}" + "".join(f"{value:10.1e}" for value in row), flush=True)


def speed(args, model):
    folder = os.path.join(args.work, model)
    if not os.path.exists(os.path.join(folder, "ids.npy")):
        layers = ["--layers", str(args.layers)] if args.layers else []
        subprocess.run([sys.executable, os.path.join(HERE, "random_checkpoint.py"), folder, "--model", model, "--windows", "1", *layers],
                       check=True, stdout=subprocess.DEVNULL)
    config = json.load(open(os.path.join(folder, "config.json")))
    counts = (N_WINDOWS, 2 * N_WINDOWS)
    ids = [os.path.join(folder, f"ids-{n}.npy") for n in counts]
    for path, n in zip(ids, counts):
        np.save(path, np.random.default_rng(1).integers(0, config["vocab_size"], (n, N_TOKENS)))
    for dtype in ("f32", "bf16"):
        flags = ["--dtype", dtype, "--model-dir", folder, "-o", os.path.join(folder, "out.safetensors"), "--ids"]
        differences = []
        for _ in range(3):
            few, many = (extract(args, *flags, path) for path in ids)
            differences.append(many - few)
        seconds = statistics.median(differences)
        rate = N_WINDOWS * N_TOKENS / seconds if seconds > 0 else math.nan
        print(f"{model}, {dtype}: {rate:.0f} tokens/s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--models", nargs="*", default=["gpt2-xl", "llama-2-7b"])
    parser.add_argument("--layers", type=int)
    args = parser.parse_args()
    os.makedirs(args.work, exist_ok=True)
    parity(args)
    for model in args.models:
        speed(args, model)


main()
