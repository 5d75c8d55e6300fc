#!/usr/bin/env python3
"""Compares log-probabilities of lpp-score in bf16 with the spread of transformers' own in bf16. Run by hand.

usage: check_bf16.py target/release/lpp-score DIR...

Each DIR is what gen_logprobs.py wrote (tiny checkpoints of all families, with their log-probabilities in f32); run this with the release
of transformers that made it; checkpoints of other releases are left out. For each checkpoint, transformers computes in bf16 with each
attention that it has, row by row and as one padded batch. An attention that computes something else (Gemma 2's without caps: its f32
differs too) does not count. The deviation of a way is the root mean square over tokens of the
difference from f32, relative to 1 + |x|. lpp-score must deviate no more than the worst of these ways: over all checkpoints
together by at most 5 % more, for one of them, which has few tokens, by at most half as much again.
Needs torch, transformers, safetensors and numpy.
"""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import torch
import transformers
from safetensors.numpy import load_file
from transformers import AutoModelForCausalLM

if len(sys.argv) < 3:
    sys.exit(__doc__)
PROGRAM, ROOTS = sys.argv[1], sys.argv[2:]
transformers.logging.set_verbosity_error()


def ours(case, scratch):
    out = f"{scratch}/out.safetensors"
    subprocess.run([PROGRAM, "ids", "--model-dir", case, "--ids", f"{case}/input_ids.npy", "--attention-mask",
                    f"{case}/attention_mask.npy", "--dtype", "bf16", "-o", out, "--force", "-q"], check=True)
    return load_file(out)["logprobs"]


@torch.no_grad()
def of_ids(model, ids, mask):
    """Log-probability of each token after the first, (rows, T - 1)."""
    logits = model(input_ids=ids, attention_mask=mask).logits.double()
    return torch.log_softmax(logits[:, :-1], -1).gather(-1, ids[:, 1:, None])[..., 0].numpy()


def theirs(case):
    """What each way of transformers gives, (rows, T), by name."""
    ids, mask = (torch.from_numpy(np.load(f"{case}/{name}.npy")) for name in ("input_ids", "attention_mask"))
    ways = {}

    def load(attention, dtype):
        return AutoModelForCausalLM.from_pretrained(case, torch_dtype=dtype, attn_implementation=attention).eval()

    for attention in ("eager", "sdpa"):
        try:
            exact = load(attention, torch.float32)
        except ValueError:  # this family has no such attention
            continue
        n = int(mask[0].sum())
        if rms(squares(of_ids(exact, ids[:1, :n], mask[:1, :n]), np.load(f"{case}/logprobs.npy")[:1, 1:n])) > 1e-4:
            continue
        model = load(attention, torch.bfloat16)
        blank = np.full(tuple(ids.shape), np.nan)
        batch, single = blank.copy(), blank.copy()
        batch[:, 1:] = of_ids(model, ids, mask)
        for row in range(len(ids)):
            n = int(mask[row].sum())
            single[row, 1:n] = of_ids(model, ids[row:row + 1, :n], mask[row:row + 1, :n])[0]
        ways |= {f"{attention}, batch": batch, f"{attention}, rows": single}
    return ways


def squares(found, want):
    real = ~np.isnan(want)
    return ((found - want) / (1 + np.abs(want)))[real] ** 2


def rms(values):
    return float(np.sqrt(np.mean(values)))


def main():
    own, worst, failed = [], [], False
    with tempfile.TemporaryDirectory() as scratch:
        for root in ROOTS:
            made = json.load(open(f"{root}/manifest-{transformers.__version__}.json"))["variants"]
            for case in (f"{root}/{name}" for name in sorted(made)):
                want = np.load(f"{case}/logprobs.npy")
                ways = {way: squares(found, want) for way, found in theirs(case).items()}
                mine, (way, most) = squares(ours(case, scratch), want), max(ways.items(), key=lambda item: rms(item[1]))
                own.append(mine)
                worst.append(most)
                ratio = rms(mine) / rms(most)
                failed |= not ratio <= 1.5
                spread = ", ".join(f"{rms(found):.4f}" for found in ways.values())
                print(f"{case}: {rms(mine):.4f}, transformers {spread}; {ratio:.2f} of the worst ({way})", flush=True)
    if not own:
        sys.exit("no checkpoint of this release")
    ratio = rms(np.concatenate(own)) / rms(np.concatenate(worst))
    print(f"{len(own)} checkpoints together: {ratio:.3f} of the worst way")
    return int(failed or not ratio <= 1.05)


if __name__ == "__main__":
    sys.exit(main())
