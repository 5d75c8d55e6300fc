#!/usr/bin/env python3
"""Compares lpp-score with transformers and with planted answers on fresh cases. Run by hand.

usage: check_oracles.py target/release/lpp-score DIR... [-- FLAGS]      (FLAGS for every call: --stream-layers, --batch-tokens 1)

Each DIR is what one of the reference generators wrote: gen_logprobs.py (logits, log-probabilities, sums and greedy flags of tiny
checkpoints) or gen_bigram.py (a bigram model whose answers are known). Needs numpy and safetensors.
"""
import csv
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from safetensors.numpy import load_file

LIMIT = 1e-5  # relative to 1 + |x|, or to the largest logit of the position: sums in f32, in another order
if len(sys.argv) < 3:
    sys.exit(__doc__)
PROGRAM, FLAGS = sys.argv[1], []


def call(*arguments):
    done = subprocess.run([PROGRAM, *arguments, "--force", "-q", "--json", *FLAGS], capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stderr)
    return json.loads(done.stdout)["outputs"][0]


def close(found, expected):
    return abs(float(found) - expected) <= LIMIT * (1 + abs(expected))


def rows_of(path):
    with open(path) as file:
        return list(csv.DictReader(file))


def check_logprobs(case, scratch):
    """The largest deviation of one checkpoint."""
    want = {k: np.load(f"{case}/{k}.npy") for k in ("logits", "logprobs", "sums", "continuation_sums", "continuation_greedy",
                                                    "attention_mask")}
    out = f"{scratch}/out.safetensors"
    call("ids", "--model-dir", case, "--ids", f"{case}/input_ids.npy", "--attention-mask", f"{case}/attention_mask.npy",
         "--context", f"{case}/n_context.npy", "--logits", "-o", out)
    got = load_file(out)
    real = want["attention_mask"].astype(bool)
    none = np.isnan(want["logprobs"])
    assert (np.isnan(got["logprobs"]) == none).all() and (got["logits"][~real] == 0).all(), case
    assert (got["continuation_greedy"].astype(bool) == want["continuation_greedy"]).all(), case
    scale = 1 + np.abs(want["logits"]).max(-1, keepdims=True)
    worst = [(np.abs(got["logits"] - want["logits"]) / scale)[real].max()]
    for key, part in (("logprobs", ~none), ("sums", slice(None)), ("continuation_sums", slice(None))):
        worst.append((np.abs(got[key] - want[key]) / (1 + np.abs(want[key])))[part].max())
    return max(worst)


def check_pairs(model, items, expected, out):
    summary = call("pairs", "--model-dir", model, items, "-o", out)
    for found in summary["sets"]:
        want = expected["sets"][found["set"]]
        assert (found["n"], found["accuracy"]) == (want["n"], want["accuracy"]), found
        assert abs(found["accuracy_mean"] - want["accuracy_mean"]) < 1e-12, found
    assert abs(summary["macro_accuracy"] - expected["macro_accuracy"]) < 1e-12
    for row in rows_of(out):
        want = expected["sets"][row["set"]]["pairs"][int(row["item"])]
        for kind in ("good", "bad"):
            assert close(row[f"logp_{kind}_nats"], want[f"logp_{kind}"]), row
            assert int(row[f"n_tokens_{kind}"]) == want[f"n_{kind}"], row


def check_choices(model, file, form, expected, out):
    summary = call("choices", "--format", form, "--model-dir", model, file, "-o", out)
    assert (summary["acc"], summary["acc_norm"]) == (expected["acc"], expected["acc_norm"]), summary
    for row in rows_of(out):
        item, choice = expected["items"][int(row["item"])], int(row["choice"])
        assert close(row["logp_nats"], item["logp"][choice]), row
        for flag, key in (("is_answer", "answer"), ("picked", "choice"), ("picked_norm", "choice_norm")):
            assert int(row[flag]) == (choice == item[key]), row


def check_text(model, root, words, prefix, expected, n_words, scratch):
    out, tokens = f"{scratch}/words.csv", f"{scratch}/tokens.csv"
    summary = call("text", "--model-dir", model, "--text", f"{root}/text/text.txt", *words, "--prefix", prefix, "--tokens", tokens,
                   "-o", out)
    assert (summary["n_words"], summary["n_scored_tokens"]) == (n_words, expected["n_scored_tokens"]), summary
    assert close(summary["perplexity"], expected["perplexity"]) and close(summary["bits_per_byte"], expected["bits_per_byte"])
    for table, column, key in ((out, "surprisal_bits", "surprisal_bits"), (tokens, "logprob_nats", "logprobs")):
        found = [row[column] for row in rows_of(table)]
        assert len(found) == len(expected[key]), table
        for cell, want in zip(found, expected[key]):
            assert cell == "" if want is None else close(cell, want), (table, cell, want)


def check_bigram(root, scratch):
    expected = json.load(open(f"{root}/expected.json"))
    for model in (f"{root}/bigram_tied", f"{root}/bigram_untied"):
        for items in ("blimp", "zorro", "pairs.tsv"):
            check_pairs(model, f"{root}/{items}", expected, f"{scratch}/pairs.csv")
        for form, name in (("arc", "arc"), ("hellaswag", "hellaswag"), ("jsonl", "choices")):
            check_choices(model, f"{root}/choices/{name}.jsonl", form, expected["choices"][name], f"{scratch}/choices.csv")
        for name, prefix in (("with_prefix", "auto"), ("without_prefix", "none")):
            for words in ([], ["--words", f"{root}/text/words.csv"]):
                check_text(model, root, words, prefix, expected["text"][name], expected["text"]["n_words"], scratch)


def main():
    arguments = sys.argv[2:]
    if "--" in arguments:
        at = arguments.index("--")
        FLAGS.extend(arguments[at + 1:])
        arguments = arguments[:at]
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        for root in arguments:
            if os.path.exists(f"{root}/expected.json"):
                check_bigram(root, scratch)
                print(f"{root}: all answers as planted")
                continue
            cases = sorted(case for case in os.listdir(root) if os.path.isdir(f"{root}/{case}"))
            worst, case = max((check_logprobs(f"{root}/{case}", scratch), case) for case in cases)
            failed |= not worst <= LIMIT
            print(f"{root}: {len(cases)} checkpoints, largest deviation {worst:.1e} ({case})")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
