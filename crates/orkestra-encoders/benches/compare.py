"""Our Longformer against transformers' on the same random model of full size, in one run on this machine.

    cargo build --release -p orkestra-encoders --example speed
    VENV/bin/python crates/orkestra-encoders/benches/compare.py target/release/examples/speed [THREADS]

VENV holds torch and transformers (several GB), which is why nothing calls this but people. Each figure comes from a
process of its own; both sides take turns, so that what else the machine does hits both.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

LENGTHS = {12: 10, 40: 10, 400: 3, 4096: 1}
ROUNDS = 2

ORIGINAL = """
import json, resource, sys, time
folder, threads, repeats, *lengths = sys.argv[1:]
import torch
from transformers import LongformerModel
torch.set_num_threads(int(threads))
begun = time.perf_counter()
model = LongformerModel.from_pretrained(folder, dtype=torch.float32, add_pooling_layer=False).eval()
load = time.perf_counter() - begun
seconds = {}
with torch.inference_mode():
    for length in lengths:
        ids = torch.tensor([[10 + place * 7 % 50000 for place in range(int(length))]])
        mask = torch.ones_like(ids)
        model(input_ids=ids, attention_mask=mask)
        times = []
        for _ in range(int(repeats)):
            begun = time.perf_counter()
            model(input_ids=ids, attention_mask=mask)
            times.append(time.perf_counter() - begun)
        times.sort()
        seconds[length] = {"quickest": times[0], "median": times[len(times) // 2]}
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"load_seconds": load, "seconds": seconds, "peak_megabytes": peak}))
"""


def make_model(folder: str) -> None:
    import torch
    from transformers import LongformerConfig, LongformerModel

    torch.manual_seed(1)
    config = LongformerConfig(
        vocab_size=50265, hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072,
        max_position_embeddings=4098, attention_window=[512] * 12, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1,
    )
    model = LongformerModel(config, add_pooling_layer=False)
    print(f"{sum(weights.numel() for weights in model.parameters()) / 1e6:.1f} M parameters")
    model.save_pretrained(folder)
    # Ids are given, not split, but a folder without a tokeniser is no encoder's.
    Path(folder, "vocab.txt").write_text("[UNK]\n")


def run(command: list[str], threads: str) -> dict:
    limits = {name: threads for name in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    done = subprocess.run(command, env=os.environ | limits, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    ours, threads = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "2"
    with tempfile.TemporaryDirectory() as folder:
        make_model(folder)
        print(f"{threads} threads; load average {os.getloadavg()[0]:.1f}; quickest of all calls, seconds; peak, MB")
        print(f"{'tokens':>6} {'side':>12} {'quickest':>9} {'median':>9} {'peak':>7} {'load':>6}")
        for length, repeats in LENGTHS.items():
            tokens = [str(repeats), str(length)]
            sides = {
                "transformers": [sys.executable, "-c", ORIGINAL, folder, threads, *tokens],
                "f32": [ours, folder, "f32", *tokens],
                "bf16": [ours, folder, "bf16", *tokens],
            }
            found: dict[str, list[dict]] = {side: [] for side in sides}
            for _ in range(ROUNDS):
                for side, command in sides.items():
                    found[side].append(run(command, threads))
            best = {}
            for side, runs in found.items():
                times = [one["seconds"][str(length)] for one in runs]
                best[side] = quickest = min(time["quickest"] for time in times)
                median, peak = min(time["median"] for time in times), min(one["peak_megabytes"] for one in runs)
                load = min(one["load_seconds"] for one in runs)
                print(f"{length:>6} {side:>12} {quickest:>9.4f} {median:>9.4f} {peak:>7.0f} {load:>6.2f}", flush=True)
            ratios = ", ".join(f"{side} {best['transformers'] / best[side]:.1f}" for side in ("f32", "bf16"))
            print(f"{length:>6} times as fast: {ratios}", flush=True)


if __name__ == "__main__":
    main()
