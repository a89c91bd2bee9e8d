"""What is asked, and what reaches the provider."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import Face, Made

import orkestra as o

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00"
    b"\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa75\x81\x84\x00\x00\x00\x00IEND\xaeB`\x82"
)
WEATHER = {
    "name": "weather",
    "description": "The weather in a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


def sent(simulator: o.Simulator) -> dict[str, Any]:
    body = simulator.requests()[-1]["body"]
    assert isinstance(body, dict)
    return body


@pytest.mark.parametrize("name", ["google", "anthropic", "openai"])
def test_each_provider_answers_and_is_billed(face: Face, provider: Made, name: str) -> None:
    response = face.chat(provider(name), "What is the capital of Japan?")
    assert response.provider == name
    assert response.simulated
    assert 0 < response.cost < response.base_cost
    assert response.tier == "budget"


def test_a_conversation_is_sent_as_it_is(face: Face, provider: Made, simulator: o.Simulator) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "My name is Ada."},
        {"role": "assistant", "content": "Hello Ada."},
        {"role": "user", "content": "What is my name?"},
    ]
    face.chat(provider(), messages)
    assert sent(simulator)["messages"] == messages


def test_options_reach_the_provider(face: Face, provider: Made, simulator: o.Simulator) -> None:
    face.chat(
        provider(),
        "Count to three.",
        model="gpt-4o",
        system="Be brief.",
        max_tokens=99,
        temperature=0.25,
        top_p=0.5,
        seed=7,
        stop=["four", "five"],
    )
    body = sent(simulator)
    assert body["model"].startswith("gpt-4o")
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert (body["temperature"], body["top_p"], body["seed"], body["stop"]) == (0.25, 0.5, 7, ["four", "five"])
    assert 99 in (body.get("max_tokens"), body.get("max_completion_tokens"))


def test_reasoning_effort_reaches_a_model_that_thinks(face: Face, provider: Made, simulator: o.Simulator) -> None:
    face.chat(provider(), "Prove it.", model="o3", reasoning_effort="low")
    assert sent(simulator)["reasoning_effort"] == "low"


@pytest.mark.parametrize("wrapped", [False, True])
def test_tools_go_out_and_their_calls_come_back(
    face: Face, provider: Made, simulator: o.Simulator, wrapped: bool
) -> None:
    tool = {"type": "function", "function": WEATHER} if wrapped else WEATHER
    asked = [{"role": "user", "content": "Call the tool: weather in Rome?"}]
    response = face.chat(provider(), asked, tools=[tool], tool_choice="required", model="gpt-4o")
    (call,) = response.tool_calls
    assert call.name == "weather" and isinstance(call.parsed()["city"], str)
    assert response.finish_reason == "tool_calls"
    conversation = [*asked, response.message, {"role": "tool", "tool_call_id": call.id, "content": "Sunny"}]
    again = face.chat(provider(), conversation, tools=[tool], model="gpt-4o")
    assert again.text
    assert sent(simulator)["messages"][1]["tool_calls"][0]["function"]["name"] == "weather"


def test_an_answer_can_be_json_of_a_schema(face: Face, provider: Made) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }

    class Model:
        @staticmethod
        def model_json_schema() -> dict[str, Any]:
            return {"title": "Person of note", **schema}

    for form in (schema, Model):
        answer = json.loads(face.chat(provider(), "Invent a person.", response_format=form, model="gpt-4o").text)
        assert set(answer) == {"name", "age"}
    assert json.loads(face.chat(provider(), "Give JSON.", response_format="json", model="gpt-4o").text) is not None


def test_images_come_as_bytes_paths_and_urls(
    face: Face, provider: Made, simulator: o.Simulator, tmp_path: Path
) -> None:
    file = tmp_path / "dot.png"
    file.write_bytes(PNG)
    face.chat(provider(), "What is this?", images=[PNG, file, "https://example.com/cat.png"], model="gpt-4o")
    text, first, second, third = sent(simulator)["messages"][0]["content"]
    assert text["text"] == "What is this?"
    assert first == second and first["image_url"]["url"].startswith("data:image/png;base64,")
    assert third["image_url"]["url"] == "https://example.com/cat.png"


def test_routing_can_be_switched_off(face: Face, provider: Made) -> None:
    easy = "What is the capital of Japan?"
    assert face.chat(provider(smart_routing=False, default_model="gpt-4o"), easy).model == "gpt-4o"
    unnamed = face.chat(provider(smart_routing=False), easy)
    assert unnamed.model == unnamed.base_model and unnamed.savings == 0
    assert face.chat(provider(smart_routing=True, default_model="gpt-4o"), easy).tier == "budget"
    assert face.chat(provider(), easy, model="gpt-4o").plan.strategy == "fixed"


def test_headers_are_sent_and_shown_nowhere(face: Face, provider: Made, simulator: o.Simulator) -> None:
    made = provider(headers={"X-Team": "blue-secret"})
    face.chat(made, "Hello")
    assert simulator.headers()[-1]["x-team"] == "blue-secret"
    assert "blue-secret" not in repr(made)
    for headers, said in (({"a b": "c"}, "name"), ({"ok": "a\nb"}, "value"), ({"host": "x"}, "sets itself")):
        with pytest.raises(o.Config, match=said):
            provider(headers=headers)


def test_a_key_is_shown_nowhere_and_an_empty_one_is_refused(provider: Made) -> None:
    made = provider(api_key="sk-very-secret")
    assert "sk-very-secret" not in f"{made!r} {made} {vars(type(made))}"
    with pytest.raises(o.Unauthenticated):
        provider(api_key="")
    with pytest.raises(o.Config, match="plain HTTP") as caught:
        provider(api_key="sk-very-secret", base_url="http://example.com")
    assert "sk-very-secret" not in str(caught.value)


def test_keys_and_addresses_come_from_the_environment(
    face: Face, simulator: o.Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORKESTRA_OPENAI_BASE_URL", simulator.base_url("openai"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-environment")
    assert face.chat(o.Provider("openai", None, ledger="off"), "Hello").text
    assert simulator.headers()[-1]["authorization"] == "Bearer sk-from-environment"
    assert face.chat(o.Provider("openai", "sk-mine", ledger="off"), "Hello").text
    assert simulator.headers()[-1]["authorization"] == "Bearer sk-mine"


def test_several_keys_share_the_calls(face: Face, provider: Made, simulator: o.Simulator) -> None:
    simulator.fault("401")
    assert face.chat(provider(api_key=["sk-one", "sk-two"]), "Hello").text
    assert [one["authorization"] for one in simulator.headers()] == ["Bearer sk-one", "Bearer sk-two"]


def test_retries_are_counted(face: Face, provider: Made, simulator: o.Simulator) -> None:
    simulator.fault("500", count=2)
    response = face.chat(provider(max_retries=2), "Hello")
    assert [attempt["error"] for attempt in response.attempts] == ["unavailable", "unavailable", None]


def test_several_providers_share_the_work(face: Face, provider: Made) -> None:
    multi = o.MultiProvider([provider("google"), provider("anthropic"), provider("openai")])
    models = {face.chat(multi, "Hello", strategy=name).model for name in ("cheapest", "smartest")}
    assert len(models) == 2
    assert [one.name for one in multi.providers] == ["google", "anthropic", "openai"]
    assert face.chat(o.MultiProvider((p for p in [provider()])), "Hello").text


def test_an_outage_of_one_provider_is_taken_over_by_another(face: Face, provider: Made, simulator: o.Simulator) -> None:
    multi = o.MultiProvider([provider("google"), provider("openai")])
    first = face.call(multi, "route", "Hello").provider
    simulator.fault("503", count=3, provider=first)
    response = face.chat(multi, "Hello")
    assert response.provider != first and response.attempts[0]["error"] == "unavailable"


def test_a_decision_needs_no_key_and_no_network(face: Face) -> None:
    plan = face.call(o.Provider("anthropic", None), "route", "Prove that there are infinitely many primes.")
    assert plan.provider == "anthropic" and plan.expected_cost > 0
    assert plan.candidates[0].model == plan.model
    assert plan.to_dict()["reason"] == plan.reason and plan.reason in str(plan)
    assert set(plan.forecast["tiers"]) == {"budget", "balanced", "premium"}
    assert 0 < plan.quality <= 1 and plan.base_model


def test_a_batch_is_decided_in_order_and_alike(face: Face) -> None:
    provider = o.Provider("openai", None)
    prompts = [f"What is {n} times {n}?" for n in range(101)] + ["Prove Fermat's little theorem."]
    plans = face.call(provider, "route_batch", prompts)
    assert [plan.to_dict() for plan in plans] == [provider.route(prompt).to_dict() for prompt in prompts]
    assert face.call(provider, "route_batch", []) == []
    with pytest.raises(o.InvalidRequest):
        face.call(provider, "route_batch", ["fine", ""])


def test_an_explanation_is_a_plain_object() -> None:
    explained = o.Provider("openai", None).explain("Prove that there are infinitely many primes.")
    assert explained is not None and explained["sentence"]
    assert explained["forecast"]["neighbours"]


def test_quality_and_baseline_change_the_plan(provider: Made) -> None:
    hard = "Explain the trade-offs between B-trees and LSM trees for write-heavy workloads."
    low, high = (provider(quality=quality).route(hard) for quality in (0.05, 1.0))
    assert low.expected_cost < high.expected_cost
    assert provider(base_model="gpt-4o").route("Hello").base_model == "gpt-4o"
    with pytest.raises(o.InvalidRequest, match="quality"):
        provider(quality=2)


def test_context_managers_flush_the_ledger(face: Face, provider: Made, tmp_path: Path) -> None:
    import asyncio

    ledger = o.Ledger(tmp_path / "l.db")
    if face.is_async:

        async def main() -> None:
            async with provider(ledger=ledger) as made:
                await made.achat("Hello")

        asyncio.run(main())
    else:
        with provider(ledger=ledger) as made:
            made.chat("Hello")
    assert re.fullmatch(r".*l\.db", ledger.location or "")
    assert len(face.call(ledger, "entries")) == 1
