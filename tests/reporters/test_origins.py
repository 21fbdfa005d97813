"""Where a value comes from, as people and as machines read it."""

from __future__ import annotations

from reconciler.reporters.origins import why_document, why_text
from reconciler.types.address import Address
from reconciler.types.manifest import Origin, Why

WHY = Why(
    Address("persona", "desk"), "/greeting", "Hello.",
    (Origin("a.yaml:1:2", "overlay", "the value 'hi'"), Origin("b.yaml:3:4", "manifest")),
)  # fmt: skip


def test_the_one_that_decides_comes_first() -> None:
    lines = why_text(WHY).splitlines()
    assert lines[0] == 'persona.desk /greeting: "Hello."'
    assert "a.yaml:1:2 (overlay, through the value 'hi')" in lines[1]
    assert "b.yaml:3:4 (manifest)" in lines[2]


def test_the_same_as_json() -> None:
    origins = why_document(WHY)["origins"]
    assert isinstance(origins, list)
    assert origins[1] == {"place": "b.yaml:3:4", "layer": "manifest", "through": None}
