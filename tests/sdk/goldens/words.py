"""What the golden conversations say, whatever the API."""

import base64

QUESTION = "How deep is the sea at its deepest point?"
ANSWER = "About 10,935 metres, in the Mariana Trench."

# Two instructions at the beginning and one in the middle of the conversation.
FIRST_INSTRUCTION = "You know the sea."
SECOND_INSTRUCTION = "Answer in one sentence."
LATER_INSTRUCTION = "From now on answer in French."
SECOND_QUESTION = "And how deep is the Baltic?"

# Letters, line breaks and signs that a careless hand would lose.
GERMAN_QUESTION = "Wie tief ist das Mittelmeer?\n\n\"Tief\" heißt: in Metern. 🌊"
GERMAN_ANSWER = "Im Mittel rund 1.500 Meter."
GERMAN_SECOND = "Und an der tiefsten Stelle\u2026?"

PICTURE_QUESTION = "What is in these pictures?"
# One red dot.
PICTURE_BASE64 = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
)
PICTURE = base64.b64decode(PICTURE_BASE64)
PICTURE_DATA_URL = f"data:image/png;base64,{PICTURE_BASE64}"
PICTURE_URL = "https://sea.example/trench.jpg"

TOOL_QUESTION = "How deep is the Mariana Trench?"
TOOL_TEXT = "Let me look that up."
DEPTH_DESCRIPTION = "Looks up how deep a place is."
DEPTH_SCHEMA = {
    "type": "object",
    "properties": {
        "place": {"type": "string", "description": "A sea, a trench or a lake"},
        "unit": {"type": "string", "enum": ["m", "ft"]},
    },
    "required": ["place", "unit"],
    "additionalProperties": False,
}
TIDES_DESCRIPTION = "Tells today's tides at the place where the user is."
EMPTY_SCHEMA = {"type": "object", "properties": {}}
DEPTH_CALL = "call_depth_1"
TIDES_CALL = "call_tides_1"
DEPTH_ARGUMENTS = {"place": "Mariana Trench", "unit": "m"}
# The same, as a model would write it, and as a program would.
DEPTH_TEXT_SPACED = '{"place": "Mariana Trench", "unit": "m"}'
DEPTH_TEXT = '{"place":"Mariana Trench","unit":"m"}'
DEPTH_RESULT = "10935 m"
TIDES_FAILURE = "no station near here"

JSON_QUESTION = "Which lake lies lowest?"
JSON_NAME = "lake"
JSON_DESCRIPTION = "A lake and how deep it is."
JSON_SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "depth_m": {"type": "integer"}},
    "required": ["name", "depth_m"],
    "additionalProperties": False,
}

STOP_QUESTION = "Count to three, then write END."
STOP = ["END", "STOP HERE"]

THOUGHTS = "The user wants a depth; the tool knows it."
THOUGHTS_SIGNATURE = "VGhlIHByb29mIG9mIHRob3VnaHRzLCBieXRlIGZvciBieXRlLg=="
CALL_SIGNATURE = base64.b64encode(b"the proof of a call").decode()

ATLAS = "An atlas of the seas. " * 40
ATLAS_QUESTION = "Which sea does it begin with?"

REFUSED_QUESTION = "How do I poison a whole lake?"
LENGTH_QUESTION = "Tell me a story about the sea."
