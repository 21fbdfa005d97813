"""What a newcomer starts with: the files of a small project, and an edit of the account for the tour to find."""

from __future__ import annotations

from reconciler.errors import ReconcilerError
from reconciler.platforms.base import HandEdit, Starter
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


def starter_files(name: str) -> dict[str, str]:
    """Path -> text of a small project called `name`."""
    return {
        "manifests/reconciler.yaml": PROJECT.format(name=name),
        "manifests/personas/front-desk.yaml": PERSONA,
        "manifests/prompts/front-desk.md": PROMPT,
        "manifests/tools/lookup_opening_hours.yaml": TOOL,
    }


EDITABLE = ("/greeting", "/system_prompt")
"""Plain texts that are spelt alike in both vocabularies, the shortest first."""
EDITED_TEXT = "Hey! (edited by hand, in the vendor's web page)"


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
            body: Json = [{"op": "replace", "path": path, "value": EDITED_TEXT}]
            provider.send(Request("PATCH", f"/{collection}/{entry.id}", address, body))
            return HandEdit(address, path, EDITED_TEXT)
    raise ReconcilerError("no persona here has a greeting or a prompt to edit", hint="give other --manifests")


STARTER = Starter(starter_files, edit_by_hand)
