"""Several providers share the work: the cheapest of all models that can handle a prompt answers it.

Run with:  GEMINI_API_KEY=... ANTHROPIC_API_KEY=... OPENAI_API_KEY=... python several_providers.py
"""

import os

import orkestra as o

multi = o.MultiProvider(
    [
        o.Provider("google", os.environ["GEMINI_API_KEY"]),
        o.Provider("anthropic", os.environ["ANTHROPIC_API_KEY"]),
        o.Provider("openai", os.environ["OPENAI_API_KEY"]),
    ]
)

for prompt in ["What is the capital of Japan?", "Implement a B-tree with deletion in Rust"]:
    print(prompt)
    for strategy in ("cheapest", "balanced", "smartest"):
        plan = multi.route(prompt, strategy=strategy)
        print(f"  {strategy:9} {plan.provider:10} {plan.model:24} about ${plan.expected_cost:.6f}")

response = multi.chat("Explain how hash tables work", strategy="cheapest")
print(f"\n{response}")

# What else would have been tried, had that model failed.
print("\nThe plan, in order of trial:")
for candidate in response.plan.candidates:
    print(f"  {candidate.model:24} forecast {candidate.score:.2f}, about ${candidate.expected_cost:.6f}")

for piece in multi.stream_text("Name three rivers of Europe.", max_tokens=100):
    print(piece, end="", flush=True)
print()
