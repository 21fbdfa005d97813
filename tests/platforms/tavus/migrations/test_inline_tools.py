"""Inline tools become registry tools: shared ones once, different ones never by themselves."""

from __future__ import annotations

import json

import pytest
import yaml

from reconciler.core.canonical.keyed_lists import body_digest
from reconciler.core.migration_result import Status
from tests.support.migrating import Project, said

TOOLS = ["M20", "M21", "M22", "M23", "M26"]


def persona(name: str, *tools: dict[str, object], place: str = "llm.tools", **more: object) -> bytes:
    layer, _, member = place.partition(".")
    body: dict[str, object] = {"pal_name": name, "system_prompt": "Hi", **more}
    layers = dict(more.get("layers") or {})  # type: ignore[call-overload]
    layers[layer] = {**layers.get(layer, {}), member: list(tools)}
    return yaml.safe_dump({**body, "layers": layers}, sort_keys=False).encode()


def tool(name: str = "look_up", description: str = "Looks up.", **more: object) -> dict[str, object]:
    parameters = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    body = {"name": name, "description": description, "parameters": {**parameters, "required": ["a", "b"]}}
    return {"type": "function", "function": {**body, **more}}


def load(project: Project, path: str) -> dict[str, object]:
    value = yaml.safe_load(project.files[path])
    assert isinstance(value, dict)
    return value


def test_forty_personas_with_the_same_tool_end_with_one_registry_tool() -> None:
    project = Project({f"p{number:02}.yaml": persona(f"P{number}", tool()) for number in range(40)})
    result = project.migrate(only=TOOLS)
    made = [path for path in project.files if path.startswith("tools/")]
    assert made == ["tools/look_up.yaml"]
    assert all(load(project, f"p{number:02}.yaml")["tools"] == ["look_up"] for number in range(40))
    assert all("layers" not in load(project, f"p{number:02}.yaml") for number in range(40))
    assert result.questions == ()
    assert project.migrate(only=TOOLS).files == ()


def test_the_registry_tool_stays_silent_and_answers_through_the_app() -> None:
    project = Project({"p.yaml": persona("P", tool())})
    project.migrate(only=TOOLS)
    spec = load(project, "tools/look_up.yaml")["spec"]
    assert isinstance(spec, dict)
    assert spec["on_call"] == "silent"
    assert spec["on_resolve"] == "fire_and_forget"
    assert spec["delivery"] == {"app_message": True}
    assert spec["origin"] == "llm"
    assert spec["parameters"] == tool()["function"]["parameters"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("place", "origin"), [("visual_tools", "vision"), ("perception_tools", "vision"), ("audio_tools", "audio")]
)
def test_perception_tools_get_their_origin_and_no_on_call(place: str, origin: str) -> None:
    project = Project({"p.yaml": persona("P", tool(), place=f"perception.{place}")})
    project.migrate(only=TOOLS)
    spec = load(project, "tools/look_up.yaml")["spec"]
    assert isinstance(spec, dict)
    assert spec["origin"] == origin
    assert "on_call" not in spec


@pytest.mark.parametrize("model", ["raven-0", "basic", "off"])
def test_perception_tools_wait_for_raven_1(model: str) -> None:
    text = persona("P", tool(), place="perception.visual_tools", layers={"perception": {"perception_model": model}})
    project = Project({"p.yaml": text})
    result = project.migrate(only=TOOLS)
    assert "tools" not in load(project, "p.yaml")
    assert any("inline for now" in line for line in said(result, Status.REPORTED))


def test_answering_raven_takes_its_tools_along() -> None:
    text = persona(
        "P", tool(), place="perception.perception_tools", layers={"perception": {"perception_model": "raven-0"}}
    )
    project = Project({"p.yaml": text})
    project.migrate(answers={"raven-0-to-raven-1": {"*": "raven-1"}})
    assert load(project, "p.yaml")["tools"] == ["look_up"]
    assert load(project, "p.yaml")["layers"] == {"perception": {"perception_model": "raven-1"}}


def test_bodies_that_differ_in_order_only_are_the_same() -> None:
    other = {
        "required": ["b", "a"],
        "properties": {"b": {"type": "string"}, "a": {"type": "string"}},
        "type": "object",
    }
    project = Project({"a.yaml": persona("A", tool()), "b.yaml": persona("B", tool(parameters=other))})
    result = project.migrate(only=TOOLS)
    assert result.questions == ()
    assert load(project, "b.yaml")["tools"] == ["look_up"]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (("x", {}, "llm"), ("x ", {}, "llm")),
        (("x", {"enum": [1, 2]}, "llm"), ("x", {"enum": [2, 1]}, "llm")),
        (("x", {}, "llm"), ("x", {}, "vision")),
        (("x", {"a": 1}, "llm"), ("x", {"a": "1"}, "llm")),
    ],
)
def test_what_makes_two_bodies_differ(a: tuple[str, object, str], b: tuple[str, object, str]) -> None:
    assert body_digest(*a) != body_digest(*b)  # type: ignore[arg-type]


