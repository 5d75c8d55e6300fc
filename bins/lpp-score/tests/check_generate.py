#!/usr/bin/env python3
"""Compares lpp-score generate with transformers' greedy texts, and its samples with planted probabilities. Run by hand.

usage: check_generate.py target/release/lpp-score DIR...

Each DIR is what one of the reference generators wrote: gen_logprobs.py (tiny checkpoints of all families; run this with the release of
transformers that made them) or gen_bigram.py (a bigram model). Needs numpy, scipy for the latter, torch and transformers for the former.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np

if len(sys.argv) < 3:
    sys.exit(__doc__)
PROGRAM = sys.argv[1]
N_NEW = 24


def generate(model, prompts, scratch, *flags):
    path, out = f"{scratch}/prompts.txt", f"{scratch}/out.jsonl"
    with open(path, "w") as file:
        file.write("".join(f"{prompt}\n" for prompt in prompts))
    done = subprocess.run([PROGRAM, "generate", "--model-dir", model, "--prompts", path, "-o", out, "--force", "-q", *flags],
                          capture_output=True, text=True)
    assert done.returncode == 0, (model, done.stderr)
    return [json.loads(line) for line in open(out)]


def check_greedy(case, scratch):
    """A checkpoint with a vocabulary of made-up words, in this program and in transformers."""
    import torch
    from transformers import AutoModelForCausalLM
    model = AutoModelForCausalLM.from_pretrained(case, torch_dtype=torch.float32, attn_implementation="eager").eval()
    folder = f"{scratch}/model"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(case, folder)
    vocabulary = {f"w{i}": i for i in range(model.config.vocab_size)}
    json.dump({"version": "1.0", "pre_tokenizer": {"type": "WhitespaceSplit"},
               "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "w0"}}, open(f"{folder}/tokenizer.json", "w"))
    json.dump({"tokenizer_class": "PreTrainedTokenizerFast"}, open(f"{folder}/tokenizer_config.json", "w"))
    rng = np.random.default_rng(len(case))
    prompts = [rng.integers(3, model.config.vocab_size, n) for n in (1, 5, 17)]
    found = generate(folder, [" ".join(f"w{i}" for i in prompt) for prompt in prompts], scratch, "--temperature", "0",
                     "--max-new", str(N_NEW), "--prefix", "none", "--keep-going")
    model.generation_config.eos_token_id = None
    for prompt, text in zip(prompts, found):
        ids = torch.tensor(prompt)[None]
        with torch.no_grad():
            # Some families of 4.40.1 forget tokens if there is no cache.
            want = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=N_NEW,
                                  pad_token_id=0)[0, len(prompt):]
            logits = model(torch.tensor([*prompt, *text["ids"]])[None]).logits[0, len(prompt) - 1:-1]
        assert text["ids"] == want.tolist(), (case, text["ids"], want.tolist())
        expected = torch.log_softmax(logits.double(), -1)[range(N_NEW), text["ids"]].numpy()
        found = np.array(text["logprob_nats"])
        assert (np.abs(found - expected) <= 1e-5 * (1 + np.abs(expected))).all(), (case, found, expected)


def kept(logprobs, temperature, top_k, top_p):
    """The probabilities of the specification: temperature, the k largest, then those whose sum reaches p."""
    weights = np.exp(logprobs / temperature - (logprobs / temperature).max())
    share = weights / weights.sum()
    order = np.lexsort((np.arange(len(share)), -share))[:top_k]
    if top_p < 1:
        order = order[:np.searchsorted(np.cumsum(share[order]), top_p) + 1]
    rest = np.zeros_like(share)
    rest[order] = share[order] / share[order].sum()
    return rest


def check_samples(root, scratch):
    from scipy.stats import chisquare
    table, expected = np.load(f"{root}/table.npy"), json.load(open(f"{root}/expected.json"))
    model, n = f"{root}/bigram_tied", 4000
    words = json.load(open(f"{model}/tokenizer.json"))["model"]["vocab"]
    prompts = [text["prompt"] for text in expected["greedy"]]
    greedy = generate(model, prompts, scratch, "--temperature", "0", "--max-new", "8", "--keep-going")
    for text, want in zip(greedy, expected["greedy"]):
        assert text["ids"] == want["ids"][-8:], (text, want)
    last = [want["ids"][-9] for want in expected["greedy"]]
    assert all(0 <= word < len(words) for word in last)
    worst = 1.0
    for seed, (temperature, top_k, top_p) in enumerate([(1.0, None, 1.0), (0.7, None, 1.0), (1.5, 5, 1.0), (1.0, None, 0.9),
                                                        (1.0, 7, 0.6)]):
        flags = ["--temperature", str(temperature), "--top-p", str(top_p), "--sampling-seed", str(seed), "--max-new", "1", "--samples",
                 str(n), "--keep-going"] + (["--top-k", str(top_k)] if top_k else [])
        texts = generate(model, prompts, scratch, *flags)
        for prompt, before in enumerate(last):
            counts = np.bincount([text["ids"][0] for text in texts if text["prompt"] == prompt], minlength=len(table))
            wanted = kept(table[before], temperature, top_k, top_p)
            assert (counts[wanted == 0] == 0).all(), "a token that was cut"
            # Rare tokens together, as the test needs five or more of each.
            rare = wanted * n < 5
            observed = [*counts[~rare], counts[rare].sum()]
            frequencies = [*(wanted[~rare] * n), wanted[rare].sum() * n]
            cells = [(o, f) for o, f in zip(observed, frequencies) if f > 0]
            if len(cells) > 1:
                o, f = np.array(cells).T
                worst = min(worst, chisquare(o, f * o.sum() / f.sum()).pvalue)
            of_prompt = [text for text in texts if text["prompt"] == prompt]
            assert all(abs(text["logprob_nats"][0] - table[before][text["ids"][0]]) < 2e-5 for text in of_prompt)
    # 5 settings of 3 prompts.
    assert worst > 1e-3 / 15, worst
    ids = lambda *flags: [text["ids"] for text in generate(model, prompts, scratch, "--max-new", "20", *flags)]
    many = ids("--samples", "19")
    assert many == ids("--samples", "19") and many != ids("--samples", "19", "--sampling-seed", "2")
    assert [many[19 * prompt + sample] for prompt in range(3) for sample in range(5)] == ids("--samples", "5")
    assert many == ids("--samples", "19", "--threads", "1")
    return worst


def main():
    with tempfile.TemporaryDirectory() as scratch:
        for root in sys.argv[2:]:
            if os.path.exists(f"{root}/expected.json"):
                print(f"{root}: samples as planted, smallest p of 15 chi-square tests {check_samples(root, scratch):.3f}")
                continue
            cases = sorted(case for case in os.listdir(root) if os.path.isdir(f"{root}/{case}"))
            for case in cases:
                check_greedy(f"{root}/{case}", scratch)
            print(f"{root}: {len(cases)} checkpoints write the same texts as transformers")


if __name__ == "__main__":
    main()
