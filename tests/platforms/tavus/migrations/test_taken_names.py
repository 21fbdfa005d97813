"""Names that somebody holds already: used where the content is the same, asked about where it is not."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.canonical.keyed_lists import body_digest
from reconciler.core.migration import Held
from reconciler.core.migration_result import MigrationResult
from reconciler.platforms.tavus.migrations.taken_names import same_content
from tests.platforms.tavus.migrations.test_inline_tools import TOOLS, load, persona, tool
from tests.support.migrating import Project

BODY = tool()["function"]
assert isinstance(BODY, dict)
SAME = {
    **BODY,
    "origin": "llm",
    "on_call": "silent",
    "on_resolve": "fire_and_forget",
    "delivery": {"app_message": True},
}
THEIR_DELIVERY = {"api": {"url": "https://theirs.example/v1"}}
OTHERS = [
    {"description": "Another."},
    {"delivery": THEIR_DELIVERY},
    {"on_call": "generate_filler"},
    {"origin": "vision"},
]


def account(**spec: object) -> dict[str, dict[str, Held]]:
    return {"tool": {"look_up": Held("t1", {**SAME, **spec})}}  # type: ignore[dict-item]


def manifest(**spec: object) -> bytes:
    head = {"apiVersion": "personas/v1", "kind": "Tool", "metadata": {"name": "theirs"}}
    return yaml.safe_dump({**head, "spec": {**SAME, **spec}}).encode()


def keys(result: MigrationResult) -> list[str]:
    return [question.key for _, question in result.questions]


def inline(project: Project, path: str = "p.yaml") -> bool:
    return "layers" in load(project, path)


def new_files(project: Project, name: str) -> list[str]:
    return [path for path in project.files if path.rpartition("/")[2] == f"{name}.yaml"]


def test_what_a_migration_writes_takes_over_only_the_same() -> None:
    project = Project({"p.yaml": persona("P", tool())})
    project.migrate(only=TOOLS)
    assert load(project, "tools/look_up.yaml")["lifecycle"] == {"adopt": "same"}


@pytest.mark.parametrize("body", [SAME, {key: SAME[key] for key in ("name", "description", "parameters")}])
def test_a_manifest_with_the_same_content_is_used(body: dict[str, object]) -> None:
    head = {"apiVersion": "personas/v1", "kind": "Tool", "metadata": {"name": "theirs"}, "spec": body}
    project = Project({"p.yaml": persona("P", tool()), "t.yaml": yaml.safe_dump(head).encode()})
    result = project.migrate(only=TOOLS)
    assert not keys(result) and not inline(project)
    assert load(project, "p.yaml")["tools"] == ["look_up"] and len(project.files) == 2


@pytest.mark.parametrize("more", OTHERS)
@pytest.mark.parametrize("where", ["manifest", "account"])
def test_other_content_is_a_question_and_the_tool_stays_inline(where: str, more: dict[str, object]) -> None:
    project = Project({"p.yaml": persona("P", tool())})
    if where == "manifest":
        project.files["t.yaml"] = manifest(**more)
    before = dict(project.files)
    result = project.migrate(only=TOOLS, account=account(**more) if where == "account" else {})
    assert keys(result) == ["look_up"] and project.files == before
    [(_, question)] = result.questions
    assert "theirs" in [choice.value for choice in question.choices] and "name" in question.free


def test_a_name_under_tools_without_a_manifest_is_the_accounts() -> None:
    project = Project({"p.yaml": persona("P", tool()), "q.yaml": b"pal_name: Q\ntools: [look_up]\n"})
    result = project.migrate(only=TOOLS)
    assert keys(result) == ["look_up"] and inline(project) and len(project.files) == 2


def test_what_the_account_has_with_the_same_content_gets_a_manifest_that_takes_only_that() -> None:
    project = Project({"p.yaml": persona("P", tool())})
    project.migrate(only=TOOLS, account=account())
    assert load(project, "tools/look_up.yaml")["lifecycle"] == {"adopt": "same"} and not inline(project)


ANSWERS = ["keep", "theirs", "mine"]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("where", ["manifest", "account", "named", "nowhere"])
def test_the_answers_do_what_they_say(where: str, answer: str) -> None:
    project = Project({"p.yaml": persona("P", tool())})
    if where == "manifest":
        project.files["t.yaml"] = manifest(description="Another.")
    if where == "named":
        project.files["q.yaml"] = b"pal_name: Q\ntools: [look_up]\n"
    given = {"inline-tool-dedupe": {"look_up": answer}}
    looked = account(description="Another.") if where == "account" else {}
    result = project.migrate(only=TOOLS, answers=given, account=looked)
    assert not keys(result)
    assert inline(project) is (answer == "keep")
    if answer != "keep":
        assert load(project, "p.yaml")["tools"] == ["look_up" if answer == "theirs" else "mine"]
    assert len(new_files(project, "mine")) == (answer == "mine") and not new_files(project, "look_up")
    again = dict(project.files)
    assert not keys(project.migrate(only=TOOLS, answers=given, account=looked)) and project.files == again


def test_another_name_has_to_be_free() -> None:
    project = Project({"p.yaml": persona("P", tool()), "t.yaml": manifest(description="Another.")})
    taken = {**SAME, "name": "mine", "description": "Yet another."}
    looked = {"tool": {"mine": Held("t2", taken)}}
    result = project.migrate(only=TOOLS, answers={"inline-tool-dedupe": {"look_up": "mine"}}, account=looked)  # type: ignore[arg-type]
    assert keys(result) == ["look_up"] and inline(project)


SET = (
    b"apiVersion: personas/v1\nkind: GuardrailSet\nmetadata: {name: rules}\nspec:\n  name: Rules\n  data:\n"
    b"    - {guardrail_name: one, guardrail_prompt: First.}\n    - {guardrail_name: two, guardrail_prompt: Second.}\n"
)
PERSONA = b"pal_name: A\nguardrails_id: {ref: guardrail_set.rules}\n"
RULE = {"guardrail_name": "one", "guardrail_prompt": "Mine.", "app_message": True}


def guardrails(where: str) -> tuple[Project, dict[str, dict[str, Held]]]:
    project = Project({"p.yaml": PERSONA, "rules.yaml": SET})
    if where == "account":
        return project, {"guardrail": {"one": Held("g1", RULE)}}  # type: ignore[dict-item]
    head = {"apiVersion": "personas/v1", "kind": "Guardrail", "metadata": {"name": "house"}, "spec": RULE}
    project.files["house.yaml"] = yaml.safe_dump(head).encode()
    return project, {}


@pytest.mark.parametrize("where", ["account", "manifest"])
@pytest.mark.parametrize("answer", [None, "keep", "theirs", "other"])
def test_a_guardrail_of_the_name_is_asked_about(where: str, answer: str | None) -> None:
    project, looked = guardrails(where)
    before = dict(project.files)
    given = {"*": "split", **({"one": answer} if answer else {})}
    result = project.migrate(only=["M24"], answers={"guardrail-set-split": given}, account=looked)
    assert keys(result) == (["one"] if answer is None else [])
    if answer in (None, "keep"):
        assert project.files == before
        return
    theirs = "g1" if where == "account" else {"ref": "guardrail.house"}
    first = theirs if answer == "theirs" else {"ref": "guardrail.other"}
    assert load(project, "p.yaml")["guardrail_ids"] == [first, {"ref": "guardrail.two"}]
    for name in ("two", *(["other"] if answer == "other" else [])):
        [path] = new_files(project, name)
        assert load(project, path)["lifecycle"] == {"adopt": "same"}


bodies = st.fixed_dictionaries({}, optional={"description": st.just("Another."), "delivery": st.just(THEIR_DELIVERY)})


@settings(max_examples=25, deadline=None)
@given(bodies, st.booleans(), st.booleans(), st.sampled_from([None, *ANSWERS, "odd-inline", "rename"]))
def test_nothing_of_others_is_ever_written_and_twice_is_once(
    theirs: dict[str, object], in_project: bool, named: bool, answer: str | None
) -> None:
    project = Project({"p.yaml": persona("P", tool()), "q.yaml": persona("Q", tool(description="Odd."))})
    looked = {} if in_project else account(**theirs)
    if in_project:
        project.files["t.yaml"] = manifest(**theirs)
    if named:
        project.files["n.yaml"] = b"pal_name: N\ntools: [look_up]\n"
    held = {path: project.files[path] for path in ("t.yaml", "n.yaml") if path in project.files}
    given = {"inline-tool-dedupe": {"look_up": answer}} if answer else {}
    project.migrate(only=TOOLS, answers=given, account=looked)
    assert all(project.files[path] == data for path, data in held.items())
    if theirs and not in_project:
        made = [load(project, path)["spec"] for path in project.files if path.startswith("tools/")]
        assert "look_up" not in [one["name"] for one in made if isinstance(one, dict)]
    after = dict(project.files)
    project.migrate(only=TOOLS, answers=given, account=looked)
    assert project.files == after


names = st.lists(st.sampled_from(["a", "b", 1, None]), max_size=3)
inner = st.fixed_dictionaries({}, optional={"required": names, "type": st.sampled_from(["object", "array"])})
schemas = st.fixed_dictionaries({"type": st.just("object")}, optional={"required": names, "properties": inner})


@settings(max_examples=60, deadline=None)
@given(schemas, schemas)
def test_the_same_tool_is_the_same_wherever_it_is_compared(one: dict[str, object], other: dict[str, object]) -> None:
    equal = body_digest("Finds.", one, "llm") == body_digest("Finds.", other, "llm")  # type: ignore[arg-type]
    bodies = [{**SAME, "parameters": parameters} for parameters in (one, other)]
    assert same_content("tool", *bodies, live=True) is equal  # type: ignore[arg-type]
    assert same_content("tool", *bodies, live=False) is equal  # type: ignore[arg-type]


answers = st.sampled_from([None, *ANSWERS, "odd-inline", "rename", "common", "no name!"])


@settings(max_examples=60, deadline=None)
@given(bodies, st.booleans(), answers, st.sampled_from(["look_up", "look-up"]), st.booleans())
def test_files_and_answers_give_names_and_the_account_only_raises_questions(
    theirs: dict[str, object], odd: bool, answer: str | None, name: str, star: bool
) -> None:
    """What is made after a look at the account is what files alone make, less what would take over another's name."""
    project = Project(
        {"p.yaml": persona("P", tool(name)), **({"q.yaml": persona("Q", tool(name, "Odd."))} if odd else {})}
    )
    said = {"inline-tool-dedupe": {"*" if star else name: answer} if answer else {}}
    files, looked = Project(dict(project.files)), Project(dict(project.files))
    files.migrate(only=TOOLS, answers=said)
    result = looked.migrate(only=TOOLS, answers=said, account=account(**theirs))
    made = {path for path in files.files if path.startswith("tools/")}
    again = looked.migrate(only=TOOLS, answers=said, account=account(**theirs))
    assert not again.files and keys(again) == keys(result)
    if said["inline-tool-dedupe"].get("look_up") != "rename":  # the one answer that gives a new name to each body
        assert {path for path in looked.files if path.startswith("tools/")} <= made
    if "look_up" not in {path.rpartition("/")[2].removesuffix(".yaml") for path in made} or not theirs:
        assert looked.files == files.files
    else:
        assert not new_files(looked, "look_up") and (result.questions or not inline(looked))