@pytest.fixture
def odd() -> Project:
    """Three alike and one that differs by a comma."""
    files = {f"{name}.yaml": persona(name, tool()) for name in ("a", "b", "c")}
    return Project({**files, "odd.yaml": persona("odd", tool(description="Looks, up."))})


def test_by_default_nothing_changes_where_one_differs(odd: Project) -> None:
    before = dict(odd.files)
    result = odd.migrate(only=TOOLS)
    assert odd.files == before
    ((name, question),) = result.questions
    assert name == "inline-tool-dedupe"
    assert [choice.value for choice in question.choices] == ["odd-inline", "common", "rename"]
    assert "persona.odd" in question.choices[0].reason


def test_the_odd_one_may_stay_inline(odd: Project) -> None:
    odd.migrate(only=TOOLS, answers={"inline-tool-dedupe": {"look_up": "odd-inline"}})
    assert load(odd, "a.yaml")["tools"] == ["look_up"]
    assert "tools" not in load(odd, "odd.yaml")
    assert odd.migrate(only=TOOLS, answers={"inline-tool-dedupe": {"look_up": "odd-inline"}}).files == ()


def test_one_body_may_serve_all(odd: Project) -> None:
    odd.migrate(only=TOOLS, answers={"inline-tool-dedupe": {"look_up": "common"}})
    assert load(odd, "odd.yaml")["tools"] == ["look_up"]
    assert load(odd, "tools/look_up.yaml")["spec"]["description"] == "Looks up."  # type: ignore[index]


def test_the_odd_one_may_get_a_name_of_its_own(odd: Project) -> None:
    odd.files["odd.yaml"] = odd.files["odd.yaml"].replace(b"system_prompt: Hi", b"system_prompt: Use look_up.")
    result = odd.migrate(only=TOOLS, answers={"inline-tool-dedupe": {"*": "rename"}})
    (name,) = load(odd, "odd.yaml")["tools"]  # type: ignore[misc]
    assert name.startswith("look_up_")
    assert load(odd, f"tools/{name}.yaml")["spec"]["description"] == "Looks, up."  # type: ignore[index]
    assert load(odd, "a.yaml")["tools"] == ["look_up"]
    assert any("mentions look_up" in line for line in said(result, Status.REPORTED))


def test_a_tool_of_the_project_is_used_and_never_changed(odd: Project) -> None:
    odd.migrate(only=TOOLS, answers={"inline-tool-dedupe": {"look_up": "odd-inline"}})
    before = odd.files["tools/look_up.yaml"]
    odd.files["d.yaml"] = persona("d", tool())
    result = odd.migrate(only=TOOLS)
    assert load(odd, "d.yaml")["tools"] == ["look_up"]
    assert odd.files["tools/look_up.yaml"] == before
    assert len(result.questions) == 1


def test_one_name_for_two_origins_is_asked_about() -> None:
    text = yaml.safe_dump(
        {"pal_name": "P", "layers": {"llm": {"tools": [tool()]}, "perception": {"visual_tools": [tool()]}}}
    )
    project = Project({"p.yaml": text.encode()})
    ((_, question),) = project.migrate(only=TOOLS).questions
    assert "llm and as vision" in question.text
    project.migrate(only=TOOLS, answers={"inline-tool-dedupe": {"look_up": "odd-inline"}})
    after = load(project, "p.yaml")
    assert after["tools"] == ["look_up"]
    assert after["layers"] == {"perception": {"visual_tools": [tool()]}}


@pytest.mark.parametrize(
    ("name", "proposal"),
    [("look-up", "look_up"), ("look up.now", "look_up_now"), ("2nd", "_2nd"), ("x" * 70, None)],
)
def test_a_name_that_the_registry_does_not_take_is_asked_about(name: str, proposal: str | None) -> None:
    project = Project({"p.yaml": persona("P", tool(name))})
    ((_, question),) = project.migrate(only=TOOLS).questions
    offered = question.choices[0].value
    assert offered == proposal if proposal else len(offered) == 64
    project.migrate(only=TOOLS, answers={"inline-tool-dedupe": {name: offered}})
    assert load(project, "p.yaml")["tools"] == [offered]


def test_a_new_name_must_be_free() -> None:
    project = Project({"p.yaml": persona("P", tool("look-up")), "q.yaml": persona("Q", tool("look_up", "Other."))})
    result = project.migrate(only=TOOLS, answers={"inline-tool-dedupe": {"look-up": "look_up"}})
    assert "tools" not in load(project, "p.yaml")
    ((_, question),) = result.questions
    assert "another body" in question.text


def test_a_description_is_never_invented() -> None:
    inline = tool()
    del inline["function"]["description"]  # type: ignore[attr-defined]
    project = Project({"p.yaml": persona("P", inline)})
    ((_, question),) = project.migrate(only=TOOLS).questions
    assert question.key == "look_up:description"
    project.migrate(only=TOOLS, answers={"inline-tool-dedupe": {"look_up:description": "Finds things."}})
    assert load(project, "tools/look_up.yaml")["spec"]["description"] == "Finds things."  # type: ignore[index]
    assert load(project, "p.yaml")["tools"] == ["look_up"]


