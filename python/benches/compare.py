"""What the package costs, measured in one run: start, decisions, many calls at once, and a call beside the openai SDK's.

    cargo build --release -p orkestra --example batch
    python python/benches/compare.py --rust target/release/examples/batch

Needs the package and `openai` installed. The Rust program decides the same prompts. Compare numbers of one run only.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

PROMPT = "Compare three ways to index a table of a billion rows, and say when each is the wrong choice. " * 5


@contextlib.contextmanager
def simulator(*flags: str) -> Iterator[str]:
    command = [sys.executable, "-m", "orkestra", "simulate", "--listen", "127.0.0.1:0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found
            yield found.group()
        finally:
            process.terminate()


def process(code: str) -> tuple[float, float]:
    """Milliseconds and peak megabytes of a Python process, by its own word: what it was forked from counts in the system's."""
    said = f"{code}\nfor line in open('/proc/self/status'):\n    if line.startswith('VmHWM'): print(line.split()[1])"
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-I", "-c", said], capture_output=True, text=True, check=True)
    return (time.perf_counter() - started) * 1000, int(done.stdout) / 1024


def start(runs: int = 15) -> None:
    bare = [process("pass") for _ in range(runs)]
    loaded = [process("import orkestra") for _ in range(runs)]
    for name, at, unit in (("import, above bare Python", 0, "ms"), ("memory, above bare Python", 1, "MB")):
        print(f"{name:<42}{statistics.median(l[at] for l in loaded) - statistics.median(b[at] for b in bare):>10.1f} {unit}")
    first = [
        subprocess.run(
            [
                sys.executable,
                "-I",
                "-c",
                "import time, orkestra as o; t = time.perf_counter(); p = o.Provider('openai', None, ledger='off'); "
                f"p.route({PROMPT!r}); print((time.perf_counter() - t) * 1000)",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        for _ in range(runs)
    ]
    print(f"{'first decision, provider included':<42}{statistics.median(float(one.stdout) for one in first):>10.1f} ms")


def timed(work: Callable[[], object], runs: int) -> list[float]:
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1e6)
    return times


def decisions(rust: str | None) -> None:
    import orkestra as o

    provider = o.Provider("openai", None, ledger="off")
    for _ in range(200):
        provider.route(PROMPT)
    print(f"{'a decision, median':<42}{statistics.median(timed(lambda: provider.route(PROMPT), 3000)):>10.1f} us")
    prompts = [f"{PROMPT} Case {number}." for number in range(100_000)]
    best = max(len(prompts) / (timed(lambda: provider.route_batch(prompts), 1)[0] / 1e6) for _ in range(3))
    print(f"{'decisions of a batch of 100,000':<42}{best:>10.0f} /s")
    if rust:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("\n".join(prompts))
            file.flush()
            done = subprocess.run([rust, file.name], capture_output=True, text=True, check=True)
            print("the same in Rust:", *done.stdout.splitlines()[:2], sep="\n    ")


def threads() -> int:
    """Threads of ours, by their names."""
    names = []
    for task in os.listdir("/proc/self/task"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/self/task/{task}/comm") as file:
            names.append(file.read())
    return sum(name.startswith("orkestra") for name in names)


def many(url: str, calls: int = 1000) -> None:
    import orkestra as o

    provider = o.Provider("openai", "k", base_url=f"{url}/openai/v1")
    most = 0

    async def main() -> None:
        nonlocal most

        async def watch(tasks: list[asyncio.Future[object]]) -> None:
            nonlocal most
            while not all(task.done() for task in tasks):
                most = max(most, threads())
                await asyncio.sleep(0.01)

        tasks = [asyncio.ensure_future(provider.achat(f"What is {n} + {n}?")) for n in range(calls)]
        await asyncio.gather(watch(tasks), *tasks)

    started = time.perf_counter()
    asyncio.run(main())
    provider.close()
    print(f"{f'{calls} calls at once':<42}{time.perf_counter() - started:>10.2f} s, {most} threads of ours")


def calls(url: str, runs: int = 400) -> None:
    import orkestra as o

    try:
        import openai
    except ImportError:
        print("openai is not installed: no comparison")
        return
    model, asked = "gpt-4o-mini", "What is the capital of Japan?"
    ours = o.Provider("openai", "k", base_url=f"{url}/openai/v1", ledger="off")
    kept = o.Provider("openai", "k", base_url=f"{url}/openai/v1")
    theirs = openai.OpenAI(api_key="k", base_url=f"{url}/openai/v1", max_retries=0)
    faces: dict[str, Callable[[], object]] = {
        "openai SDK": lambda: theirs.chat.completions.create(
            model=model, messages=[{"role": "user", "content": asked}], max_completion_tokens=100
        ),
        "orkestra, model named, no ledger": lambda: ours.chat(asked, model=model, max_tokens=100),
        "orkestra, routed, no ledger": lambda: ours.chat(asked, max_tokens=100),
        "orkestra, routed, with ledger": lambda: kept.chat(asked, max_tokens=100),
    }
    times: dict[str, list[float]] = {name: [] for name in faces}
    for work in faces.values():
        timed(work, 20)
    # In turns, so that what else the machine does hits all alike.
    for _ in range(runs):
        for name, work in faces.items():
            times[name] += timed(work, 1)
    for name, found in times.items():
        found.sort()
        print(f"{name:<42}{statistics.median(found):>10.0f} us, p99 {found[int(len(found) * 0.99)]:.0f}")


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rust")
    rust = arguments.parse_args().rust
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        os.environ["NO_PROXY"] = "127.0.0.1"
        start()
        decisions(rust)
        with simulator("--latency", "300") as url:
            many(url)
        with simulator() as url:
            calls(url)


if __name__ == "__main__":
    main()
