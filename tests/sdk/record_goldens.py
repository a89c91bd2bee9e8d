"""Records the golden requests of crates/orkestra/tests/dialect by calling the vendors' SDKs, and checks the golden
answers there by what the SDKs make of them.

    python tests/sdk/record_goldens.py            # writes <feature>/<api>.request.json
    python tests/sdk/record_goldens.py --check    # writes nothing; fails where a recorded request differs

Each call goes to a server in this process that keeps what it was sent and answers with the golden answer, whole or as a
stream. Nothing of this project but the goldens takes part.
"""

import argparse
import contextlib
import json
import os
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import anthropic
import openai
from google import genai
from google.genai import types

from goldens import anthropic_messages, gemini, openai_chat, openai_responses, readings
from goldens.meant import ANSWERS

GOLDENS = Path(__file__).parents[2] / "crates/orkestra/tests/dialect"
KEY = "sk-for-the-goldens"
# Headers that say something about the request; the rest names the SDK, the machine and the key.
HEADERS = {"content-type", "anthropic-version", "anthropic-beta"}


@dataclass
class Vendor:
    """A server that answers every request with `answer`, and keeps what it was sent."""

    root: str = ""
    answer: bytes = b""
    streams: bool = False
    requests: list[dict] = field(default_factory=list)

    def keep(self, path: str, headers: dict[str, str], body: bytes) -> None:
        parts = urlsplit(path)
        kept = {name.lower(): value for name, value in headers.items() if name.lower() in HEADERS}
        kept["content-type"] = kept["content-type"].split(";")[0]
        self.requests.append(
            {"path": parts.path, "query": parts.query, "headers": dict(sorted(kept.items())), "body": json.loads(body)}
        )


@contextlib.contextmanager
def serving() -> Iterator[Vendor]:
    """Runs a vendor on a free port of this machine."""
    vendor = Vendor()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            vendor.keep(self.path, dict(self.headers), self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream" if vendor.streams else "application/json")
            self.send_header("content-length", str(len(vendor.answer)))
            self.end_headers()
            self.wfile.write(vendor.answer)

        def log_message(self, *_: object) -> None:
            pass

    # Proxies of the machine are not for loopback.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        vendor.root = f"http://127.0.0.1:{server.server_port}"
        yield vendor
    finally:
        server.shutdown()
        thread.join()


def models() -> dict[str, dict[str, str]]:
    """The model of each feature and API."""
    return tomllib.loads((GOLDENS / "models.toml").read_text())


def call_openai(root: str, model: str, feature: str, stream: bool) -> readings.Read:
    client = openai.OpenAI(api_key=KEY, base_url=f"{root}/v1", max_retries=0)
    options = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    answer = client.chat.completions.create(model=model, **openai_chat.CALLS[feature], **options)
    return readings.chat_stream(answer) if stream else readings.chat(answer)


def call_responses(root: str, model: str, feature: str, stream: bool) -> readings.Read:
    client = openai.OpenAI(api_key=KEY, base_url=f"{root}/v1", max_retries=0)
    options = {"stream": True} if stream else {}
    answer = client.responses.create(model=model, **openai_responses.CALLS[feature], **options)
    return readings.responses_stream(answer) if stream else readings.responses(answer)


def call_anthropic(root: str, model: str, feature: str, stream: bool) -> readings.Read:
    client = anthropic.Anthropic(api_key=KEY, base_url=root, max_retries=0)
    call = {"model": model, **anthropic_messages.CALLS[feature]}
    if stream:
        with client.messages.stream(**call) as answer:
            return readings.messages(answer.get_final_message())
    return readings.messages(client.messages.create(**call))


def call_gemini(root: str, model: str, feature: str, stream: bool) -> readings.Read:
    client = genai.Client(api_key=KEY, http_options={"base_url": root})
    contents, settings = gemini.CALLS[feature]
    config = types.GenerateContentConfig(
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True), **settings
    )
    call = {"model": model, "contents": contents, "config": config}
    if stream:
        return readings.gemini(list(client.models.generate_content_stream(**call)))
    return readings.gemini([client.models.generate_content(**call)])


CALLS: dict[str, Callable[[str, str, str, bool], readings.Read]] = {
    "openai": call_openai,
    "responses": call_responses,
    "anthropic": call_anthropic,
    "gemini": call_gemini,
}


def streamed(api: str, request: dict) -> dict:
    """What the request for a whole answer becomes when a stream is asked for."""
    if api == "gemini":
        return {**request, "path": request["path"].replace(":generate", ":streamGenerate"), "query": "alt=sse"}
    asked = {"stream": True}
    if api == "openai":
        asked["stream_options"] = {"include_usage": True}
    return {**request, "body": {**request["body"], **asked}}


def one(vendor: Vendor, api: str, model: str, feature: str, stream: bool) -> dict:
    """Makes the call, checks what the SDK makes of the golden answer, and gives what was sent."""
    name = f"{feature}/{api}.{'stream.txt' if stream else 'reply.json'}"
    vendor.answer, vendor.streams = (GOLDENS / name).read_bytes(), stream
    vendor.requests.clear()
    read = CALLS[api](vendor.root, model, feature, stream)
    expected = readings.expected(api, ANSWERS[feature])
    if read != expected:
        raise SystemExit(f"{name} reads as\n  {read}\nand should as\n  {expected}")
    [sent] = vendor.requests
    return sent


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--check", action="store_true", help="write nothing, fail where a recorded request differs")
    check = arguments.parse_args().check
    count = 0
    with serving() as vendor:
        for feature, by_api in models().items():
            for api, model in by_api.items():
                sent = one(vendor, api, model, feature, stream=False)
                as_stream = one(vendor, api, model, feature, stream=True)
                if as_stream != streamed(api, sent):
                    raise SystemExit(f"{feature}/{api}: the streamed call differs in more than that: {as_stream}")
                file = GOLDENS / feature / f"{api}.request.json"
                text = json.dumps(sent, ensure_ascii=False, indent=2) + "\n"
                if check and file.read_text() != text:
                    raise SystemExit(f"{file} is not what the SDK sends now:\n{text}")
                if not check:
                    file.write_text(text)
                count += 1
    sys.stdout.write(f"{count} requests {'are as recorded' if check else 'recorded'}, {2 * count} answers read as meant\n")


if __name__ == "__main__":
    main()
