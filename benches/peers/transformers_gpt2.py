"""Time lpp-extract beside transformers: all hidden states of GPT-2 124M over windows of 1024 tokens.

    cargo build --release -p lpp-extract
    python benches/peers/transformers_gpt2.py --bin target/release --work FOLDER --original PYTHON --newest PYTHON
        [--dtype f32 bf16] [--windows 16] [--threads 2] [--repeat 3]

PYTHON are interpreters with transformers 4.40.1 and 4.57.6, torch and numpy; any Python runs this script itself. FOLDER gets a
checkpoint of random weights (0.5 GB, made once with the second interpreter, nothing is downloaded) and lpp-extract's output.
Timed in turn, with the same threads and arithmetic:

- original: the call of the original's script, `AutoModelForCausalLM` of 4.40.1, attention in plain steps, one window a call;
- fused: the best that transformers does, `AutoModel` of 4.57.6 with fused attention and without the output matrix;
- lpp-extract hidden-states: its passes over the windows, as the peers', whose model is in memory already (ours convert all states to
  f32 and write 42 MB a window besides); and the whole program, which also starts, hashes the checkpoint, loads it, and waits
  for the disk.

Prints medians, ratios to our passes, the largest deviation of our first window from the fused model's, and the share of the speed of a
2048³ product (the faster of libtorch's two libraries, in the same run) that the needed operations reach.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time

SEED, N_TOKENS, D, BLOCKS = 1, 1024, 768, 12
OURS, WHOLE = "lpp-extract, passes", "lpp-extract, whole program"
PEERS = {"original": "transformers, the original's call", "fused": "transformers, fused, headless"}


def needed(n_windows):
    """Operations of the products with weights, and of attention over the keys that a query sees."""
    return n_windows * BLOCKS * (2 * N_TOKENS * 12 * D * D + 2 * 2 * D * N_TOKENS * (N_TOKENS + 1) // 2)


def make(folder, n_windows):
    import numpy as np
    import torch
    from transformers import GPT2Config, GPT2Model

    torch.manual_seed(SEED)
    GPT2Model(GPT2Config()).save_pretrained(folder)
    np.save(os.path.join(folder, "ids.npy"), np.random.default_rng(SEED).integers(0, 50257, (n_windows, N_TOKENS)))


def serve(kind, folder, dtype, n_threads):
    """A peer: makes ready, then answers each line on its input with the seconds of one pass over all windows."""
    import numpy as np
    import torch
    import transformers

    torch.set_num_threads(n_threads)
    number = {"f32": torch.float32, "bf16": torch.bfloat16}[dtype]
    if kind == "original":
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, torch_dtype=number)
    else:
        model = transformers.AutoModel.from_pretrained(folder, torch_dtype=number, attn_implementation="sdpa")
    model.eval()
    windows = torch.from_numpy(np.load(os.path.join(folder, "ids.npy"))).split(1)

    @torch.no_grad()
    def once():
        start = time.perf_counter()
        kept = [model(ids, output_hidden_states=True).hidden_states for ids in windows]
        return time.perf_counter() - start, kept

    @torch.no_grad()
    def product_speed(n=2048):
        a = torch.randn(n, n).to(number)
        packed = torch.ops.mkldnn._reorder_linear_weight(a)
        ways = [lambda: a @ a, lambda: torch.ops.mkldnn._linear_pointwise(a, packed, None, "none", [], "")]
        best = []
        for way in ways:
            way()
            times = []
            for _ in range(5):
                start = time.perf_counter()
                way()
                times.append(time.perf_counter() - start)
            best.append(2 * n**3 / min(times))
        return best

    with torch.no_grad():
        model(windows[0][:, :64], output_hidden_states=True)
    print(json.dumps({"transformers": transformers.__version__, "torch": torch.__version__}), flush=True)
    for _ in sys.stdin:
        seconds, kept = once()
        np.save(os.path.join(folder, f"{kind}.npy"), torch.stack(kept[0])[:, 0].float().numpy())
        del kept
        print(json.dumps({"s": seconds, "product": product_speed() if kind == "fused" else None}), flush=True)


def start(python, kind, args, dtype):
    command = [python, os.path.abspath(__file__), "--serve", kind, "--work", args.work, "--dtype", dtype, "--threads", str(args.threads)]
    peer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    peer.versions = answer(peer, kind)
    return peer


def answer(peer, kind):
    line = peer.stdout.readline()
    if not line:
        sys.exit(f"{kind}: ended with status {peer.wait()}")
    return json.loads(line)


def ask(peer, kind):
    peer.stdin.write("go\n")
    peer.stdin.flush()
    return answer(peer, kind)


def ours(args, dtype):
    out = os.path.join(args.work, "ours.safetensors")
    command = [os.path.join(args.bin, "lpp-extract"), "--threads", str(args.threads), "-v", "hidden-states", "--force", "--model-dir", args.work,
               "--ids", os.path.join(args.work, "ids.npy"), "--dtype", dtype, "-o", out]
    began = time.perf_counter()
    said = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    whole = time.perf_counter() - began
    return float(re.search(r"through the model in ([\d.]+) s", said)[1]), whole


def deviation(folder):
    """Of our first window from the fused model's: largest difference relative to the layer's largest value."""
    script = """
