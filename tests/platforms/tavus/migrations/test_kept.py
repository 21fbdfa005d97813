"""`# reconciler: keep M20`: what a comment stands beside stays byte for byte and is listed; its neighbours move."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.reporters.migration_report import as_json, as_text
from reconciler.reporters.migration_report_page import as_html, as_markdown
from tests.platforms.tavus.migrations.test_inline_tools import TOOLS, load
from tests.support.migrating import Project, one

CODES = ["M20", "M21", "M22", "L32", "m20"]


def item(name: str, comment: str = "", above: str = "") -> str:
    head = f"      {above}\n" if above else ""
    return (
        f"{head}      - type: function{f' {comment}' if comment else ''}\n"
        f"        function: {{name: {name}, description: Does {name}., parameters: {{type: object}}}}\n"
    )


def persona(*items: str) -> str:
    return "pal_name: A\nlayers:\n  llm:\n    tools:\n" + "".join(items)


def inline(project: Project, path: str = "p.yaml") -> list[str]:
    layers = load(project, path).get("layers", {})
    assert isinstance(layers, dict)
    return [item["function"]["name"] for item in layers.get("llm", {}).get("tools", [])]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([*CODES, ""]), st.booleans()), min_size=1, max_size=5),
    st.booleans(),
)
def test_each_tool_is_a_unit_of_its_own(tools: list[tuple[str, bool]], known: bool) -> None:
    """Whether its registry tool has a manifest already or not."""
    items, stay = [], []
    for number, (code, above) in enumerate(tools):
        comment = f"# reconciler: keep {code} as it is" if code else ""
        items.append(item(f"t{number}", "" if above else comment, comment if above else ""))
        stay += [f"t{number}"] if code else []
    project = one(persona(*items))
    if known:
        head = {"apiVersion": "personas/v1", "kind": "Tool", "metadata": {"name": "t0"}}
        spec = {"name": "t0", "description": "Does t0.", "parameters": {"type": "object"}}
        project.files["t.yaml"] = yaml.safe_dump({**head, "spec": spec}).encode()
    result = project.migrate(only=TOOLS)
    gone = [f"t{number}" for number, _ in enumerate(tools) if f"t{number}" not in stay]
    assert inline(project) == stay
    assert set(load(project, "p.yaml").get("tools", [])) == set(gone)
    for number, text in enumerate(items):
        assert (text in project.text("p.yaml")) is (f"t{number}" in stay), "byte for byte"
    listed = " ".join(found.finding.summary for found in result.kept)
    assert all(name in listed for name in stay) and not any(name in listed for name in gone)
    after = dict(project.files)
    assert project.migrate(only=TOOLS).files == () and project.files == after


def test_a_comment_beside_the_list_keeps_all_of_it() -> None:
    text = persona(item("a"), item("b")).replace("tools:", "tools: # reconciler: keep M20 the app needs them")
    project = one(text)
    assert len(project.migrate(only=TOOLS).kept) == 1
    assert project.text("p.yaml") == text


def test_a_kept_tool_has_no_say_in_what_the_others_become() -> None:
    project = one(persona(item("a", "# reconciler: keep M20 mine")))
    project.put("q.yaml", persona(item("a").replace("Does", "Finds")))
    result = project.migrate(only=TOOLS)
    assert not result.questions and inline(project) == ["a"] and load(project, "q.yaml")["tools"] == ["a"]


def test_a_kept_word_stays_and_the_others_are_renamed() -> None:
    project = one("persona_name: A # reconciler: keep M01 the app reads it\ndefault_replica_id: r1\n")
    result = project.migrate()
    assert project.text("p.yaml") == (
        "persona_name: A # reconciler: keep M01 the app reads it\ndefault_face_id: r1\n"
    )
    assert [found.id for found in result.kept] == ["M01"]


@pytest.mark.parametrize("shown", [as_text, as_json, as_markdown, as_html])
def test_every_format_lists_what_is_kept(shown) -> None:  # type: ignore[no-untyped-def]
    result = one(persona(item("ring", "# reconciler: keep M20 mine"))).migrate(only=TOOLS)
    found = str(shown(result, written=False))
    assert "ring: inline" in found and "nothing to migrate" in found
