from __future__ import annotations

import re

import pytest

from reconciler.reporters.text import render
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.change import Action, Change, Direction, FieldChange, Reason
from reconciler.types.json import Json
from reconciler.types.plan import Summary
from reconciler.types.report import ApplyResult, Report, StepResult, Style
from tests.support import reports
from tests.support.records import change_of

TERRAFORM_PLAN = re.compile(r"Plan: (?:(\d+) to import, )?(\d+) to add, (\d+) to change, (\d+) to destroy\.")
TERRAFORM_APPLY = re.compile(
    r"Apply complete! Resources: (?:(\d+) imported, )?(\d+) added, (\d+) changed, (\d+) destroyed\."
)


def text(report: Report, **style: object) -> str:
    return render(report, Style(**style))  # type: ignore[arg-type]


def last(report: Report) -> str:
    return text(report).splitlines()[-1]


def field_text(path: str, before: Json, after: Json, direction: Direction = Direction.GIT, **more: object) -> str:
    """The lines of one changed field, without their indent."""
    field = FieldChange(path, direction, before, after, **more)  # type: ignore[arg-type]
    report = Report("plan", plan=reports.make_plan(reports.update(reports.CLAIMS, field), summary=Summary(changed=1)))
    lines = text(report).splitlines()
    start = lines.index("  ~ persona.claims-desk (p7c1e0a9b42d)") + 1
    return "\n".join(line.removeprefix("      ") for line in lines[start : lines.index("", start)])


@pytest.mark.parametrize(
    ("summary", "line"),
    [
        (Summary(added=2, changed=3), "Plan: 2 to add, 3 to change, 0 to destroy."),
        (Summary(imported=1, added=2, changed=3), "Plan: 1 to import, 2 to add, 3 to change, 0 to destroy."),
        (Summary(moved=1, forgotten=2), "Plan: 0 to add, 0 to change, 0 to destroy. Also: 1 to move, 2 to forget."),
    ],
)
def test_the_summary_of_a_plan(summary: Summary, line: str) -> None:
    assert last(Report("plan", plan=reports.make_plan(summary=summary))) == line
    assert TERRAFORM_PLAN.search(line)


@pytest.mark.parametrize(
    ("mode", "line"),
    [
        ("normal", "No changes. The account matches the manifests."),
        ("destroy", "No changes. No objects need to be destroyed."),
        ("refresh-only", "No changes. The state matches the account."),
    ],
)
def test_nothing_to_do(mode: str, line: str) -> None:
    assert last(Report("plan", plan=reports.make_plan(mode=mode))) == line


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (reports.APPLIED, "Apply complete! Resources: 1 imported, 1 added, 1 changed, 0 destroyed."),
        (reports.DESTROYED, "Destroy complete! Resources: 1 destroyed."),
        (
            reports.FAILED,
            "Apply incomplete. Resources: 0 added, 0 changed, 0 destroyed, 1 failed, 1 skipped. Also: 1 moved.",
        ),
        (
            Report("apply", result=ApplyResult(summary=Summary(), interrupted=True)),
            "Apply interrupted. Resources: 0 added, 0 changed, 0 destroyed.",
        ),
        (Report("apply", result=ApplyResult()), "Apply complete! Resources: 0 added, 0 changed, 0 destroyed."),
        (reports.NO_DRIFT, "No drift. The account is as it was last applied."),
        (reports.DRIFT, "Drift: 2 objects changed outside of manifests (1 edited, 1 deleted)."),
        (reports.VALID, "Success! The manifests are valid."),
        (reports.INVALID, "1 error, 1 warning."),
    ],
)
def test_the_last_line(report: Report, line: str) -> None:
    assert last(report) == line


def test_the_line_of_an_apply_matches_expressions_written_for_terraform() -> None:
    found = TERRAFORM_APPLY.search(text(reports.APPLIED))
    assert found
    assert found.groups() == ("1", "1", "1", "0")


def test_a_plan_with_errors_never_says_no_changes() -> None:
    report = Report("plan", plan=reports.make_plan(), diagnostics=reports.INVALID.diagnostics, exit_code=1)
    assert "No changes" not in text(report)
    assert last(report) == "1 error, 1 warning."


