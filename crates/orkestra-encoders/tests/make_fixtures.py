"""Makes the fixtures of this crate's tests with the Python originals: transformers, torch, tokenizers, scikit-learn.

Run it only to change the fixtures; the tests need none of these packages (several GB with torch):

    python3 -m venv /tmp/fixtures && /tmp/fixtures/bin/pip install torch transformers scikit-learn
    /tmp/fixtures/bin/python crates/orkestra-encoders/tests/make_fixtures.py

Models are tiny and random, so that whole ones can be kept; of hidden states a sample is kept, of pooled vectors all.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from sklearn.neighbors import KNeighborsClassifier
from tokenizers import ByteLevelBPETokenizer, BertWordPieceTokenizer
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    LongformerConfig,
    LongformerModel,
    LongformerTokenizer,
)

HERE = Path(__file__).parent / "fixtures"
# The router over any vectors is the engine's.
ROUTER = Path(__file__).parents[2] / "orkestra" / "tests" / "fixtures" / "router"
WINDOW = 16
LONGEST = 4096
SEED = 20261125
ROWS = 6

SCRIPTS = [
    (0x20, 0x7E), (0x20, 0x7E), (0x61, 0x7A), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF),
    (0x530, 0x58F), (0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F), (0x980, 0x9FF), (0xB80, 0xBFF), (0xE00, 0xE7F),
    (0x10A0, 0x10FF), (0x1200, 0x137F), (0x1780, 0x17FF), (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2190, 0x22FF),
    (0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xFE00, 0xFE0F), (0xFF00, 0xFFEF), (0x1F300, 0x1F64F),
    (0x20000, 0x2A6DF), (0x00, 0x1F),
]
WORDS = (
    "the of and to in a is that it was for on are with as his they be at one have this from or had by hot but some "
    "what there we can out other were all your when up use word how said an each she which do their time if will way "
    "about many then them would write like so these her long make thing see him two has look more day could go come "
    "did my sound no most number who over know water than call first people may down side been now find don't I'm "
    "we've it's 3.14 2026 C++ f(x) e-mail naïve café Straße смысл жизни γνῶθι σεαυτόν 東京 서울 مرحبا שלום नमस्ते สวัสดี "
    "<s> </s> <pad> <mask> [CLS] [SEP] [MASK] [PAD] [UNK] http://a.b/c?d=e#f \t \n \r\n … — “quoted” ¿qué? "
).split(" ")


def texts() -> list[str]:
    """2,000 texts: words, scripts, mixtures of both, and odd white space."""
    pick = random.Random(SEED)
    made = ["", " ", "\n\n", "Hello world", "  two  spaces  ", "\u200b", "\ufeff", "a\u0301", "ﬁ", "İ", "👩‍👩‍👧‍👦"]

    def character() -> str:
        low, high = pick.choice(SCRIPTS)
        return chr(pick.randint(low, high))

    while len(made) < 2000:
        kind = pick.random()
        if kind < 0.35:
            made.append(" ".join(pick.choice(WORDS) for _ in range(pick.randint(1, 12))))
        elif kind < 0.65:
            low, high = pick.choice(SCRIPTS)
            made.append("".join(chr(pick.randint(low, high)) for _ in range(pick.randint(1, 24))))
        elif kind < 0.85:
            made.append("".join(character() for _ in range(pick.randint(1, 20))))
        else:
            parts = [pick.choice(WORDS) if pick.random() < 0.6 else character() for _ in range(pick.randint(1, 12))]
            made.append(pick.choice(["", " ", "  ", "-", "'", "\u00a0"]).join(parts))
    return made


def corpus() -> list[str]:
    return [text for text in texts() if text.strip()] + [" ".join(WORDS)] * 20


def save_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def tokenizers(longformer: Path, bert: Path) -> None:
    """Learns two small vocabularies, and keeps what the originals make of every text."""
    byte_pairs = ByteLevelBPETokenizer()
    byte_pairs.train_from_iterator(
        corpus(), vocab_size=700, min_frequency=2, show_progress=False,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
    )
    byte_pairs.save_model(str(longformer))
    LongformerTokenizer.from_pretrained(str(longformer)).save_pretrained(str(longformer / "saved"))
    pieces = BertWordPieceTokenizer(lowercase=True)
    pieces.train_from_iterator(corpus(), vocab_size=900, min_frequency=2, show_progress=False)
    pieces.save_model(str(bert))
    BertTokenizer.from_pretrained(str(bert), do_lower_case=True).save_pretrained(str(bert / "saved"))
    cased = BertTokenizer.from_pretrained(str(bert), do_lower_case=False)
    originals = {
        "longformer": LongformerTokenizer.from_pretrained(str(longformer)),
        "bert": BertTokenizer.from_pretrained(str(bert), do_lower_case=True),
        "bert_cased": cased,
    }
    split = {name: [list(map(int, original(text)["input_ids"])) for text in texts()] for name, original in originals.items()}
    save_json(HERE / "split.json", {"texts": texts(), **split})
    for folder in (longformer, bert):
        shutil.copy(folder / "saved" / "tokenizer.json", folder / "tokenizer.json")
        shutil.rmtree(folder / "saved")


def tame(model: torch.nn.Module) -> torch.nn.Module:
    """Random weights large enough that every part of a layer matters, norms and biases included."""
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            noise = torch.randn(weights.shape, generator=generator)
            weights.copy_(1 + 0.2 * noise if "LayerNorm.weight" in name else 0.12 * noise)
            if "query" in name or "key" in name:
                weights.mul_(3)
    return model.eval()


def save_weights(folder: Path, model: torch.nn.Module, prefix: str) -> None:
    """As 16-bit floats, widened again, so that the file is small and the model exactly what the file says."""
    half = {name: weights.to(torch.bfloat16) for name, weights in model.state_dict().items() if "position_ids" not in name}
    model.load_state_dict({name: weights.float() for name, weights in half.items()}, strict=False)
    kept = {name: weights for name, weights in half.items() if not name.startswith("pooler")}
    save_file({prefix + name: weights.contiguous() for name, weights in kept.items()}, str(folder / "model.safetensors"))
    # The same model as a PyTorch file, but with 32-bit numbers and another prefix.
    if prefix:
        torch.save({name: weights.float() for name, weights in kept.items()}, folder / "pytorch_model.bin")


def sampled(states: np.ndarray, global_places: list[int]) -> dict:
    """A few rows of a text's hidden states, its mean and its first."""
    length = len(states)
    rows = sorted({0, length - 1, length // 2, *np.linspace(0, length - 1, ROWS).astype(int).tolist(), *global_places})
    return {
        "rows": [[row, np.round(states[row].astype(float), 7).tolist()] for row in rows],
        "mean": np.round(states.astype(np.float64).mean(0), 8).tolist(),
    }


def ids_of(length: int, vocabulary: int, seed: int) -> list[int]:
    """Ids from a linear congruential generator, which the tests repeat instead of storing ids."""
    state, ids = seed, []
    for _ in range(length):
        state = (state * 1103515245 + 12345) % 2**31
        ids.append(5 + (state >> 8) % (vocabulary - 5))
    return ids


def longformer(folder: Path) -> None:
    vocabulary = len(json.loads((folder / "vocab.json").read_text(encoding="utf-8")))
    config = LongformerConfig(
        vocab_size=vocabulary, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
        max_position_embeddings=LONGEST + 2, attention_window=[WINDOW, WINDOW // 2], type_vocab_size=1,
        layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0, eos_token_id=2, sep_token_id=2,
        attention_probs_dropout_prob=0.0, hidden_dropout_prob=0.0,
    )
    model = tame(LongformerModel(config))
    save_weights(folder, model, "longformer.")
    config.save_pretrained(folder)
    cases = []
    for place, length in enumerate([1, 2, WINDOW - 1, WINDOW, WINDOW + 1, 3 * WINDOW + 7, LONGEST]):
        for global_places in [[], [0], [0, length // 3, length - 1] if length > 3 else [length - 1]]:
            ids = ids_of(length, vocabulary, 1000 + place)
            if length == WINDOW + 1:
                ids[3] = 1  # a padding token inside a text has no position of its own
            mask = torch.zeros((1, length), dtype=torch.long)
            mask[0, global_places] = 1
            with torch.no_grad():
                states = model(
                    input_ids=torch.tensor([ids]), attention_mask=torch.ones((1, length), dtype=torch.long),
                    global_attention_mask=mask,
                ).last_hidden_state[0, :length].numpy()
            padded = [3] if length == WINDOW + 1 else []
            case = {"length": length, "seed": 1000 + place, "padding": padded, "global": global_places}
            cases.append({**case, **sampled(states, global_places)})
    batch = several(model, vocabulary, True)
    save_json(HERE / "longformer.json", {"vocabulary": vocabulary, "cases": cases, "batch": batch})


def bert(folder: Path) -> None:
    vocabulary = len((folder / "vocab.txt").read_text(encoding="utf-8").splitlines())
    config = BertConfig(
        vocab_size=vocabulary, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
        max_position_embeddings=512, type_vocab_size=2, attention_probs_dropout_prob=0.0, hidden_dropout_prob=0.0,
    )
    model = tame(BertModel(config))
    save_weights(folder, model, "bert.")
    config.save_pretrained(folder)
    cases = []
    for place, length in enumerate([1, 2, 15, 16, 17, 55, 129, 512]):
        ids = ids_of(length, vocabulary, 2000 + place)
        with torch.no_grad():
            states = model(input_ids=torch.tensor([ids])).last_hidden_state[0].numpy()
        case = {"length": length, "seed": 2000 + place, "padding": [], "global": []}
        cases.append({**case, **sampled(states, [])})
    save_json(HERE / "bert.json", {"vocabulary": vocabulary, "cases": cases, "batch": several(model, vocabulary, False)})


def several(model: torch.nn.Module, vocabulary: int, with_global: bool) -> list[dict]:
    """Texts of different lengths in one padded batch, as the original takes them."""
    lengths = [5, 40, 1, 17, 63]
    longest = max(lengths)
    pad = model.config.pad_token_id
    ids = torch.full((len(lengths), longest), pad, dtype=torch.long)
    mask = torch.zeros_like(ids)
    global_mask = torch.zeros_like(ids)
    for place, length in enumerate(lengths):
        ids[place, :length] = torch.tensor(ids_of(length, vocabulary, 3000 + place))
        mask[place, :length] = 1
        if with_global and place % 2 == 0:
            global_mask[place, 0] = 1
    extra = {"global_attention_mask": global_mask} if with_global else {}
    with torch.no_grad():
        states = model(input_ids=ids, attention_mask=mask, **extra).last_hidden_state.numpy()
    return [
        {
            "length": length, "seed": 3000 + place, "padding": [],
            "global": [0] if with_global and place % 2 == 0 else [],
            **sampled(states[place, :length], []),
        }
        for place, length in enumerate(lengths)
    ]


def neighbours() -> None:
    """2,000 questions to scikit-learn's five nearest neighbours; points come from the generator above."""
    def points(count: int, seed: int) -> np.ndarray:
        state, numbers = seed, []
        for _ in range(count * 6):
            state = (state * 1103515245 + 12345) % 2**31
            numbers.append(((state >> 8) % 20001 - 10000) / 10000)
        return np.array(numbers, dtype=np.float32).reshape(count, 6)

    known, asked = points(600, 7), points(2000, 8)
    asked[::50] = known[: len(asked[::50])]  # the very same point
    labels = np.array([(int(row.sum() * 10) % 3 + 3) % 3 for row in known.astype(np.float64)])
    model = KNeighborsClassifier(n_neighbors=5, weights="distance", algorithm="brute").fit(known.astype(np.float64), labels)
    wide = asked.astype(np.float64)
    save_json(
        ROUTER / "neighbours.json",
        {
            "labels": labels.tolist(),
            "votes": model.predict(wide).tolist(),
            "probabilities": np.round(model.predict_proba(wide), 9).tolist(),
        },
    )


def main() -> None:
    torch.manual_seed(SEED)
    torch.set_num_threads(2)
    folders = [HERE / "longformer", HERE / "bert"]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    tokenizers(*folders)
    longformer(folders[0])
    bert(folders[1])
    neighbours()
    size = sum(path.stat().st_size for path in HERE.rglob("*") if path.is_file())
    print(f"{size / 1e6:.2f} MB of fixtures in {HERE}")


if __name__ == "__main__":
    sys.exit(main())
