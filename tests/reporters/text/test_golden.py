"""Whole reports, letter by letter: what a person sees when nothing is unusual."""

from __future__ import annotations

import pytest

from reconciler.reporters.text import render
from reconciler.types.report import Report, Style
from tests.support import reports

EMPTY = """\
(12 resources unchanged)

No changes. The account matches the manifests.
"""

IMPORT_ONLY = """\
Resource actions are indicated with the following symbols:
  => import or move (changes the state only)

reconciler will perform the following actions:

  # persona.claims-desk will be imported
  # (imported from "p7c1e0a9b42d" by its name)
  => persona.claims-desk (p7c1e0a9b42d)
      # the api_key of layers.llm cannot be read back; it is taken as what the manifest says

Plan: 1 to import, 0 to add, 0 to change, 0 to destroy.
"""

MIXED = """\
Objects changed outside of manifests:

  # persona.claims-desk has been changed
  ~ persona.claims-desk (p7c1e0a9b42d)
      ~ /greeting        : "Good morning, claims desk." -> "Hey!"  (live)
      ~ /layers/llm/model: (not known) -> "tavus-gpt-4o"  (both)

Resource actions are indicated with the following symbols:
  + create
  ~ update in-place
  . forget (stays in the account)
  => import or move (changes the state only)

reconciler will perform the following actions:

  # tool.lookup_policy will be created
  + tool.lookup_policy
      + /name                      : "lookup_policy"
      + /description               : "Find a policy by its number."
      + /parameters                : {"type": "object", "properties": {"number": {"type": "string"}}}
      + /delivery/api/headers/X-Key: (sensitive)
      + /delivery:
          + api.url: "https://tools.example.com"
          + api.headers: {}
          + api.method: "POST"
          + api.timeout: 10
          + api.auth.type: "none"
          + api.query_params: {}
          + app_message: false

  # persona.claims-desk will be updated in-place
  ~ persona.claims-desk (p7c1e0a9b42d)
      ~ /greeting                         : "Hey!" -> "Good morning, claims desk."  (live)
      ~ /layers/llm/model                 : "tavus-gpt-4o" -> "tavus-gpt-oss"  (both)
      + /layers/llm/extra_body/temperature: 0.7  (git)
      - /layers/tts/voice_settings        : {"speed": 1.1} -> null  (git)
      ~ /layers/llm/api_key               : (sensitive) -> (sensitive)  (git)
      ~ /objectives_id                    : "o1" -> (known after apply)  (git)
      ~ /system_prompt: 83 -> 90 tokens (+7; best up to 5,000), 2 lines added, 2 removed, 1 moved  (git)
          @@ # Role  (changed)
          - Answer questions about open claims.
          + Answer questions about open and closed claims.
                                        ^^^^^^^^^^^
            Speak calmly and in short sentences.
          @@ # Closing  (moved and changed)
            Thank the caller by name.
          > - Hand over to a person when the caller asks for one twice.
          @@ # Rules  (changed)
            - Never promise a payment date.
          - - Ask for the policy number before anything else.
          < - Hand over to a person when the caller asks for one twice.
          + - Ask for the policy number and the birthday before anything else.
                                        ^^^^^^^^^^^^^^^^^
            1 unchanged section not shown
      ~ /tools:  (git)
          - old_tool
          + flag_damage

  # tool.flag_damage will be updated in-place (git)
  ~ tool.flag_damage (p7c1e0a9b42d)
      ~ /parameters:
          - properties.n: {"type": "integer"}
          + properties.part.enum: ["door", "hood"]
          - required[]: "n"

  # persona.parrot has moved to persona.echo
  => persona.echo (p2)

  # persona.legacy will no longer be managed, but will not be destroyed
  # (a Removed document says so)
  . persona.legacy (p9)

  (git: the manifest changed since the last apply)
  (live: the account changed since the last apply)
  (both: manifest and account changed)

- the state is locked by ann@build-7; this plan only reads
(3 resources unchanged, 2 unmanaged objects in the account, 5 not looked at)

Plan: 1 to add, 2 to change, 0 to destroy. Also: 1 to move, 1 to forget.
"""

BLOCKED = """\
Resource actions are indicated with the following symbols:
  - destroy

reconciler will perform the following actions:

  # persona.echo will be destroyed
  # (no manifest declares it any more)
  - persona.echo (p2)
      - /pal_name          : "Echo" -> null
      - /pipeline_mode     : "echo" -> null
      - /layers/llm/api_key: (sensitive) -> null
      ! blocked (deletes): deleting is not allowed in this workspace
        way out: pass --allow-deletes, or declare it Removed
      ! blocked (protect): persona.echo is protected
        way out: set lifecycle.protect to false and apply that first

! blocked (account): the state belongs to another account
  way out: check the API key, or pass --accept-account
This plan cannot be applied as it stands (3 blocks): apply would send nothing and exit 3.

Plan: 0 to add, 0 to change, 1 to destroy.
"""

FAILED = """\
persona.claims-desk: skipped: it needs tool.lookup_policy
tool.lookup_policy: creating failed: POST /tools: 422: description is too long
    hint: shorten it

Apply incomplete. Resources: 0 added, 0 changed, 0 destroyed, 1 failed, 1 skipped. Also: 1 moved.
"""

INVALID = """\
claims.yaml:20:14: error[L03]: a secret stands in the manifest
    persona.claims-desk  /layers/llm/api_key
    Anyone who reads the repository can read it.
    hint: write {env: NAME}

claims.yaml:12:3: warning[W-unknown-field]: unknown field /greating
    persona.claims-desk  /greating
    hint: did you mean greeting?

1 remark not shown (--verbose shows them)

1 error, 1 warning.
"""


@pytest.mark.parametrize(
    ("report", "golden"),
    [
        (reports.EMPTY, EMPTY),
        (reports.IMPORT_ONLY, IMPORT_ONLY),
        (reports.MIXED, MIXED),
        (reports.BLOCKED, BLOCKED),
        (reports.FAILED, FAILED),
        (reports.INVALID, INVALID),
    ],
)
def test_golden(report: Report, golden: str) -> None:
    assert render(report, Style(width=110)) == golden
