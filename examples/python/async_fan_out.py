"""A hundred prompts at once on one event loop, and a race between two providers whose loser is cancelled.

Run with:  GEMINI_API_KEY=... OPENAI_API_KEY=... python async_fan_out.py
"""

import asyncio
import os
from collections import Counter

import orkestra as o

COUNTRIES = "Japan Peru Kenya Norway Chile Ghana Nepal Fiji Malta Laos".split()
QUESTIONS = ["capital", "highest mountain", "longest river", "currency", "national dish"]
PROMPTS = [f"What is the {question} of {country}?" for country in COUNTRIES for question in QUESTIONS]
PROMPTS += [f"Write a limerick about {country}, number {n}." for country in COUNTRIES for n in range(5)]


async def fan_out(multi: o.MultiProvider) -> list[o.Response]:
    # At most 20 under way: providers limit how many they take.
    free = asyncio.Semaphore(20)

    async def answer(prompt: str) -> o.Response:
        async with free:
            return await multi.achat(prompt, max_tokens=200)

    return await asyncio.gather(*(answer(prompt) for prompt in PROMPTS))


async def race(providers: list[o.Provider], prompt: str) -> o.Response:
    tasks = [asyncio.create_task(provider.achat(prompt)) for provider in providers]
    done, late = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    # Cancelling a task ends its call at the provider.
    for task in late:
        task.cancel()
    return done.pop().result()


async def main() -> None:
    google = o.Provider("google", os.environ["GEMINI_API_KEY"])
    openai = o.Provider("openai", os.environ["OPENAI_API_KEY"])
    async with o.MultiProvider([google, openai]) as multi:
        responses = await fan_out(multi)
        print(f"{len(responses)} answers: {dict(Counter(response.model for response in responses))}")
        print(f"cost ${sum(r.cost for r in responses):.6f}, saved ${sum(r.savings for r in responses):.6f}")

        first = await race([google, openai], "Name a river.")
        print(f"{first.provider} was first, after {first.latency * 1000:.0f} ms")


asyncio.run(main())
