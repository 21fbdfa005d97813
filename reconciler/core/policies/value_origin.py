"""Where a value that a policy cannot see comes from, and the place of the model."""

from __future__ import annotations

from reconciler.types.json import Json
from reconciler.types.reference import SecretRef

MODEL = "/layers/llm/model"


def origin(value: Json) -> str:
    """In words that follow a noun: "from the environment variable X"."""
    if not isinstance(value, SecretRef) or value.kind == "literal":
        return "that is no text"
    return f"from the environment variable {value.name}" if value.variable else f"from the file {value.name}"