@pytest.mark.parametrize(
    ("change", "sentence", "symbol"),
    [
        (change_of(reports.ECHO, Action.CREATE, Reason.NEW), "persona.echo will be created", "+ persona.echo"),
        (
            change_of(reports.ECHO, Action.UPDATE, id="p2"),
            "persona.echo will be updated in-place",
            "~ persona.echo (p2)",
        ),
        (change_of(reports.ECHO, Action.DELETE, id="p2"), "persona.echo will be destroyed", "- persona.echo (p2)"),
        (
            change_of(reports.ECHO, Action.FORGET, id="p2"),
            "persona.echo will no longer be managed, but will not be destroyed",
            ". persona.echo (p2)",
        ),
        (
            change_of(reports.ECHO, Action.NOOP, id="p2", importing="p2"),
            "persona.echo will be imported",
            "=> persona.echo (p2)",
        ),
        (
            change_of(reports.ECHO, Action.NOOP, id="p2", previous=Address("persona", "parrot")),
            "persona.parrot has moved to persona.echo",
            "=> persona.echo (p2)",
        ),
        (
            change_of(reports.ECHO, Action.UPDATE, Reason.OBSERVE, id="p2"),
            "persona.echo differs and is only observed",
            "~ persona.echo (p2)",
        ),
    ],
)
def test_the_sentence_and_the_symbol(change: Change, sentence: str, symbol: str) -> None:
    lines = text(Report("plan", plan=reports.make_plan(change))).splitlines()
    assert f"  # {sentence}" in lines
    assert f"  {symbol}" in lines


def test_the_reason_of_an_import_and_of_a_move_with_changes() -> None:
    change = change_of(
        reports.ECHO,
        Action.UPDATE,
        Reason.ADOPTED_BY_NAME,
        id="p2",
        importing="p2",
        previous=Address("persona", "old"),
    )
    shown = text(Report("plan", plan=reports.make_plan(change)))
    assert '# (imported from "p2" by its name)' in shown
    assert "# (moved from persona.old)" in shown


def test_one_direction_stands_in_the_headline() -> None:
    fields = (FieldChange("/greeting", Direction.LIVE, "a", "b"), FieldChange("/context", Direction.LIVE, "c", "d"))
    shown = text(Report("plan", plan=reports.make_plan(reports.update(reports.CLAIMS, *fields))))
    assert "# persona.claims-desk will be updated in-place (live)" in shown
    assert "(live: the account changed since the last apply)" in shown


def test_several_directions_stand_at_the_fields() -> None:
    shown = text(reports.MIXED)
    assert "  # persona.claims-desk will be updated in-place\n" in shown
    assert '~ /greeting                         : "Hey!" -> "Good morning, claims desk."  (live)' in shown
    assert '~ /layers/llm/model                 : "tavus-gpt-4o" -> "tavus-gpt-oss"  (both)' in shown


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("a", "b", '~ /x: "a" -> "b"'),
        (None, "b", '+ /x: "b"'),
        ("a", None, '- /x: "a" -> null'),
        (1, 2.5, "~ /x: 1 -> 2.5"),
        (False, True, "~ /x: false -> true"),
        ("", "b", '~ /x: "" -> "b"'),
        (None, {}, "+ /x: {}"),
        ('say "hi"', "back\\slash", '~ /x: "say \\"hi\\"" -> "back\\\\slash"'),
        ("a", ResourceRef("tool.y"), '~ /x: "a" -> tool.y (known after apply)'),
        ("a", SecretRef("env", "X"), "~ /x: (sensitive) -> (sensitive)"),
        ("1", 1, '~ /x: "1" -> 1'),
        ([], ["a"], '~ /x:\n    + "a"'),
        (["a", "b"], ["b", "a"], "~ /x:\n    ~ (the order of its items)"),
        (["a", "a"], ["a"], '~ /x:\n    - "a"'),
        ([1, True], [1], "~ /x:\n    - true"),
    ],
)
def test_a_field(before: Json, after: Json, line: str) -> None:
    assert field_text("/x", before, after) == line


def test_names_of_attachments_stand_without_quotes() -> None:
    assert field_text("/tools", ["a"], ["a", "b", ResourceRef("tool.c")]) == (
        "~ /tools:\n    + b\n    + tool.c (known after apply)"
    )


def test_an_id_that_is_not_known_yet() -> None:
    assert field_text("/objectives_id", "o1", None, after_unknown=True) == (
        '~ /objectives_id: "o1" -> (known after apply)'
    )
    assert field_text("/objectives_id", None, None, after_unknown=True) == "+ /objectives_id: (known after apply)"


