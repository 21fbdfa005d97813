"""What a person reads beside the reports: errors with their findings, locks, trust and accepted values."""

from __future__ import annotations

from reconciler.errors import ManifestError, StateLocked
from reconciler.reporters.messages import (
    accepted_text,
    error_lines,
    finding_lines,
    lock_text,
    trust_text,
    why_document,
    why_text,
)
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Severity, Source, Span
from reconciler.types.manifest import Origin, Why

FINDING = Diagnostic(
    "L18",
    Severity.ERROR,
    "unknown field 'promt'",
    detail="two\nlines",
    hint="did you mean 'prompt'?",
    address=Address("persona", "desk"),
    pointer="/promt",
    source=Source("desk.yaml"),
    span=Span("desk.yaml", 3, 5),
)


def test_a_finding_names_file_line_and_column() -> None:
    assert list(finding_lines(FINDING)) == [
        "Error: desk.yaml:3:5: unknown field 'promt' [L18]",
        "  at persona.desk /promt",
        "  two",
        "  lines",
        "  did you mean 'prompt'?",
    ]


def test_a_finding_without_a_place_names_the_file() -> None:
    assert next(finding_lines(FINDING.at(None))) == "Error: desk.yaml: unknown field 'promt' [L18]"
    assert list(finding_lines(Diagnostic("E-x", Severity.WARNING, "odd"))) == ["Warning: odd [E-x]"]


def test_all_findings_come_before_the_message_and_the_hint() -> None:
    lines = list(error_lines(ManifestError("2 errors", (FINDING, FINDING), hint="fix them")))
    assert lines.count("Error: desk.yaml:3:5: unknown field 'promt' [L18]") == 2
    assert lines[-2:] == ["Error: 2 errors", "  fix them"]


def test_a_lock_shows_its_holder() -> None:
    lines = list(error_lines(StateLocked("locked", holder={"ID": "7", "Who": "ann@ci"}, hint="wait")))
    assert lines == ["Error: locked", "  ID:         7", "  Who:        ann@ci", "  wait"]


def test_a_lock_in_text() -> None:
    assert lock_text({"ID": "7", "Who": "ann@ci"}) == "ID:        7\nWho:       ann@ci\n"
    assert lock_text({}) == "The state is not locked.\n"


def test_what_is_trusted() -> None:
    assert trust_text("p.yaml", ["a.example"], ["pass show key"]) == (
        "p.yaml is trusted with:\n  host     a.example\n  command  pass show key\n"
    )
    assert "nothing beyond" in trust_text("p.yaml", [], [])


def test_accepted_values_are_shown_with_as_many_lines_around_as_may_be_seen() -> None:
    files = {"a.yaml": ("key: sk-1\ngreeting: Hi\n", "key: sk-1\ngreeting: Hello\n")}
    whole = accepted_text(1, files, 2)
    assert "+greeting: Hello" in whole and "sk-1" in whole
    assert whole.endswith("Accepted 1 live value into a.yaml.\n2 more drifted; `reconciler drift` shows it.")
    assert "sk-1" not in accepted_text(1, files, 0, context=0)
    assert accepted_text(0, files, 0, ignored=2).endswith(
        "+greeting: Hello\nLeft 2 fields to others: `lifecycle.ignore` in a.yaml says so."
    )
    assert accepted_text(0, {}, 0) == "Nothing there has drifted; no file was touched."


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
