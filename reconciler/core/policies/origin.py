"""Where a value that a policy cannot see comes from, and the place of the model."""

from __future__ import annotations

from reconciler.types.json import Json, secret_of

MODEL = "/layers/llm/model"


def origin(value: Json) -> str:
    """In words that follow a noun: "from the environment variable X"."""
    marker = secret_of(value) or {}
    if "env" in marker:
        return f"from the environment variable {marker['env']}"
    return f"from the file {marker['file']}" if "file" in marker else "that is no text"
