"""Writes what the Rust run time is compared with: the original tokenizer's tokens, the distiller's vectors.

    python fixtures.py --vectors work/static.safetensors --out ../crates/orkestra/tests/fixtures/router

The texts are made here, from a fixed seed; none comes from a data set.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import numpy as np
from distill import restore
from encoder import load_tokenizer
from safetensors.numpy import load_file

SENTENCES = [
    "A bicycle chain needs oil after rain.",
    "Could you rename the third column to `total_eur` and drop the rest?",
    "Crème brûlée, façade, naïve, coöperate, Łódź, Žižek, İstanbul, ﬁnancial",
    "Großmutter trägt weiße Strümpfe; ΟΔΥΣΣΕΥΣ ταξιδεύει.",
    "Сколько стоит билет до Владивостока? Ёжик, й, Київ, їжак",
    "我想知道明天早上会不会下雨。", "東京タワーの高さは何メートルですか?", "ひらがなとカタカナ、漢字。ガギグ",
    "서울에서 부산까지 기차로 얼마나 걸려요?", "พรุ่งนี้ฝนจะตกไหม", "ما هي أطول أنهار العالم؟ مُحَمَّد",
    "כמה זמן לוקח לבשל אורז? שָׁלוֹם", "कल मौसम कैसा रहेगा? क्षत्रिय", "আগামীকাল কি বৃষ্টি হবে?",
    "நாளை மழை வருமா?", "ამინდი როგორი იქნება?", "Vaghe stelle dell'Orsa, io non credea",
    "👩‍👩‍👧‍👦 family 🇫🇮 flag 👍🏽 thumbs 😀😀", "∀x∈ℝ: x² ≥ 0 ⇒ √(x²)=|x|; ½ + ⅓ ≠ Ⅳ", "e\u0301 vs \u00e9, a\u030a\u0323 order, \u1e9b\u0323",
    "def area(r):\n\treturn 3.14159 * r ** 2  # circle", "fn main() { let v: Vec<u8> = vec![0; 16]; }",
    "SELECT name, COUNT(*) FROM orders WHERE day >= '2026-01-01' GROUP BY 1;",
    '{"a": [1, 2.5e-3, null], "b": {"c": "d\\n"}}', "<p class=\"x\">Fish &amp; chips</p>",
    "https://example.org/a/b?c=d&e=%20f#g", "C:\\Program Files\\thing.exe --flag=1", "rm -rf ./build && make -j4 2>&1 | tee log",
    "one\x00two\x01three\x7ffour\u0085five", "soft\u00adhyphen zero\u200bwidth joiner\u200d bom\ufeff end",
    "tabs\tand\nlines\r\nand\u00a0no-break\u2003em\u3000wide\u2028sep", "replacement \ufffd character and private \ue000 use",
    "[CLS] literal [SEP] markers [MASK] in [PAD] text [UNK] here [cls] [MAS", "[[CLS]] and x[MASK]y", "##ing ## # ing",
    "don't can't o'clock rock'n'roll 'tis", "“quoted” ‘single’ «guillemets» — dash – en … dots", "$5 €6 £7 ¥8 ₹9 + = < > ^ ` ~ |",
    "1234567890 1,000,000.00 3.14 0xDEADBEEF 192.168.0.1 v2.0.1-rc.3", "ALL CAPS SHOUTING AND MiXeD cAsE",
    "pneumonoultramicroscopicsilicovolcanoconiosis antidisestablishmentarianism", "a" * 99, "b" * 100, "c" * 101, "é" * 101,
    "word " + "x" * 300 + " after", "日本" * 60, "\u0301\u0302 marks alone", "", " ", "\n\n\t", ".", "?!?!", "🙂" * 120, "नि" * 70,
    "\u1100\u1161\u11a8 decomposed hangul", "\ud7a3\uac00", "ǅ ǈ ß ẞ ſ K Å Ω", "𝐁𝐨𝐥𝐝 𝔉𝔯𝔞𝔨𝔱𝔲𝔯 𝟙𝟚𝟛", "𠀀𠀁 𪜀 𫝀 丽", "ᚠᚢᚦ ⠓⠑⠇⠇⠕ 𓀀𓀁 𐍈",
    "ﷺ ﷽ لا", "x\u20dd \u0488 \u0903 mc", "\u302e\u302f tone\u0323\u302e\u0301", "Ⅷ ⅷ ㎏ ㍿ ①②",
]
ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ", "ąćęłńóśźżčďěňřšťůž",
    "абвгдежзийклмнопрстуфхцчшщъыьэюя", "αβγδεζηθικλμνξοπρστυφχψω", "اأإآبتثجحخدذرزسشصضطظعغفقكلمنهوي", "אבגדהוזחטיכלמנסעפצקרשת",
    "अआइईउऊएऐओऔकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह\u093e\u093f\u0940\u094d", "กขคงจฉชซญดตถทธนบปผฝพฟภมยรลวสหอ\u0e31\u0e34\u0e35\u0e48\u0e49",
    "的一是不了人我在有他这中大来上国", "あいうえおかきくけこガギグゲゴ", "가나다라마바사아자차카타파하", "😀😂🥳🚀👍❤🔥✨🇯🇵", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    "\u0300\u0301\u0308\u0323\u0327\u0338", "\u200b\u200d\u00ad\x00\x07\x1b\ufeff\ufffd", " \t\n\r\u00a0\u2009\u3000", "—–…“”‘’«»¿¡。、「」؟،।",
]
WORDS = (
    "the of and to in a is for on with by this that from at it as an be are was plan travel invoice quantum photosynthesis "
    "kubernetes refactor asynchronous haiku mortgage penguin tokenization unbelievably electroencephalography rewrite translate "
    "summarise table JSON CSV python rust function recursion derivative integral matrix theorem court contract tenant diagnosis "
    "dosage symptom recipe garlic violin sonata budget forecast margin quarterly"
).split()


def texts(count: int) -> list[str]:
    """The sentences above, then made-up texts until there are `count` different ones."""
    generator = random.Random(20261123)
    found = dict.fromkeys(SENTENCES)
    while len(found) < count:
        pieces = []
        for _ in range(generator.randint(1, 14)):
            kind = generator.random()
            if kind < 0.45:
                pieces.append(generator.choice(WORDS))
            elif kind < 0.9:
                alphabet = generator.choice(ALPHABETS)
                pieces.append("".join(generator.choices(alphabet, k=generator.randint(1, 9))))
            else:
                mixed = "".join(generator.choices(ALPHABETS, k=3))
                pieces.append("".join(generator.choices(mixed, k=generator.randint(1, 12))))
            pieces.append(generator.choice([" ", " ", " ", "", "\n", ", ", "-", "\t"]))
        found["".join(pieces)] = None
    return list(found)[:count]


def vector(text_ids: list[int], rows: np.ndarray) -> np.ndarray:
    """The mean of the rows, of unit length; all zero if nothing in the text means anything."""
    total = rows[text_ids].astype(np.float64).sum(0) if text_ids else np.zeros(rows.shape[1])
    length = np.linalg.norm(total)
    return total / length if length > 0 else total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    tokenizer = load_tokenizer()
    with (options.out / "tokens.jsonl").open("w") as file:
        for text in texts(1000):
            tokens = tokenizer.encode(text, add_special_tokens=False).tokens
            file.write(json.dumps({"text": text, "tokens": tokens}, ensure_ascii=True) + "\n")

    tables = load_file(str(options.vectors))
    names = bytes(tables["vocabulary"]).decode().split("\n")
    places = {name: place for place, name in enumerate(names)}
    rows = restore(tables["codes"], tables["scales"])
    with (options.out / "vectors.jsonl").open("w") as file:
        for text in texts(1000)[:60]:
            tokens = tokenizer.encode(text, add_special_tokens=False).tokens
            values = vector([places[token] for token in tokens], rows)
            line = {"text": text, "vector": [round(float(x), 5) for x in values]}
            file.write(json.dumps(line, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
