"""Distils the sentence encoder into one vector per vocabulary token.

Each token goes through the encoder alone; the vectors are centred, turned onto their principal
axes, cut to the leading dimensions, weighted by the token's rank (the vocabulary is ordered by
frequency, so this is an inverse-frequency weight) and stored with four bits a number.

    python distill.py --out work/static.safetensors --dimensions 192
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from encoder import CLS, SEP, Encoder, check, load_tokenizer
from safetensors.numpy import load_file, save_file

SPECIAL = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
# Four bits: -7..7, stored with this offset so that a nibble is never negative.
LEVELS, OFFSET = 7, 8


def vocabulary() -> list[str]:
    """All tokens in the order of their ids."""
    tokens = load_tokenizer().get_vocab()
    return [token for token, _ in sorted(tokens.items(), key=lambda entry: entry[1])]


def kept_ids(tokens: list[str]) -> np.ndarray:
    """Ids that text can produce: the vocabulary's reserved places are left out."""
    return np.array([i for i, token in enumerate(tokens) if not token.startswith("[unused")])


def encode_tokens(cache: Path, count: int) -> np.ndarray:
    """Every token's sentence vector. Three minutes on two cores, so it is kept beside the output."""
    if cache.exists():
        return load_file(str(cache))["tokens"]
    encoder = Encoder()
    check(encoder)
    ids = np.arange(count)
    parts = []
    for batch in np.array_split(ids, 32):
        framed = np.stack([np.full_like(batch, CLS), batch, np.full_like(batch, SEP)], axis=1)
        parts.append(encoder.pooled(framed).astype(np.float32))
    vectors = np.concatenate(parts)
    save_file({"tokens": vectors}, str(cache))
    return vectors


def reduce(vectors: np.ndarray, dimensions: int) -> np.ndarray:
    """Principal components, each with a fixed sign so that a run can be repeated."""
    centred = vectors.astype(np.float64) - vectors.astype(np.float64).mean(0)
    values, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, np.argsort(values)[::-1][:dimensions]]
    strongest = np.abs(axes).argmax(0)
    axes = axes * np.sign(axes[strongest, np.arange(dimensions)])
    return centred @ axes


def quantise(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes of 1..15 (two a byte: dimension j low, j + half high) and one scale a row."""
    scales = (np.abs(vectors).max(1) / LEVELS).astype(np.float32)
    safe = np.where(scales > 0, scales, 1)[:, None]
    codes = (np.round(vectors / safe) + OFFSET).astype(np.uint8)
    half = vectors.shape[1] // 2
    return codes[:, :half] | (codes[:, half:] << 4), scales


def restore(codes: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """What `quantise` stored, as floats."""
    both = np.concatenate([codes & 15, codes >> 4], axis=1).astype(np.float32)
    return (both - OFFSET) * scales[:, None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--dimensions", type=int, default=192)
    options = parser.parse_args()

    options.out.parent.mkdir(parents=True, exist_ok=True)
    tokens = vocabulary()
    kept = kept_ids(tokens)
    vectors = encode_tokens(options.out.parent / "tokens.safetensors", len(tokens))
    reduced = reduce(vectors[kept], options.dimensions)
    weights = np.log(1.0 + kept)
    weights[[tokens[i] in SPECIAL for i in kept]] = 0.0
    codes, scales = quantise(reduced * weights[:, None])
    text = "\n".join(tokens[i] for i in kept).encode()
    save_file(
        {"codes": codes, "scales": scales, "vocabulary": np.frombuffer(text, np.uint8)},
        str(options.out),
    )
    print(f"distill: {len(kept)} tokens, {options.dimensions} dimensions -> {options.out}")


if __name__ == "__main__":
    main()
