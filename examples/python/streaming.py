"""An answer piece by piece, and its bill at the end.

Run with:  ANTHROPIC_API_KEY=... python streaming.py
"""

import os

import orkestra as o

provider = o.Provider("anthropic", os.environ["ANTHROPIC_API_KEY"])

# The text alone.
for piece in provider.stream_text("Tell me a story about a lighthouse.", max_tokens=200):
    print(piece, end="", flush=True)
print("\n")

# Everything: thoughts, calls of tools and usage are events of their own. Leaving the block early would end the call, at
# the provider too.
with provider.stream("How many primes are there below 1,000?", strategy="smartest", max_tokens=2000) as stream:
    for event in stream:
        if event.type == "reasoning" and event.text:
            print(f"(thinking: {event.text})")
        elif event.type == "text":
            print(event.text, end="", flush=True)
    response = stream.response()

print(f"\n\n{response.model} ({response.tier}) cost ${response.cost:.6f}")
print(f"{response.usage.reasoning} of its {response.output_tokens} output tokens were thoughts")
