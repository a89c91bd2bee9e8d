"""Computes every bill of bills.jsonl a second time, from price lists and rules of its own: nothing here reads the catalogue
or shares a line with the engine.

    python tests/bills/check.py          says which bills differ; ends with 1 if one does

A line of bills.jsonl: `name`, the `dialect` of the provider's answer, the `model`, the `day` of the call, the provider's own
`usage` object, and what has to be paid: `input_cost`, `output_cost` and `cost` in dollars. Prices are dollars per million tokens.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Rates:
    """`read`, `write` (minutes), `hour`, `audio`: None means what the input costs; an hour's write at least a write's."""

    input: str
    output: str
    read: str | None = None
    write: str | None = None
    hour: str | None = None
    audio: str | None = None

    def of(self, field: str) -> Decimal:
        value = getattr(self, field)
        if value is None:
            value = self.write if field == "hour" and self.write is not None else self.input
        return Decimal(value)


@dataclass(frozen=True)
class Model:
    """Rates by the day they begin (the last that began holds), and those above so many input tokens."""

    rates: dict[str, Rates]
    above: int | None = None
    long: Rates | None = None

    def on(self, day: str, tokens: int) -> Rates:
        if self.above is not None and tokens > self.above:
            assert self.long is not None
            return self.long
        return self.rates[max(start for start in self.rates if start <= day)]


def since_ever(*rates: str | None, **named: str) -> dict[str, Rates]:
    return {"": Rates(*rates, **named)}


MODELS = {
    "gemini-2.5-flash-lite": Model(since_ever("0.10", "0.40", "0.01", audio="0.30")),
    "gemini-3-flash-preview": Model(since_ever("0.50", "3.00", "0.05")),
    "gemini-3.8-flash": Model(since_ever("0.75", "3.75", "0.075")),
    "gemini-3.1-pro-preview": Model(
        since_ever("2", "12", "0.20"), 200_000, Rates("4", "18", "0.40")
    ),
    "gemini-4-argon": Model({"": Rates("2", "10", "0.10"), "2026-12-01": Rates("4", "20", "0.10")}),
    "gemini-4-neon": Model(since_ever("3", "15")),
    "claude-haiku-4-5": Model(since_ever("1", "5", "0.10", "1.25", "2")),
    "claude-haiku-5-5": Model(
        since_ever("0.10", "0.50", "0.01", "0.125", "0.20"),
        100_000,
        Rates("0.50", "2.50", "0.05", "0.625", "1.00"),
    ),
    "claude-sonnet-4-5": Model(since_ever("3", "15", "0.30", "3.75", "6")),
    "claude-sonnet-5-5": Model(since_ever("2", "10", "0.10", "2.50", "4")),
    "claude-opus-5-5": Model(since_ever("4", "20", "0.20", "5", "8")),
    "claude-fable-5-1": Model(since_ever("10", "50", "0.25", "12.50", "20")),
    "gpt-4o-mini": Model(since_ever("0.15", "0.60", "0.075")),
    "gpt-4o": Model(since_ever("2.50", "10", "1.25")),
    "o3": Model(since_ever("2", "8", "0.50")),
    "gpt-6-luna": Model(
        since_ever("0.10", "0.50", "0.01", "0.125"), 272_000, Rates("0.20", "0.75", write="0.25")
    ),
    "gpt-6.1-terra": Model(
        since_ever("1", "5", "0.05", "1.25"), 272_000, Rates("2", "7.5", write="2.50")
    ),
    "gpt-6.1-sol": Model(
        since_ever("2", "10", "0.10", "2.50"), 272_000, Rates("4", "15", write="5")
    ),
    "deepseek-v4-flash": Model(since_ever("0.30", "1.20", "0.006")),
    "groq/gpt-oss-120b": Model(since_ever("0.15", "0.60", "0.075")),
    "mistral-large-4": Model(since_ever("1.36", "4.18")),
    "grok-4.7": Model(since_ever("2", "6", "0.50")),
}


@dataclass
class Tokens:
    """Counts that do not overlap."""

    plain: int = 0
    audio: int = 0
    read: int = 0
    write: int = 0
    hour: int = 0
    output: int = 0


def openai(usage: dict) -> Tokens:
    """Cached and written tokens are inside the prompt's, reasoning inside the completion's."""
    details = usage.get("prompt_tokens_details") or {}
    read, write = details.get("cached_tokens") or 0, details.get("cache_write_tokens") or 0
    read = read or usage.get("prompt_cache_hit_tokens") or 0
    audio = details.get("audio_tokens") or 0
    plain = usage["prompt_tokens"] - read - write - audio
    return Tokens(plain, audio, read, write, 0, usage["completion_tokens"])


def responses(usage: dict) -> Tokens:
    details = usage.get("input_tokens_details") or {}
    read, write = details.get("cached_tokens") or 0, details.get("cache_write_tokens") or 0
    return Tokens(usage["input_tokens"] - read - write, 0, read, write, 0, usage["output_tokens"])


def anthropic(usage: dict) -> Tokens:
    """Everything stands beside everything; the writes for an hour are a part of all writes."""
    writes = usage.get("cache_creation_input_tokens") or 0
    hour = (usage.get("cache_creation") or {}).get("ephemeral_1h_input_tokens") or 0
    read = usage.get("cache_read_input_tokens") or 0
    return Tokens(usage["input_tokens"], 0, read, writes - hour, hour, usage["output_tokens"])


def gemini(usage: dict) -> Tokens:
    """Thoughts stand beside the candidates', unless the total says that they are inside."""
    prompt, read = usage.get("promptTokenCount", 0), usage.get("cachedContentTokenCount", 0)
    tool, candidates = usage.get("toolUsePromptTokenCount", 0), usage.get("candidatesTokenCount", 0)
    thoughts = usage.get("thoughtsTokenCount", 0)
    inside = prompt + tool + candidates == usage.get("totalTokenCount")
    audio = sum(
        detail.get("tokenCount", 0)
        for detail in usage.get("promptTokensDetails", [])
        if detail["modality"] == "AUDIO"
    )
    output = candidates if inside else candidates + thoughts
    return Tokens(prompt - read + tool - audio, audio, read, 0, 0, output)


READERS = {"openai": openai, "responses": responses, "anthropic": anthropic, "gemini": gemini}


def bill(line: dict) -> tuple[Decimal, Decimal]:
    tokens = READERS[line["dialect"]](line["usage"])
    sent = tokens.plain + tokens.audio + tokens.read + tokens.write + tokens.hour
    rates = MODELS[line["model"]].on(line["day"], sent)
    paid = (
        tokens.plain * rates.of("input")
        + tokens.audio * rates.of("audio")
        + tokens.read * rates.of("read")
        + tokens.write * rates.of("write")
        + tokens.hour * rates.of("hour")
    )
    return paid / MILLION, tokens.output * rates.of("output") / MILLION


def main() -> int:
    lines = [json.loads(line) for line in Path(__file__).with_name("bills.jsonl").open()]
    wrong = 0
    for line in lines:
        paid, earned = bill(line)
        stated = tuple(Decimal(line[field]) for field in ("input_cost", "output_cost", "cost"))
        if stated != (paid, earned, paid + earned):
            wrong += 1
            print(f"{line['name']}: {paid} + {earned}, but the table says {stated}")
    print(f"{len(lines)} bills, {wrong} wrong")
    return 1 if wrong or len(lines) < 60 else 0


if __name__ == "__main__":
    sys.exit(main())
