#!/usr/bin/env python3
"""Writes a checkpoint of random bf16 weights with the sizes of a published model, to measure memory and time.

usage: random_checkpoint.py DIR [--model qwen2-1.5b|qwen1.5-14b|llama-2-7b|gpt2-xl] [--layers N] [--windows N] [--tokens N] [--zeros]

DIR gets config.json and model.safetensors (3.1, 28, 13 or 3 GB), weights drawn as N(0, 0.02^2) and norms 1, and ids.npy,
random token ids. With --zeros all weights are zero and the file takes no room on the disk: enough to measure memory.
Needs NumPy. Then, for instance,

  lpp-extract hidden-states --model-dir DIR --ids DIR/ids.npy --stream-layers -o out.safetensors

whose peak memory stands in out.safetensors.json.
"""
import argparse
import json
import math
import os

import numpy as np

COMMON = dict(model_type="qwen2", rms_norm_eps=1e-6, rope_theta=1e6, max_position_embeddings=32768,
              torch_dtype="bfloat16")
MODELS = {
    "qwen2-1.5b": dict(vocab_size=151936, hidden_size=1536, intermediate_size=8960, num_hidden_layers=28,
                       num_attention_heads=12, num_key_value_heads=2, tie_word_embeddings=True),
    "qwen1.5-14b": dict(vocab_size=152064, hidden_size=5120, intermediate_size=13696, num_hidden_layers=40,
                        num_attention_heads=40, num_key_value_heads=40, tie_word_embeddings=False),
    "llama-2-7b": dict(model_type="llama", vocab_size=32000, hidden_size=4096, intermediate_size=11008, num_hidden_layers=32,
                       num_attention_heads=32, num_key_value_heads=32, tie_word_embeddings=False),
    "gpt2-xl": dict(model_type="gpt2", vocab_size=50257, n_embd=1600, n_layer=48, n_head=25, n_positions=1024),
}
VALUES_AT_ONCE = 1 << 24


def gpt2_tensors(c):
    d = c["n_embd"]
    yield "wte.weight", [c["vocab_size"], d]
    yield "wpe.weight", [c["n_positions"], d]
    parts = (("ln_1", [d]), ("attn.c_attn", [d, 3 * d]), ("attn.c_proj", [d, d]), ("ln_2", [d]), ("mlp.c_fc", [d, 4 * d]),
             ("mlp.c_proj", [4 * d, d]))
    for name, shape in [(f"h.{i}.{part}", shape) for i in range(c["n_layer"]) for part, shape in parts] + [("ln_f", [d])]:
        yield f"{name}.weight", shape
        yield f"{name}.bias", shape[-1:]


def tensors(c):
    if c["model_type"] == "gpt2":
        yield from gpt2_tensors(c)
        return
    d, f = c["hidden_size"], c["intermediate_size"]
    kv = d // c["num_attention_heads"] * c["num_key_value_heads"]
    yield "model.embed_tokens.weight", [c["vocab_size"], d]
    for i in range(c["num_hidden_layers"]):
        block = f"model.layers.{i}"
        for part, n in (("q", d), ("k", kv), ("v", kv)):
            yield f"{block}.self_attn.{part}_proj.weight", [n, d]
            if c["model_type"] == "qwen2":
                yield f"{block}.self_attn.{part}_proj.bias", [n]
        yield f"{block}.self_attn.o_proj.weight", [d, d]
        for part, shape in (("gate", [f, d]), ("up", [f, d]), ("down", [d, f])):
            yield f"{block}.mlp.{part}_proj.weight", shape
        for part in ("input", "post_attention"):
            yield f"{block}.{part}_layernorm.weight", [d]
    yield "model.norm.weight", [d]
    if not c["tie_word_embeddings"]:
        yield "lm_head.weight", [c["vocab_size"], d]


def bf16(x):
    """The upper halves of f32: rounding toward zero is good enough for random numbers."""
    return (np.asarray(x, dtype="<f4").view("<u4") >> 16).astype("<u2")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("dir")
    ap.add_argument("--model", choices=MODELS, default="qwen2-1.5b")
    ap.add_argument("--zeros", action="store_true")
    ap.add_argument("--layers", type=int)
    ap.add_argument("--windows", type=int, default=2)
    ap.add_argument("--tokens", type=int, default=2400)
    args = ap.parse_args()
    config = COMMON | MODELS[args.model]
    depth = "n_layer" if config["model_type"] == "gpt2" else "num_hidden_layers"
    config[depth] = args.layers or config[depth]
    os.makedirs(args.dir, exist_ok=True)
    with open(os.path.join(args.dir, "config.json"), "w") as f:
        json.dump(config, f, indent=1)
    rng = np.random.default_rng(1)
    ids = rng.integers(0, config["vocab_size"], (args.windows, args.tokens))
    np.save(os.path.join(args.dir, "ids.npy"), ids.astype("<i8"))
    header, end = {}, 0
    for name, shape in tensors(config):
        start, end = end, end + 2 * math.prod(shape)
        header[name] = dict(dtype="BF16", shape=shape, data_offsets=[start, end])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(args.dir, "model.safetensors"), "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text)
        if args.zeros:
            f.truncate(f.tell() + end)
        for name, shape in [] if args.zeros else tensors(config):
            left = math.prod(shape)
            while left:
                n = min(left, VALUES_AT_ONCE)
                values = np.ones(n) if "norm" in name or ".ln_" in name or name.startswith("ln_") else 0.02 * rng.standard_normal(n, dtype="f4")
                f.write(bf16(values).tobytes())
                left -= n
    print(f"{end / 2:.3g} parameters, {end / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
