"""What the golden answers mean, whatever the API."""

from dataclasses import dataclass, field

DEPTH_CALL = ("call_depth_1", "depth", {"place": "Mariana Trench", "unit": "m"})
BAIKAL_CALLS = [("call_depth_2", "depth", {"place": "Lake Baikal", "unit": "m"}), ("call_tides_2", "tides", {})]


@dataclass(frozen=True)
class Meant:
    """An answer in plain terms."""

    text: str = ""
    calls: list[tuple[str, str, dict]] = field(default_factory=list)
    refusal: str = ""
    thoughts: str = ""
    # All input tokens and all output tokens, and what of them was cached and thought.
    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    # Why it ended: stop, stop_sequence, tools, length or refusal.
    end: str = "stop"


ANSWERS = {
    "text": Meant("About 10,935 metres, in the Mariana Trench.", input=17, output=12),
    "system": Meant("En moyenne 55 mètres, au plus 459.", input=61, output=15),
    "multi_turn": Meant("5.267 Meter, im Calypsotief. \n🌊", input=48, output=14),
    "image": Meant("A red dot, and a trench.", input=320, output=9),
    "tools": Meant("Let me look that up.", [DEPTH_CALL], input=98, output=31, end="tools"),
    "parallel_tools": Meant(calls=BAIKAL_CALLS, input=187, output=44, end="tools"),
    "tool_result": Meant("It is 10,935 metres deep, as the picture shows.", input=390, output=16),
    "forced_tool": Meant(calls=[DEPTH_CALL], input=84, output=22, end="tools"),
    "json_schema": Meant('{"name":"Dead Sea","depth_m":304}', input=71, output=13),
    "stop": Meant("One, two, three, ", input=19, output=7, end="stop_sequence"),
    "reasoning": Meant(
        "It is 10,935 metres deep.",
        thoughts="The tool says 10935 m; that is the answer.",
        input=210,
        output=80,
        reasoning=50,
    ),
    "cache_hints": Meant("It begins with the Adriatic.", input=1250, output=9, cached=900),
    "refusal": Meant(refusal="I can't help with that.", input=20, output=8, end="refusal"),
    "length": Meant("Long ago, the sea was", input=14, output=64, end="length"),
}
