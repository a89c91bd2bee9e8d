"""The documented interface: names, order, defaults, and that its snippets run as they stand."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from inspect import Parameter
from pathlib import Path

import pytest
from conftest import Face, Made

import orkestra as o

# As documented, with the API's address from the environment alone.
SNIPPETS = '''
import orkestra as o

provider = o.Provider("google", "your-key")
response = provider.chat("What is the capital of Japan?")
print(response.text)
print(f"Model: {response.model}  Cost: ${response.cost:.6f}")
print(f"Saved ${response.savings:.6f} ({response.savings_percent:.1f}%) against {response.base_model} (${response.base_cost:.6f})")
print(response.input_tokens, response.output_tokens, response.provider)

response = provider.chat("Write a haiku", max_tokens=100, temperature=0.7)

multi = o.MultiProvider([
    o.Provider("google", "key-1"),
    o.Provider("anthropic", "key-2"),
    o.Provider("openai", "key-3"),
])
for strategy in ("cheapest", "balanced", "smartest"):
    response = multi.chat("Explain how hash tables work", strategy=strategy)
    print(strategy, response.provider, response.model)

for piece in provider.stream_text("Tell me a story"):
    print(piece, end="", flush=True)
for piece in multi.stream_text("Tell me a story", strategy="cheapest", max_tokens=200, temperature=0.5):
    print(piece, end="", flush=True)
'''


def test_the_documented_snippets_run_as_they_stand(simulator: o.Simulator, home: Path) -> None:
    addresses = {
        f"ORKESTRA_{name.upper()}_BASE_URL": simulator.base_url(name)
        for name in ("google", "anthropic", "openai")
    }
    path = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SNIPPETS],
        env={**os.environ, **addresses, "HOME": str(home), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Cost: $0.0" in done.stdout
    assert "smartest" in done.stdout


@pytest.mark.parametrize("method", ["chat", "achat", "stream_text", "astream_text", "stream", "astream", "route", "aroute"])
@pytest.mark.parametrize("noun", [o.Provider, o.MultiProvider])
def test_calls_take_the_documented_arguments(noun: type, method: str) -> None:
    parameters = inspect.signature(getattr(noun, method)).parameters
    assert list(parameters)[:5] == ["self", "prompt", "max_tokens", "temperature", "strategy"]
    assert parameters["prompt"].kind is Parameter.POSITIONAL_OR_KEYWORD
    assert parameters["prompt"].default is Parameter.empty
    defaults = {"max_tokens": 8192, "temperature": 1.0, "strategy": "cheapest"}
    for name, parameter in list(parameters.items())[2:]:
        assert parameter.kind is Parameter.KEYWORD_ONLY, name
        assert parameter.default == defaults.get(name), name


def test_nouns_take_the_documented_arguments() -> None:
    parameters = inspect.signature(o.Provider).parameters
    assert list(parameters)[:2] == ["name", "api_key"]
    assert all(parameters[name].default is Parameter.empty for name in ("name", "api_key"))
    rest = list(parameters.values())[2:]
    assert {parameter.kind for parameter in rest} == {Parameter.KEYWORD_ONLY}
    assert parameters["smart_routing"].default is True
    assert {p.default for p in rest if p.name != "smart_routing"} == {None}
    assert list(inspect.signature(o.MultiProvider).parameters) == ["providers"]


def test_data_take_the_documented_fields_in_their_order() -> None:
    event = list(inspect.signature(o.EventData).parameters)
    assert event == ["event", "provider", "prompt", "model", "response", "metadata"]
    middleware = list(inspect.signature(o.MiddlewareData).parameters)
    assert middleware == ["prompt", "provider", "model", "max_tokens", "temperature", "event", "response", "metadata"]
    assert o.MiddlewareData("hi").max_tokens == 8192
    assert o.EventData("on_chat").metadata == {}


def test_every_blocking_method_has_a_twin() -> None:
    without = {"event", "middleware", "explain", "name", "providers", "ledger", "plan", "location"}
    for noun in (o.Provider, o.MultiProvider, o.Ledger, o.TextStream, o.Stream):
        names = {name for name in dir(noun) if not name.startswith("_")} - without
        names -= {"to_pandas", "to_arrow"}
        blocking = {name for name in names if not (name.startswith("a") and name[1:] in names)}
        assert {f"a{name}" for name in blocking} <= names, noun


def test_keywords_work_for_all_arguments(face: Face, simulator: o.Simulator) -> None:
    provider = o.Provider(name="openai", api_key="sk-any", base_url=simulator.base_url("openai"), ledger="off")
    response = face.chat(provider, prompt="What is the capital of Japan?", max_tokens=64, temperature=0.5)
    assert response.text
    multi = o.MultiProvider(providers=[provider])
    assert face.chat(multi, prompt="Hello", strategy="smartest", max_tokens=4096).tier == "premium"


def test_a_response_has_the_documented_fields_as_plain_numbers(face: Face, provider: Made) -> None:
    response = face.chat(provider(), "What is the capital of Japan?")
    for name in ("cost", "savings", "savings_percent", "base_cost", "input_cost", "output_cost"):
        assert isinstance(getattr(response, name), float), name
    for name in ("text", "model", "provider", "base_model", "finish_reason"):
        assert isinstance(getattr(response, name), str), name
    assert response.input_tokens > 0 and response.output_tokens > 0
    assert response.cost_exact + response.savings_exact == response.base_cost_exact
    assert response.input_cost_exact + response.output_cost_exact == response.cost_exact
    assert response.cost == pytest.approx(response.input_cost + response.output_cost)
    assert sum([response.cost, response.cost]) == pytest.approx(2 * response.cost)
    assert response.plan.model == response.model
    assert response.warnings == [] and response.tool_calls == []
    assert response.request_id


def test_a_response_reads_well(provider: Made) -> None:
    response = provider().chat("Compare <b>bold</b> & plain.")
    assert str(response).startswith(response.text)
    for shown in (str(response), repr(response), response._repr_html_()):
        assert response.model in shown and "saved" in shown
    assert "<b>bold" not in response._repr_html_()


def test_subclasses_keep_what_they_add(provider: Made, simulator: o.Simulator) -> None:
    class Mine(o.Provider):
        def ask(self, prompt: str) -> str:
            return self.chat(prompt, max_tokens=50).text

    mine = Mine("openai", "sk-any", base_url=simulator.base_url("openai"), ledger="off")
    assert mine.ask("What is the capital of Japan?")
    assert isinstance(mine, o.Provider)


def test_everything_public_is_documented_and_listed() -> None:
    assert set(o.__all__) <= set(dir(o))
    assert o.__version__.count(".") == 2