def test_unknown_ids_are_named_by_their_addresses() -> None:
    change = reports.update(
        reports.CLAIMS,
        FieldChange("/tools", Direction.GIT, ["t1", "t2"], None, after_unknown=True),
        FieldChange("/objectives_id", Direction.GIT, None, None, after_unknown=True),
        managed={"/tools": ["t1", ResourceRef("tool.fresh")], "/objectives_id": ResourceRef("objectives.o")},
    )
    shown = text(Report("plan", plan=reports.make_plan(change)))
    assert "~ /tools:\n          - t2\n          + tool.fresh (known after apply)\n" in shown
    assert "+ /objectives_id: objectives.o (known after apply)" in shown


def test_a_note_stands_below_its_field() -> None:
    assert field_text("/x", 1, 2, note="the server rounds it") == "~ /x: 1 -> 2\n    # the server rounds it"


def test_a_long_value_is_cut_in_the_middle_with_a_count() -> None:
    shown = field_text("/x", "a" * 150, "short")
    assert shown == f'~ /x: "{"a" * 40} …70 characters… {"a" * 40}"\n    -> "short"'


def test_an_atomic_object_is_explained_leaf_by_leaf() -> None:
    before: Json = {"type": "object", "properties": {"a": {"type": "string"}, "b": {}}, "required": ["a", "b"]}
    after: Json = {"type": "object", "properties": {"a": {"type": "number"}, "c": {}}, "required": ["c", "a"]}
    assert field_text("/parameters", before, after).splitlines() == [
        "~ /parameters:",
        '    ~ properties.a.type: "string" -> "number"',
        "    - properties.b: {}",
        "    + properties.c: {}",
        '    ~ required[]: "b" -> "c"',
    ]


def test_a_moved_item_of_a_list_of_objects_is_found_again() -> None:
    before: Json = {"steps": [{"name": "a", "say": "one", "wait": 1}, {"name": "b", "say": "two", "wait": 2}]}
    after: Json = {"steps": [{"name": "b", "say": "two", "wait": 3}, {"name": "a", "say": "one", "wait": 1}]}
    assert field_text("/parameters", before, after) == "~ /parameters:\n    ~ steps[].wait: 2 -> 3"


def test_a_secret_inside_an_atomic_object() -> None:
    field = FieldChange(
        "/delivery", Direction.GIT, {"api": {"auth": {"token": "old"}}}, {"api": {"auth": {"token": "new"}}}
    )
    change = change_of(reports.LOOKUP, Action.UPDATE, id="t1", fields=(field,))
    shown = text(Report("plan", plan=reports.make_plan(change)))
    assert "~ /delivery: a secret inside it differs" in shown
    assert "old" not in shown


def test_a_created_object_shows_its_leaves() -> None:
    shown = text(reports.MIXED)
    assert '+ /name                      : "lookup_policy"' in shown
    assert '+ api.url: "https://tools.example.com"' in shown
    assert "+ /delivery/api/headers/X-Key: (sensitive)" in shown


def test_a_prompt_is_shown_as_lines() -> None:
    lines = field_text("/system_prompt", reports.PROMPT, reports.PROMPT_AFTER).splitlines()
    assert lines[0] == ("~ /system_prompt: 83 -> 90 tokens (+7; best up to 5,000), 2 lines added, 2 removed, 1 moved")
    at = lines.index("    - Answer questions about open claims.")
    assert lines[at - 1] == "    @@ # Role  (changed)"
    assert lines[at + 1] == "    + Answer questions about open and closed claims."
    assert lines[at + 2].index("^") == lines[at + 1].index("and closed")
    assert "    > - Hand over to a person when the caller asks for one twice." in lines
    assert "    < - Hand over to a person when the caller asks for one twice." in lines
    assert "      1 unchanged section not shown" in lines


def test_a_new_prompt_is_shown_by_its_beginning() -> None:
    lines = field_text("/system_prompt", None, reports.long_text(1)).splitlines()
    assert lines[0] == "+ /system_prompt: 4,213 tokens, 320 lines"
    assert lines[-1] == "      … 314 more lines"
    assert len(lines) == 8


def test_a_prompt_above_the_budget_says_so() -> None:
    assert "20,001 -> 25,000 tokens (+4,999; above 20,000)" in field_text("/x", "a\n" * 40_002, "ab\n" * 33_333 + "c")


def test_hidden_characters_of_a_prompt_are_announced() -> None:
    shown = field_text("/system_prompt", "a\nb", "a\nb\u200b")
    assert "! holds characters that no screen shows" in shown
    assert "+ b«\\u200b»" in shown


