"""One provider: a prompt goes to its cheapest model that can handle it.

Run with:  GEMINI_API_KEY=... python quick_start.py
"""

import os

import orkestra as o

provider = o.Provider("google", os.environ["GEMINI_API_KEY"])

response = provider.chat("What is the capital of Japan?")
print(response.text)
print(f"Model:   {response.model} ({response.provider})")
print(f"Tokens:  {response.input_tokens} in, {response.output_tokens} out")
print(f"Cost:    ${response.cost:.6f}")
print(f"Savings: ${response.savings:.6f} ({response.savings_percent:.1f}%) against {response.base_model}")

# A harder prompt goes to a better model. Deciding alone calls nothing and costs nothing.
plan = provider.route("Implement a B-tree with deletion in Rust")
print(f"\nThe B-tree would go to {plan.model} ({plan.tier}): {plan.reason}")