def test_the_flat_form_and_missing_parameters() -> None:
    project = Project({"p.yaml": persona("P", {"name": "ping", "description": "Pings.", "strict": True})})
    result = project.migrate(only=TOOLS)
    assert load(project, "tools/ping.yaml")["spec"]["parameters"] == {}  # type: ignore[index]
    assert any("strict" in note for one in result.outcomes for note in one.finding.notes)


def test_tools_that_are_there_stay() -> None:
    project = Project({"p.yaml": persona("P", tool(), tools=["other", {"ref": "tool.third"}])})
    project.migrate(only=TOOLS)
    assert load(project, "p.yaml")["tools"] == ["other", {"ref": "tool.third"}, "look_up"]


def test_tool_ids_get_a_reference() -> None:
    project = Project({"p.yaml": persona("P", tool(), tool_ids=["t0123456789ab"])})
    project.migrate(only=TOOLS)
    assert load(project, "p.yaml")["tool_ids"] == ["t0123456789ab", {"ref": "tool.look_up"}]


def test_an_exact_double_collapses_and_a_different_one_is_reported() -> None:
    project = Project(
        {"p.yaml": persona("P", tool(), tool()), "q.yaml": persona("Q", tool("x"), tool("x", "Other."))}
    )
    result = project.migrate(only=TOOLS)
    assert load(project, "p.yaml")["tools"] == ["look_up"]
    assert any("stands twice in one list, differently" in line for line in said(result, Status.REPORTED))


def test_tools_as_a_text_are_read_when_somebody_says_so() -> None:
    text = yaml.safe_dump({"pal_name": "P", "layers": {"llm": {"tools": json.dumps([tool()])}}})
    project = Project({"p.yaml": text.encode()})
    ((_, question),) = project.migrate(only=TOOLS).questions
    project.migrate(only=TOOLS, answers={"inline-tool-dedupe": {question.key: "parse"}})
    assert load(project, "p.yaml")["tools"] == ["look_up"]


def test_more_than_fifty_tools_stay_inline() -> None:
    project = Project({"p.yaml": persona("P", *(tool(f"t{number}") for number in range(51)))})
    result = project.migrate(only=TOOLS)
    assert "tools" not in load(project, "p.yaml")
    assert any("51 tools" in line for line in said(result, Status.REPORTED))
    assert set(project.files) == {"p.yaml"}


@pytest.mark.parametrize("parameters", [{"properties": {"tavus_x": {}}}, {"a": "x" * 10_001}])
def test_what_the_registry_refuses_stays_inline(parameters: dict[str, object]) -> None:
    project = Project({"p.yaml": persona("P", tool(parameters=parameters))})
    result = project.migrate(only=TOOLS)
    assert len(project.files) == 1
    assert any("stays inline" in line for line in said(result, Status.REPORTED))


def test_an_overlay_that_sets_tools_keeps_them_inline() -> None:
    overlay = b"kind: Persona\napiVersion: personas/v1\nmetadata: {name: p}\nspec: {tools: [x]}\n"
    project = Project({"p.yaml": persona("p", tool()), "o/p.yaml": overlay}, overlays=frozenset({"o/p.yaml"}))
    result = project.migrate(only=TOOLS)
    assert "tools" not in load(project, "p.yaml")
    (refused,) = result.of(Status.REFUSED)
    assert "overlay o/p.yaml:4:" in refused.reason and "/tools" in refused.reason
    assert "tools/look_up.yaml" not in project.files


def test_new_tools_lie_beside_those_that_are_there() -> None:
    known = b"apiVersion: personas/v1\nkind: Tool\nmetadata: {name: a}\nspec: {name: a, description: A.}\n"
    project = Project({"shared/functions/a.yaml": known, "p.yaml": persona("P", tool())})
    project.migrate(only=TOOLS)
    assert "shared/functions/look_up.yaml" in project.files


def test_personas_outside_of_the_paths_count_but_do_not_change(odd: Project) -> None:
    odd.outside = frozenset({"odd.yaml"})
    before = odd.files["odd.yaml"]
    assert len(odd.migrate(only=TOOLS).questions) == 1
    odd.migrate(only=TOOLS, answers={"inline-tool-dedupe": {"look_up": "common"}})
    assert odd.files["odd.yaml"] == before
    assert load(odd, "a.yaml")["tools"] == ["look_up"]


@pytest.mark.parametrize(("answer", "tools"), [("rename", ["look_up"]), ("keep", None), ("common", None)])
def test_one_word_may_answer_for_every_name(answer: str, tools: list[str] | None) -> None:
    project = Project({"p.yaml": persona("P", tool("look-up"))})
    result = project.migrate(only=TOOLS, answers={"inline-tool-dedupe": {"*": answer}})
    assert load(project, "p.yaml").get("tools") == tools
    assert bool(result.questions) == (answer == "common")