def test_a_long_line_shows_what_is_near_the_change() -> None:
    words = [f"word{number}" for number in range(400)]
    other = [*words]
    other[200] = "CHANGED"
    shown = field_text("/system_prompt", " ".join(words), " ".join(other))
    assert "characters…" in shown
    assert "word199 CHANGED word201" in shown
    assert len(shown) < 1_000


def test_a_huge_diff_says_what_it_leaves_out() -> None:
    before = "\n".join(f"old line {number}" for number in range(500))
    after = "\n".join(f"neu zeile {number}" for number in range(500))
    assert re.search(r"… [\d,]+ more lines of this diff \(--verbose shows them\)", field_text("/x", before, after))


def test_blocks_say_which_rule_why_and_the_way_out() -> None:
    shown = text(reports.BLOCKED)
    assert (
        "      ! blocked (deletes): deleting is not allowed in this workspace\n"
        "        way out: pass --allow-deletes, or declare it Removed\n"
    ) in shown
    assert "! blocked (account): the state belongs to another account" in shown
    assert "apply would send nothing and exit 3" in shown


def test_drift_stands_apart_from_the_actions() -> None:
    shown = text(reports.MIXED)
    drift, actions = shown.index("Objects changed outside of manifests:"), shown.index("will perform the following")
    assert drift < shown.index('/layers/llm/model: (not known) -> "tavus-gpt-4o"  (both)') < actions


def test_the_drift_report() -> None:
    shown = text(reports.DRIFT)
    assert '~ /layers/tts/tts_engine: "cartesia" -> "elevenlabs"  (live)' in shown
    assert "~ /layers/llm/api_key   : (sensitive) -> (sensitive)  (live)" in shown
    assert "  # tool.lookup_policy has been deleted" in shown
    assert "will perform" not in shown


def test_findings_start_with_their_place() -> None:
    lines = text(reports.INVALID).splitlines()
    assert lines[0] == "claims.yaml:20:14: error[L03]: a secret stands in the manifest"
    assert lines[1] == "    persona.claims-desk  /layers/llm/api_key"
    assert "    hint: write {env: NAME}" in lines
    assert "claims.yaml:12:3: warning[W-unknown-field]: unknown field /greating" in lines
    assert "1 remark not shown (--verbose shows them)" in lines
    assert "echo.yaml: info[I-note]: the server picks the model" in text(reports.INVALID, verbose=True)


def test_counts_of_what_is_not_listed() -> None:
    assert "(3 resources unchanged, 2 unmanaged objects in the account, 5 not looked at)" in text(reports.MIXED)


def test_quiet_leaves_errors_blocks_and_the_summary() -> None:
    assert text(reports.MIXED, quiet=True) == (
        "Plan: 1 to add, 2 to change, 0 to destroy. Also: 1 to move, 1 to forget.\n"
    )
    assert "blocked (deletes)" in text(reports.BLOCKED, quiet=True)
    assert "L03" in text(reports.INVALID, quiet=True)
    assert "greating" not in text(reports.INVALID, quiet=True)


def test_verbose_lists_the_requests_and_every_step() -> None:
    assert "PATCH /pals/p7c1e0a9b42d  (persona.claims-desk, update)" in text(reports.MIXED, verbose=True)
    assert "tool.lookup_policy: created [id=t0123456789ab]" in text(reports.APPLIED, verbose=True)
    assert "tool.lookup_policy: created" not in text(reports.APPLIED)


def test_failures_come_last_with_their_hint() -> None:
    lines = text(reports.FAILED).splitlines()
    at = lines.index("tool.lookup_policy: creating failed: POST /tools: 422: description is too long")
    assert lines[at + 1] == "    hint: shorten it"
    assert "persona.claims-desk: skipped: it needs tool.lookup_policy" in lines[:at]


def test_long_paragraphs_are_broken_at_the_width() -> None:
    step = StepResult(reports.CLAIMS, Action.UPDATE, "failed", message="word " * 60)
    report = Report("apply", result=ApplyResult((step,)))
    for width in (60, 100):
        assert max(map(len, text(report, width=width).splitlines())) <= width + len(
            "persona.claims-desk: updating failed: "
        )


def test_nothing_to_tell_is_no_text() -> None:
    assert text(Report("export")) == ""


def test_deterministic_order_follows_the_plan() -> None:
    shown = text(reports.MIXED)
    places = [
        shown.index(f"  {sign} {name}") for sign, name in (("+", "tool.l"), ("~", "persona.c"), ("=>", "persona.e"))
    ]
    assert places[1:] == sorted(places[1:])
