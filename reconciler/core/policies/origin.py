"""Where a value that a policy cannot see comes from, and the place of the model."""

from __future__ import annotations

from reconciler.types.json import Json
from reconciler.types.reference import SecretRef

MODEL = "/layers/llm/model"


def origin(value: Json) -> str:
    """In words that follow a noun: "from the environment variable X"."""
    if isinstance(value, SecretRef) and value.kind == "env":
        return f"from the environment variable {value.name}"
    return (
        f"from the file {value.name}" if isinstance(value, SecretRef) and value.kind == "file" else "that is no text"
    )
