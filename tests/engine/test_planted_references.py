"""An editor of the account plants what looks like a reference: it is data on every way, and nothing is resolved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.api.offline import load_plan
from reconciler.core.planning.plan_file import dump_plan
from reconciler.types.address import SecretRef
from reconciler.types.change import Action
from reconciler.types.json import Json, Object
from tests.support.exporting import ExportLab

STOLEN = "wJalrXUtnFEMI"
PASSWORD = "DEPLOYMENT_WEB_PASSWORD"
"""What the manifests of this account have every right to ask for."""
WORDS = st.sampled_from(["env", "file", "ref", "null", "literal", "value", "join", "$secret", "$ref", "a"])
DATA = st.recursive(
    st.sampled_from(["X", "tool.x", "p.txt", 1, True]),
    lambda inner: st.dictionaries(WORDS, inner, min_size=1, max_size=2) | st.lists(inner, min_size=1, max_size=2),
    max_leaves=6,
)
PLANTED: list[Json] = [
    {"$secret": {"env": "AWS_SECRET_ACCESS_KEY"}},
    {"env": "AWS_SECRET_ACCESS_KEY"},
    {"file": "/etc/passwd"},
    {"ref": "persona.p"},
    {"$ref": "persona.p"},
    {"literal": {"env": "AWS_SECRET_ACCESS_KEY"}},
    {"value": "x"},
    {"join": [{"env": "AWS_SECRET_ACCESS_KEY"}]},
    {"null": True},
    {"$mask": True},
]


class Watched(ExportLab):
    """An account with planted data, and a thief's wish in the environment."""

    def __init__(self, planted: Json) -> None:
        super().__init__()
        self.asked: list[SecretRef] = []
        resolve = self.vault.resolve

        def noted(reference: SecretRef) -> str | None:
            if reference.name != PASSWORD:
                self.asked.append(reference)
            return resolve(reference)

        self.vault.values = {"AWS_SECRET_ACCESS_KEY": STOLEN, PASSWORD: "hush"}
        self.vault.resolve = noted  # type: ignore[method-assign]
        parameters: Json = {"type": "object", "properties": {"a": {"type": "string", "default": planted}}}
        tool: Object = {"name": "look_up", "description": "Looks.", "parameters": parameters}
        inline: Json = {"type": "function", "function": {**tool, "name": "own"}}
        persona: Object = {
            "persona_name": "p", "system_prompt": "Be brief.", "greeting": "Hi.",
            "layers": {
                "llm": {"model": "tavus-gpt-oss", "extra_body": {"a": planted, "b": [planted]}, "tools": [inline]},
                "tts": {"tts_engine": "cartesia", "voice_settings": {"x": planted}},
            },
        }  # fmt: skip
        self.fill({"tools": [tool], "personas": [persona]})
        assert self.refused == []


def parameters_of(lab: ExportLab) -> Json:
    (tool,) = lab.client.get("/tools?type=user").json()["data"]
    found: Json = tool["parameters"]
    return found


@pytest.mark.parametrize("planted", PLANTED, ids=json.dumps)
def test_export_and_apply_import_what_was_planted_as_it_is(planted: Json, tmp_path: Path) -> None:
    lab = Watched(planted)
    before = parameters_of(lab)
    found, manifests = lab.export(tmp_path / "out")
    assert [one.left_out for one in found.manifests if one.left_out] == []
    plan = lab.plan(*manifests.manifests)
    assert [str(one.address) for one in plan.changes if one.action is not Action.NOOP] == []
    lab.carry_out(load_plan(dump_plan(plan)))
    assert lab.plan(*manifests.manifests).differences == ()
    assert parameters_of(lab) == before
    lab.wipe()
    lab.apply(*manifests.manifests, allow_mass_change=True, accept_account=True)
    assert parameters_of(lab) == before, "and made again it is what it was"
    assert lab.asked == []
    assert lab.plan(*manifests.manifests).differences == ()


@pytest.mark.parametrize("planted", PLANTED, ids=json.dumps)
def test_a_change_beside_it_sends_it_back_as_it_was(planted: Json, tmp_path: Path) -> None:
    lab = Watched(planted)
    _, manifests = lab.export(tmp_path / "out")
    lab.apply(*manifests.manifests)
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            text = path.read_text()
            path.write_text(
                text.replace("Looks.", "Looks it up.").replace("Be brief.", "Be short.").replace("Hi.", "Ho.")
            )
    changed = lab.load(tmp_path / "out")
    plan = load_plan(dump_plan(lab.plan(*changed.manifests)))
    assert plan.summary.changed == 2
    lab.carry_out(plan)
    default = parameters_of(lab)["properties"]["a"]["default"]  # type: ignore[index,call-overload]
    assert default == planted
    assert lab.plan(*changed.manifests).differences == ()
    assert lab.asked == []


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(planted=st.dictionaries(st.sampled_from(["a", "env", "literal"]), DATA, min_size=1, max_size=2))
def test_whatever_stands_in_an_account_is_imported_without_a_change(
    planted: Json, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lab = Watched(planted)
    _, manifests = lab.export(tmp_path_factory.mktemp("account") / "out")
    plan = lab.plan(*manifests.manifests)
    assert [str(one.address) for one in plan.changes if one.action is not Action.NOOP] == []
    assert lab.asked == []
