"""What is taken for the vendor's own doing, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.offline import load_catalogue
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.diff.three_way import desired_digest
from reconciler.core.diff.vendor_changes import is_merge, merged_counterpart, replaced_entry, successor_link
from reconciler.core.planning.account_findings import drift_from_state
from reconciler.core.resource_diff import plan_existing
from reconciler.core.resource_diff.resource_plan import Binding, DiffContext
from reconciler.core.state.entry_records import record, refresh_change, refreshed
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.catalogue import Status
from reconciler.types.change import Action, Direction, Reason
from tests.support.making import at, book, entry, env, live, resource

PERSONA = kind("persona")
CATALOGUE = load_catalogue()
SECRETS = book(KEY="sk-1")
PROMPT, CONTEXT = "You are a coach.", "You have helped many."


def applied(**leaves):
    """An entry that holds these leaves as sent and seen; two underscores for a slash."""
    paths = {"/" + name.replace("__", "/"): value for name, value in leaves.items()}
    return entry("p1", sent={path: desired_digest(field_at(PERSONA, path), paths[path], SECRETS) for path in paths})


def plan(wanted, found, known=None, *, catalogue=load_catalogue, **more):
    reason = Reason.CHANGED if known is not None else Reason.ADOPTED_BY_NAME
    return plan_existing(
        resource("persona.a", wanted, **more),
        live("persona", "p1", found, detailed=True),
        Binding("p1", reason, known),
        DiffContext(SECRETS, KINDS, "pal", catalogue=catalogue),
    )


def model(name, **llm):
    return {"pal_name": "A", "layers": {"llm": {"model": name, **llm}}}


def adopted(planned):
    return {one.path: (one.manifest, one.live) for one in planned.change.adopt}


def names(**leaves):
    return applied(pal_name="A", **leaves)


class TestModels:
    def test_a_model_at_its_documented_successor_is_offered_not_written(self):
        known = names(layers__llm__model="tavus-llama-4")
        planned = plan(model("tavus-llama-4"), model("tavus-gpt-oss"), known)
        assert adopted(planned) == {"/layers/llm/model": ("tavus-llama-4", "tavus-gpt-oss")}
        assert (planned.change.action, planned.change.reason) == (Action.NOOP, Reason.VENDOR)
        assert planned.change.patch == () and planned.change.fields == ()
        assert "documented" in planned.change.adopt[0].reason
        assert planned.change.adopt[0].command == "reconciler drift --accept persona.a/layers/llm/model"
        assert [(one.path, one.direction, one.before, one.after) for one in planned.drift] == [
            ("/layers/llm/model", Direction.VENDOR, "tavus-llama-4", "tavus-gpt-oss")
        ]

    @pytest.mark.parametrize("now", ["tavus-gpt-oss", "tavus-gpt-5.2", "tavus-gemma-4", "tavus-of-tomorrow"])
    def test_a_removed_model_is_not_put_back_over_any_other(self, now):
        assert adopted(plan(model("tavus-llama-4"), model(now), names(layers__llm__model="tavus-llama-4")))

    def test_not_even_when_the_manifest_asks_for_it_anew(self):
        planned = plan(model("tavus-llama-4"), model("tavus-gpt-oss"), names(layers__llm__model="tavus-gpt-oss"))
        assert adopted(planned) and planned.change.patch == ()
        assert planned.drift == (), "the account did not move"

    def test_a_removed_model_that_the_server_hides_now_is_not_put_back(self):
        shown = {"pal_name": "A", "layers": {"llm": {"speculative_inference": True}}}
        planned = plan(model("tavus-llama-4"), shown, names(layers__llm__model="tavus-llama-4"))
        assert adopted(planned) == {"/layers/llm/model": ("tavus-llama-4", None)}
        assert planned.absent, "a list item may show less: worth a look at the object itself"

    def test_a_removed_model_is_not_put_back_over_an_internal_one_either(self):
        now = "tavus-pal-maker-gemma-4"
        planned = plan(model("tavus-llama-4"), model(now), names(layers__llm__model="tavus-llama-4"))
        assert adopted(planned) == {"/layers/llm/model": ("tavus-llama-4", now)}
        assert planned.change.patch == ()

    @pytest.mark.parametrize("now", ["gpt-4o", "tavus-llama"])
    def test_what_no_vendor_would_put_there_is_drift(self, now):
        planned = plan(model("tavus-llama-4"), model(now), names(layers__llm__model="tavus-llama-4"))
        assert adopted(planned) == {}
        assert [op.value for op in planned.change.patch] == ["tavus-llama-4"]

    def test_a_current_model_moved_by_somebody_is_drift(self):
        planned = plan(model("tavus-gpt-oss"), model("tavus-gemma-4"), names(layers__llm__model="tavus-gpt-oss"))
        assert adopted(planned) == {} and planned.drift[0].direction is Direction.LIVE

    def test_an_outdated_model_moved_to_something_else_is_drift(self):
        planned = plan(model("tavus-gpt-4o"), model("tavus-gemma-4"), names(layers__llm__model="tavus-gpt-4o"))
        assert adopted(planned) == {} and planned.drift[0].direction is Direction.LIVE

    def test_a_deprecated_model_that_git_asks_for_is_written(self):
        planned = plan(model("tavus-gpt-4o"), model("tavus-gpt-5.2"), names(layers__llm__model="tavus-gpt-5.2"))
        assert adopted(planned) == {}
        assert [(one.path, one.direction) for one in planned.change.fields] == [("/layers/llm/model", Direction.GIT)]

    def test_a_manifest_that_moved_on_after_the_vendor_is_git_alone(self):
        planned = plan(model("tavus-gpt-5.2"), model("tavus-gpt-oss"), names(layers__llm__model="tavus-llama-4"))
        assert [(one.path, one.direction) for one in planned.change.fields] == [("/layers/llm/model", Direction.GIT)]
        assert planned.drift == ()

    def test_a_custom_model_is_nobody_elses(self):
        own = {"base_url": "https://llm.example.com/v1", "api_key": env("KEY")}
        shown = model("tavus-gpt-oss", base_url="https://llm.example.com/v1", api_key="********")
        planned = plan(model("tavus-llama-4", **own), shown, names(layers__llm__model="tavus-llama-4"))
        assert adopted(planned) == {}

    def test_an_import_takes_the_successor_as_it_is(self):
        planned = plan(model("tavus-llama-4"), model("tavus-gpt-oss"))
        assert adopted(planned)
        assert (planned.change.action, planned.change.importing) == (Action.NOOP, "p1")
        assert planned.change.adopt[0].command == "reconciler migrate --only model-successor --write"

    def test_an_import_names_the_answer_where_nothing_is_documented(self):
        command = plan(model("tavus-llama-4"), model("tavus-gemma-4")).change.adopt[0].command
        assert "--answer model-successor.tavus-llama-4=tavus-gemma-4 " in command

    def test_without_a_catalogue_nothing_is_the_vendors(self):
        known = names(layers__llm__model="tavus-llama-4")
        assert adopted(plan(model("tavus-llama-4"), model("tavus-gpt-oss"), known, catalogue=None)) == {}

    def test_an_observed_object_is_held_against_the_manifest_as_ever(self):
        planned = plan(model("tavus-llama-4"), model("tavus-gpt-oss"), manage="observe")
        assert adopted(planned) == {} and planned.drift[0].direction is Direction.LIVE


ENGINES = [
    ("perception", "perception_model", "perception"),
    ("conversational_flow", "turn_detection_model", "turn_detection"),
    ("stt", "stt_engine", "stt_engine"),
    ("tts", "tts_model_name", "tts_model"),
]


@pytest.mark.parametrize("layer, name, table", ENGINES)
def test_an_engine_that_only_gave_way_in_the_catalogue_is_held_against_the_manifest(layer, name, table):
    """The platform exchanges language models by itself, engines only where it removed them."""
    pairs = [
        (old, after.id)
        for old in CATALOGUE.tables[table]
        if CATALOGUE.status(old, table).is_outdated and (after := CATALOGUE.successor(old, table)) and after.id
    ]
    assert pairs
    for old, new in pairs:
        wanted, shown = ({"pal_name": "A", "layers": {layer: {name: one}}} for one in (old, new))
        path = f"/layers/{layer}/{name}"
        planned = plan(wanted, shown, names(**{f"layers__{layer}__{name}": old}))
        if CATALOGUE.status(old, table) is Status.REMOVED:
            assert adopted(planned) == {path: (old, new)}
        else:
            assert adopted(planned) == {}
            assert [(one.path, one.direction) for one in planned.drift] == [(path, Direction.LIVE)]


def test_a_removed_voice_engine_is_not_put_back():
    wanted, shown = ({"pal_name": "A", "layers": {"tts": {"tts_engine": one}}} for one in ("playht", "cartesia"))
    assert adopted(plan(wanted, shown, names(layers__tts__tts_engine="playht")))


def test_the_chain_is_followed_over_several_steps():
    after = {"id": "tavus-b", "reason": "moved", "basis": "documented"}
    last = {"id": "tavus-c", "reason": "moved on", "basis": "documented"}
    rows = {
        "tavus-a": {"status": {"all": "deprecated"}, "successor": after},
        "tavus-b": {"status": {"all": "removed"}, "successor": last},
        "tavus-c": {"status": {"all": "available"}, "successor": {"id": "tavus-a"}},
        "tavus-d": {"status": {"all": "removed"}},
    }
    chained = load_catalogue({"tables": {"llm": rows}})
    link = successor_link(chained, "llm", "tavus-a", "tavus-c")
    assert link is not None and link.reason == "moved on"
    assert successor_link(chained, "llm", "tavus-c", "tavus-a") is None, "a current model is not left"
    assert successor_link(chained, "llm", "tavus-d", "tavus-c") is None, "nothing follows it"


@given(st.sampled_from(sorted(CATALOGUE.tables["llm"])), st.sampled_from(sorted(CATALOGUE.tables["llm"])))
def test_no_current_model_ever_gives_way(old, new):
    """And walking a table of any shape ends."""
    if not CATALOGUE.status(old).is_outdated:
        assert successor_link(CATALOGUE, "llm", old, new) is None
    circle = load_catalogue({"tables": {"llm": {
        old: {"status": {"all": "removed"}, "successor": {"id": new}},
        new: {"status": {"all": "removed"}, "successor": {"id": old}},
    }}})  # fmt: skip
    assert successor_link(circle, "llm", old, "tavus-nowhere") is None


def test_state_alone_tells_which_model_it_was():
    seen = SECRETS.digest("tavus-llama-4", secret=False)
    assert replaced_entry(CATALOGUE, "llm", seen, "tavus-gpt-oss", SECRETS) == "tavus-llama-4"
    assert replaced_entry(CATALOGUE, "llm", seen, "gpt-4o", SECRETS) is None
    assert replaced_entry(CATALOGUE, "llm", None, "tavus-gpt-oss", SECRETS) is None
    current = SECRETS.digest("tavus-gpt-5.2", secret=False)
    assert replaced_entry(CATALOGUE, "llm", current, "tavus-gpt-oss", SECRETS) is None
    assert CATALOGUE.status("tavus-gpt-5.2") is Status.AVAILABLE


WANTED = {"pal_name": "A", "system_prompt": PROMPT, "context": CONTEXT}
KNOWN = names(system_prompt=PROMPT, context=CONTEXT)


class TestMergedTexts:
    @pytest.mark.parametrize("empty", ["", None])
    @pytest.mark.parametrize(
        "merged",
        [
            f"{PROMPT}\n\n{CONTEXT}",
            f"{CONTEXT}\n{PROMPT}",
            f"{PROMPT} {CONTEXT}",
            f"{PROMPT}\n\n---\nContext:\n{CONTEXT}\n",
        ],
    )
    def test_both_leaves_are_the_vendors(self, merged, empty):
        planned = plan(WANTED, {"pal_name": "A", "system_prompt": merged, "context": empty}, KNOWN)
        assert adopted(planned) == {"/context": (CONTEXT, empty), "/system_prompt": (PROMPT, merged)}
        assert planned.change.patch == ()
        assert planned.change.adopt[0].command == (
            "reconciler drift --accept persona.a/context --accept persona.a/system_prompt"
        )

    def test_a_merged_prompt_that_somebody_edited_is_drift_with_both_halves(self):
        shown = {"pal_name": "A", "system_prompt": f"{PROMPT} Be kind.\n\n{CONTEXT} And more.", "context": ""}
        planned = plan(WANTED, shown, KNOWN)
        assert adopted(planned) == {}
        assert {op.path: op.value for op in planned.change.patch} == {"/context": CONTEXT, "/system_prompt": PROMPT}

    def test_a_context_that_was_only_emptied_is_drift(self):
        planned = plan(WANTED, {"pal_name": "A", "system_prompt": PROMPT, "context": ""}, KNOWN)
        assert adopted(planned) == {} and [op.path for op in planned.change.patch] == ["/context"]

    def test_a_context_that_is_still_there_was_not_merged(self):
        shown = {"pal_name": "A", "system_prompt": f"{PROMPT}\n\n{CONTEXT}", "context": CONTEXT}
        assert adopted(plan(WANTED, shown, KNOWN)) == {}

    @pytest.mark.parametrize("shown", [None, "", {"text": PROMPT}])
    def test_where_no_text_is_left_nothing_was_merged(self, shown):
        assert adopted(plan(WANTED, {"pal_name": "A", "system_prompt": shown, "context": ""}, KNOWN)) == {}

    def test_a_wish_of_git_that_reads_like_a_merge_is_written(self):
        known = names(system_prompt=f"{PROMPT}\n{CONTEXT}")
        planned = plan(WANTED, {"pal_name": "A", "system_prompt": f"{PROMPT}\n{CONTEXT}"}, known)
        assert adopted(planned) == {}
        assert {op.path for op in planned.change.patch} == {"/context", "/system_prompt"}

    def test_of_two_halves_the_one_that_is_not_written_goes_along(self):
        leaves, document = {"/system_prompt": PROMPT, "/context": CONTEXT}, {"system_prompt": f"{PROMPT} {CONTEXT}"}
        for written, along in (({"/context"}, ("/system_prompt",)), (set(leaves), ()), (set(), ())):
            assert merged_counterpart(PERSONA, leaves, document, written) == along

    def test_a_manifest_that_holds_the_merged_text_already(self):
        merged = f"{PROMPT}\n\n{CONTEXT}"
        planned = plan({**WANTED, "system_prompt": merged}, {"pal_name": "A", "system_prompt": merged}, KNOWN)
        assert adopted(planned) == {"/context": (CONTEXT, None)}

    @pytest.mark.parametrize("half", ["system_prompt", "context"])
    def test_after_it_was_noted_either_half_is_written_with_the_other(self, half):
        shown = {"pal_name": "A", "system_prompt": f"{PROMPT}\n\n{CONTEXT}", "context": ""}
        first = plan(WANTED, shown, KNOWN)
        noted = record(first.change, live("persona", "p1", shown), KNOWN, SECRETS, {})
        quiet = plan(WANTED, shown, noted)
        assert not quiet.change.is_difference and quiet.drift == ()
        wanted = {**WANTED, half: "Something new."}
        planned = plan(wanted, shown, noted)
        assert {op.path: op.value for op in planned.change.patch} == {
            f"/{name}": wanted[name] for name in ("context", "system_prompt")
        }

    def test_an_import_writes_neither(self):
        shown = {"pal_name": "A", "system_prompt": f"{CONTEXT}\n\n{PROMPT}", "context": ""}
        planned = plan(WANTED, shown)
        assert planned.change.patch == ()
        assert planned.change.adopt[0].command.endswith("context-into-system-prompt=prepend --write")

    @given(st.text(max_size=40), st.text(min_size=1, max_size=40), st.sampled_from(["", " ", "\n\n", "\n---\n"]))
    def test_any_two_texts_in_either_order(self, prompt, said, separator):
        assert is_merge(f"{prompt}{separator}{said}", prompt, said)
        assert is_merge(f"{said}{separator}{prompt}", prompt, said)

    @given(st.text("abc", min_size=1, max_size=20), st.text("xyz", min_size=1, max_size=20))
    def test_a_text_without_one_of_them_is_no_merge(self, prompt, said):
        assert not is_merge(prompt, prompt, said)
        assert not is_merge(said, prompt, said)
        assert not is_merge(f"{prompt}{'-' * 300}{said}", prompt, said), "too much stands in between"


class TestRenamedFields:
    OLD, NEW = "ambient_awareness_queries", "visual_awareness_queries"

    def perception(self, **fields):
        return {"pal_name": "A", "layers": {"perception": fields}}

    def test_a_value_under_its_newer_name_is_the_vendors(self):
        known = names(**{f"layers__perception__{self.OLD}": ["a"]})
        planned = plan(self.perception(**{self.OLD: ["a"]}), self.perception(**{self.NEW: ["a"]}), known)
        assert list(adopted(planned)) == [f"/layers/perception/{self.OLD}"]
        assert planned.change.adopt[0].command == "reconciler migrate --only perception-field-names --write"

    @pytest.mark.parametrize("shown", [{}, {"visual_awareness_queries": ["b"]}])
    def test_another_value_there_is_drift(self, shown):
        known = names(**{f"layers__perception__{self.OLD}": ["a"]})
        assert adopted(plan(self.perception(**{self.OLD: ["a"]}), self.perception(**shown), known)) == {}

    def test_inline_tools_move_one_by_one(self):
        tool = {"type": "function", "function": {"name": "look", "description": "d"}}
        planned = plan(self.perception(perception_tools=[tool]), self.perception(visual_tools=[tool]))
        assert list(adopted(planned)) == ["/layers/perception/perception_tools/look"]


def test_other_differences_of_the_object_are_written_without_what_the_vendor_did():
    known = names(greeting="hi", layers__llm__model="tavus-llama-4")
    shown = {**model("tavus-gpt-oss"), "greeting": "hi"}
    planned = plan({**model("tavus-llama-4"), "greeting": "hello"}, shown, known)
    assert [op.path for op in planned.change.patch] == ["/greeting"]
    assert (planned.change.action, planned.change.reason) == (Action.UPDATE, Reason.CHANGED)
    assert list(adopted(planned)) == ["/layers/llm/model"]


def test_a_refresh_takes_note_and_does_not_make_it_a_wish_of_git():
    wanted, shown = model("tavus-gpt-4o"), live("persona", "p1", model("tavus-gpt-5.2"))
    known = names(layers__llm__model="tavus-gpt-4o")
    moved = drift_from_state(at("persona.a"), known, shown, SECRETS, load_catalogue)
    assert moved is not None
    noted = refreshed(known, refresh_change(known, moved, shown).fields, shown, SECRETS)
    assert noted.sent == known.sent and noted.seen != known.seen
    assert not plan(wanted, model("tavus-gpt-5.2"), noted).change.is_difference
    assert drift_from_state(at("persona.a"), noted, shown, SECRETS, load_catalogue) is None
