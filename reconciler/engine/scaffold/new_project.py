"""init: the files of a new project, as texts; demo: which field of them the tour edits behind our back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.errors import ReconcilerError
from reconciler.types.address import Address
from reconciler.types.change import Request
from reconciler.types.json import Json, lookup
from reconciler.types.ports import Provider
from reconciler.types.state import State

PROJECT = """\
# What this project is, and the accounts it is applied to.
apiVersion: personas/v1
kind: Project
metadata:
  name: {name}
default_workspace: sandbox

workspaces:
  # A simulated account in a file: no key, no network. Good for trying things out.
  sandbox:
    provider: {{type: simulator}}

  # The real one: export TAVUS_API_KEY=... and give -w production.
  production:
    provider:
      type: tavus
      api_key: {{env: TAVUS_API_KEY}}
"""

PERSONA = """\
# One persona. The name in `metadata` is its address (persona.front-desk); `spec` is the body of the API.
apiVersion: personas/v1
kind: Persona
metadata:
  name: front-desk
  labels: {team: reception}
spec:
  pal_name: Front Desk
  default_face_id: r90bbd427f71
  system_prompt: {file: ../prompts/front-desk.md}
  greeting: Hello, how can I help you today?
  # Tools of the registry by name: those of this project, or others of the account.
  tools: [lookup_opening_hours]
  layers:
    llm:
      model: tavus-gpt-oss
    tts:
      tts_engine: cartesia
"""

PROMPT = """\
# Front desk

You welcome visitors of the museum. Answer in one or two short sentences.

## What you may do

- Tell opening hours; call `lookup_opening_hours` for days other than today.
- Explain the way to a room.

## What you never do

- Promise a booking. Say that the ticket desk will help.
"""

TOOL = """\
# A tool of the registry; personas take it by name.
apiVersion: personas/v1
kind: Tool
metadata:
  name: lookup_opening_hours
spec:
  name: lookup_opening_hours
  description: Look up the opening hours of the museum for one day.
  parameters:
    type: object
    properties:
      day: {type: string, description: "The day in ISO 8601, e.g. 2026-05-01"}
    required: [day]
"""

IGNORED = ".reconciler/"


STATES: Mapping[str, str] = {
    "github": """\
    # A runner keeps nothing: the state has to lie where all runs find it (s3, http or postgres).
    # state: {backend: s3, bucket: my-bucket, key: personas/production.json, region: eu-central-1}
""",
    "gitlab": """\
    # Kept by GitLab. The pipeline says where; elsewhere, export TF_HTTP_ADDRESS, TF_HTTP_USERNAME, TF_HTTP_PASSWORD.
    state: {backend: http}
""",
}
"""CI system -> what the project file says about the state of the real account."""


def scaffold(name: str, ci: str | None = None) -> dict[str, str]:
    """Path -> text of a small project called `name`; with `ci` (github | gitlab) one that a pipeline can serve."""
    return {
        "manifests/reconciler.yaml": PROJECT.format(name=name) + (STATES[ci] if ci is not None else ""),
        "manifests/personas/front-desk.yaml": PERSONA,
        "manifests/prompts/front-desk.md": PROMPT,
        "manifests/tools/lookup_opening_hours.yaml": TOOL,
    }


def ignore_line(before: str | None) -> str | None:
    """The text of `.gitignore` with our line in it; None when it is there already."""
    lines = (before or "").splitlines()
    if any(line.strip().lstrip("/").rstrip("/") == IGNORED.rstrip("/") for line in lines):
        return None
    kept = before or ""
    gap = "" if not kept or kept.endswith("\n") else "\n"
    return f"{kept}{gap}{IGNORED}\n"


def project_name(text: str) -> str:
    """A name that is allowed in `metadata.name`, made from a folder's."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.")[:128]
    return name or "personas"


EDITABLE = ("/greeting", "/system_prompt")
"""Plain texts that are spelt alike in both vocabularies, the shortest first."""
WORDS = "Hey! (edited by hand, in the vendor's web page)"


@dataclass(frozen=True, slots=True)
class HandEdit:
    """What somebody changed in the account."""

    address: Address
    path: str
    value: str


def edit_by_hand(provider: Provider, state: State) -> HandEdit:
    """Change one managed text of one persona in the account, past us, as a colleague in a hurry would.

    Raises `ReconcilerError` where nothing that is managed has such a text.
    """
    for path in EDITABLE:
        for address, entry in sorted(state.resources.items()):
            if address.kind != "persona" or path not in entry.sent:
                continue
            live = provider.get(address.kind, entry.id)
            if live is None or not isinstance(lookup(live.body, path), str):
                continue
            collection = "pals" if provider.vocabulary == "pal" else "personas"
            body: Json = [{"op": "replace", "path": path, "value": WORDS}]
            provider.send(Request("PATCH", f"/{collection}/{entry.id}", address, body))
            return HandEdit(address, path, WORDS)
    raise ReconcilerError("no persona here has a greeting or a prompt to edit", hint="give other --manifests")
