"""A table of prompts: what each would go to, what that would cost, and what the calls did cost. Needs pandas.

Run with:  GEMINI_API_KEY=... OPENAI_API_KEY=... python pandas_batch.py
"""

import asyncio
import os
import sys

try:
    import pandas as pd
except ImportError:
    sys.exit("skipped: pandas is not installed (pip install pandas)")

import orkestra as o

multi = o.MultiProvider(
    [
        o.Provider("google", os.environ["GEMINI_API_KEY"]),
        o.Provider("openai", os.environ["OPENAI_API_KEY"]),
    ]
)

easy = [f"What is {n} + {n + 1}?" for n in range(500)]
hard = [f"Prove that the sum of the first {n} odd numbers is a square, by induction." for n in range(2, 502)]
table = pd.DataFrame({"prompt": easy + hard})

# Decided on all processors, in one go; nothing is called.
plans = multi.route_batch(table["prompt"].tolist())
table["model"] = [plan.model for plan in plans]
table["tier"] = [plan.tier for plan in plans]
table["expected_cost"] = [plan.expected_cost for plan in plans]
table["expected_savings"] = [plan.expected_savings for plan in plans]
print(table.groupby(["tier", "model"])[["expected_cost", "expected_savings"]].agg(["count", "sum"]).to_string())


async def answer(prompts: list[str]) -> list[o.Response]:
    return await asyncio.gather(*(multi.achat(prompt, max_tokens=50) for prompt in prompts))


sample = table.sample(20, random_state=1)
responses = asyncio.run(answer(sample["prompt"].tolist()))
sample = sample.assign(answer=[r.text for r in responses], cost=[r.cost for r in responses])
print(sample[["prompt", "tier", "cost"]].head().to_string())

# The ledger is a table too.
multi.close()
entries = multi.ledger.to_pandas(limit=20)
print(entries.groupby("model")[["cost", "base_cost", "savings"]].sum().to_string())
