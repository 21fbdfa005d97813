"""The example project against an account in every mood: what was applied is found again, in either vocabulary."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.manifests.read.load_manifests import load_manifests
from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.types.manifest import ManifestSet
from tests.support.lab import Lab
from tests.support.projects import load_project

ROOT = Path(__file__).resolve().parents[2]
PLAIN = Mood()
MOODS = {
    "as suggested": PLAIN,
    "keys omitted": replace(PLAIN, secrets="omit"),
    "keys echoed": replace(PLAIN, secrets="echo"),
    "defaults hidden": replace(PLAIN, defaults="hide"),
    "defaults null": replace(PLAIN, defaults="null"),
    "tool ids nowhere": replace(PLAIN, tool_ids=False),
    "an owner shown": replace(PLAIN, owner_id=True),
    "attaching touches": replace(PLAIN, attach_touches=True),
}


@pytest.fixture(scope="module")
def project() -> Path:
    return ROOT


def sandbox(lab: Lab, root: Path) -> ManifestSet:
    """The manifests of the sandbox; their secrets become those of `lab`."""
    found = load_project(root)
    manifests, lab.vault = load_manifests(found, found.workspaces["sandbox"], environ={})  # type: ignore[assignment]
    assert not [finding for finding in manifests.diagnostics if finding.is_error]
    return manifests


@pytest.mark.parametrize("vocabulary", ["pal", "persona"])
@pytest.mark.parametrize("mood", MOODS)
def test_a_second_plan_is_empty(mood: str, vocabulary: str, project: Path) -> None:
    lab = Lab(MOODS[mood], vocabulary=vocabulary)
    manifests = sandbox(lab, project).manifests
    result = lab.apply(*manifests)
    assert (result.count("done"), result.count("failed")) == (len(manifests), 0)
    plan = lab.plan(*manifests)
    assert [(str(change.address), change.fields) for change in plan.differences] == []
    assert plan.drift == ()


@pytest.mark.parametrize("vocabulary", ["pal", "persona"])
def test_a_second_apply_writes_nothing(vocabulary: str, project: Path) -> None:
    lab = Lab(vocabulary=vocabulary)
    manifests = sandbox(lab, project).manifests
    lab.apply(*manifests)
    before = lab.writes()
    lab.apply(*manifests)
    assert lab.writes() == before


def test_the_account_may_change_its_vocabulary(project: Path) -> None:
    lab = Lab(vocabulary="persona")
    manifests = sandbox(lab, project).manifests
    lab.apply(*manifests)
    lab.vocabulary = "pal"
    assert lab.plan(*manifests).differences == ()


@pytest.mark.parametrize(
    ("address", "path", "value"),
    [
        ("persona.health-coach", "/layers/llm/extra_body/temperature", 1.5),
        ("persona.life-coach", "/layers/tts/voice_settings/speed", "fast"),
        ("persona.life-coach", "/layers/perception/perception_model", "raven-1"),
        ("persona.onboarding-guide", "/system_prompt", "Sell something."),
    ],
)
def test_an_edit_by_hand_is_found_and_put_back(address: str, path: str, value: object, project: Path) -> None:
    lab = Lab()
    manifests = sandbox(lab, project).manifests
    lab.apply(*manifests)
    lab.edit(address, {"op": "replace", "path": path, "value": value})
    plan = lab.plan(*manifests)
    (item,) = plan.drift
    assert (str(item.address), [(field.path, field.direction.value) for field in item.changes]) == (
        address,
        [(path, "live")],
    )
    before = len(lab.writes())
    lab.apply(*manifests)
    (write,) = lab.writes()[before:]
    assert write[0] == "PATCH"
    assert lab.plan(*manifests).differences == ()


def test_what_is_ignored_may_be_edited(project: Path) -> None:
    lab = Lab()
    manifests = sandbox(lab, project).manifests
    lab.apply(*manifests)
    lab.edit("persona.concierge", {"op": "replace", "path": "/greeting", "value": "Good evening!"})
    assert lab.plan(*manifests).drift == ()
