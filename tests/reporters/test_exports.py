"""What a person and a machine read after an export."""

from __future__ import annotations

from reconciler.core.export.exported_manifests import ExportedManifest, ExportedSecret
from reconciler.core.export.target import Generated, Remark, Target, TargetFile
from reconciler.reporters.exports import (
    agents_document,
    agents_text,
    export_document,
    export_text,
    handover_lines,
)
from reconciler.types.address import Address
from tests.support.records import kind_named

DESK = Address("persona", "desk")
SECRETS = (
    ExportedSecret("KEY", DESK, "/layers/llm/api_key"),
    ExportedSecret("LONG_TOKEN", DESK, "/layers/tts/api_key"),
)
FILES = [(ExportedManifest(DESK, kind_named("persona"), "p1", {}, SECRETS), "personas/desk.yaml")]
TARGET = Target(
    "livekit", "Agents.", "agents", lambda subjects, knowledge: (), "persona", next_steps=("one", "two", "three")
)
AGENT = Generated(
    DESK,
    files=(TargetFile("desk/desk_agent.py", ""),),
    model="openai/gpt-5",
    not_carried=(Remark("/memories", "there are none", "a ChatContext"),),
    warnings=("no key",),
)
LEFT = Generated(Address("persona", "echo"), skipped="pipeline_mode is echo")


def test_manifests_with_the_secrets_to_set_in_columns() -> None:
    assert export_text("out", FILES, 2, ["one left out"]).splitlines() == [
        "  personas/desk.yaml",
        "Note: one left out",
        "The account does not give its secrets away. Set these before anything writes them:",
        "  KEY         persona.desk /layers/llm/api_key",
        "  LONG_TOKEN  persona.desk /layers/tts/api_key",
        "Exported 1 manifest to out; 2 had a manifest already.",
        "Look at what would happen with `reconciler plan out`: it should say nothing but import.",
    ]
    assert export_text("out", [], 0, []) == "Exported 0 manifests to out."
    document = export_document(FILES, 2, ["one left out"])
    assert document["files"] == [{"address": "persona.desk", "id": "p1", "path": "personas/desk.yaml"}]
    assert document["secrets"][0] == {"env": "KEY", "address": "persona.desk", "path": "/layers/llm/api_key"}
    assert (document["claimed"], document["notes"]) == (2, ["one left out"])


def test_agents_with_what_did_not_arrive() -> None:
    text = agents_text(
        TARGET, "agents", [AGENT, LEFT], written=["desk/desk_agent.py"], kept=["desk_tools.py"], notes=[]
    )
    assert text.splitlines() == [
        "persona.desk: openai/gpt-5",
        "  not carried: /memories: there are none. In LiveKit: a ChatContext.",
        "  Warning: no key",
        "persona.echo: left out; pipeline_mode is echo",
        "  wrote desk/desk_agent.py",
        "Left as they are, for they are yours: desk_tools.py",
        "Exported 1 persona for livekit to agents: wrote 1 files.",
        "one",
        "two",
        "three",
    ]
    again = agents_text(TARGET, "agents", [AGENT], written=[], kept=[], notes=[])
    assert again.endswith("every file is up to date.")
    document = agents_document(TARGET, "agents", [AGENT, LEFT], written=[], kept=[], notes=["n"])
    assert [one["skipped"] for one in document["personas"]] == [None, "pipeline_mode is echo"]
    assert document["not_carried"][0]["address"] == "persona.desk"


def test_a_hand_over_says_where_the_agents_are() -> None:
    lines = list(handover_lines(TARGET, "production", [AGENT], ["desk/desk_agent.py"], written=False))
    assert lines[1] == "would write desk/desk_agent.py"
    assert lines[2:] == ["persona.desk: not carried: /memories: there are none", "persona.desk: warning: no key"]
    assert list(handover_lines(TARGET, "production", [], [], written=True))[1:] == ["one", "two"]