import sys, numpy as np
from safetensors.numpy import safe_open
expected = np.load(sys.argv[1])
with safe_open(sys.argv[2], "np") as f:
    print(max(float(abs(f.get_slice(f"layer-{i}")[0] - e).max() / abs(e).max()) for i, e in enumerate(expected)))
"""
    return lambda python: float(subprocess.check_output([python, "-c", script, os.path.join(folder, "fused.npy"),
                                                         os.path.join(folder, "ours.safetensors")], text=True))


def compare(args, dtype):
    peers = {kind: start(python, kind, args, dtype) for kind, python in (("original", args.original), ("fused", args.newest))}
    times, speeds = {OURS: [], **{kind: [] for kind in peers}, WHOLE: []}, []
    for _ in range(args.repeat):  # in turn, so that a busy moment hits all
        for kind, peer in peers.items():
            reply = ask(peer, kind)
            times[kind].append(reply["s"])
            speeds += [reply["product"]] if reply["product"] else []
        for name, seconds in zip((OURS, WHOLE), ours(args, dtype)):
            times[name].append(seconds)
        print("  " + ", ".join(f"{name} {t[-1]:.2f} s" for name, t in times.items()), flush=True)
    for peer in peers.values():
        peer.stdin.close()
        peer.wait()
    medians = {name: statistics.median(t) for name, t in times.items()}
    plain, packed = (statistics.median(s) for s in zip(*speeds))
    own = medians[OURS]
    print(f"\n{dtype}: a 2048³ product runs at {plain / 1e9:.0f} GFLOP/s by libtorch's default and {packed / 1e9:.0f} by oneDNN; "
          f"{needed(args.windows) / 1e12:.2f} Tflop are needed")
    print(f"{'':36}{'s':>8}{'× ours':>8}{'of the product':>16}   all")
    for name, median in medians.items():
        share = needed(args.windows) / median / max(plain, packed)
        version = f" {peers[name].versions['transformers']}" if name in peers else ""
        print(f"{PEERS.get(name, name) + version:44}{median:8.2f}{median / own:8.2f}{share:8.0%}   {' '.join(f'{t:.2f}' for t in times[name])}")
    print(f"largest deviation from the fused model: {deviation(args.work)(args.newest):.1e}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin")
    parser.add_argument("--work", required=True)
    parser.add_argument("--original", metavar="PYTHON")
    parser.add_argument("--newest", metavar="PYTHON")
    parser.add_argument("--dtype", nargs="+", default=["f32", "bf16"], choices=["f32", "bf16"])
    parser.add_argument("--windows", type=int, default=16)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.make:
        return make(args.work, args.windows)
    if args.serve:
        return serve(args.serve, args.work, args.dtype[0], args.threads)
    if not (args.bin and args.original and args.newest):
        parser.error("--bin, --original and --newest are needed")
    os.makedirs(args.work, exist_ok=True)
    made = os.path.join(args.work, f"made-{args.windows}")
    if not os.path.exists(made):
        subprocess.run([args.newest, os.path.abspath(__file__), "--make", "--work", args.work, "--windows", str(args.windows)],
                       check=True, capture_output=True)
        open(made, "w").close()
    print(f"{args.threads} threads, {args.windows} windows of {N_TOKENS} tokens, median of {args.repeat}")
    for dtype in args.dtype:
        compare(args, dtype)


main()
