"""The simulator as a process, and the vendors' clients pointed at it."""

import contextlib
import json
import os
import shlex
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field

import anthropic
import openai
from google import genai

# The command that starts the simulator and prints `listening on http://ADDR` as its first line.
DEFAULT_COMMAND = "cargo run --quiet --package orkestra-simulator --example simulate -- --listen 127.0.0.1:0"

KEY = "sk-for-the-simulator"


@dataclass(frozen=True)
class Simulator:
    """A running simulator."""

    root: str
    # Google's client closes its connections when it is collected, even while one of its parts is in use.
    _kept: list[genai.Client] = field(default_factory=list)

    def openai(self, key: str = KEY) -> openai.OpenAI:
        return openai.OpenAI(api_key=key, base_url=f"{self.root}/openai/v1", max_retries=0, timeout=30)

    def anthropic(self, key: str = KEY) -> anthropic.Anthropic:
        return anthropic.Anthropic(api_key=key, base_url=f"{self.root}/anthropic", max_retries=0, timeout=30)

    def google(self, key: str = KEY) -> genai.Client:
        client = genai.Client(api_key=key, http_options={"base_url": f"{self.root}/google", "timeout": 30_000})
        self._kept.append(client)
        return client

    def fault(self, name: str, **filters: object) -> None:
        """Makes something go wrong at the next request."""
        self._call("POST", "/faults", {"fault": name, **filters})

    def requests(self) -> list[dict]:
        """What was sent so far, keys redacted."""
        return self._call("GET", "/requests")

    def clear(self) -> None:
        self._call("DELETE", "/requests")
        self._call("DELETE", "/faults")

    def _call(self, method: str, path: str, body: object = None) -> list[dict]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data=data, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as response:
            text = response.read()
        return json.loads(text) if text else []


@contextlib.contextmanager
def running() -> Iterator[Simulator]:
    """Starts the command of ORKESTRA_SIMULATE and ends it afterwards."""
    # Proxies of the machine are not for loopback.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    command = shlex.split(os.environ.get("ORKESTRA_SIMULATE", DEFAULT_COMMAND))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline().strip()
            prefix = "listening on "
            if not line.startswith(prefix):
                raise RuntimeError(f"{command} printed {line!r}, expected {prefix!r} and an address")
            yield Simulator(line.removeprefix(prefix))
        finally:
            process.terminate()
