"""The laws of export: what was exported is imported without a write, tells no secret, and rebuilds the account."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from reconciler.types.change import Action
from tests.properties.test_convergence import MOODS
from tests.support.exporting import ExportLab, random_account, secrets_of, without_ids

SEEDS = {mood: seed for seed, mood in enumerate(MOODS)}


@pytest.fixture(params=SEEDS)
def lab(request: pytest.FixtureRequest) -> ExportLab:
    """A random account in one of the moods."""
    made = ExportLab(MOODS[request.param])
    made.account = random_account(SEEDS[request.param], size=10)
    made.fill(made.account, SEEDS[request.param])
    assert not made.refused
    return made


def test_the_plan_after_an_export_is_nothing_but_imports_and_apply_writes_nothing(
    lab: ExportLab, tmp_path: Path
) -> None:
    found, manifests = lab.export(tmp_path / "out")
    before = lab.writes()
    plan = lab.plan(*manifests.manifests)
    assert [str(one.address) for one in plan.changes if one.action is not Action.NOOP] == []
    assert plan.summary.imported == len(found.manifests) == len(manifests.manifests)
    lab.apply(*manifests.manifests)
    assert lab.writes() == before
    assert lab.plan(*manifests.manifests).differences == ()
    assert lab.found(manifests).manifests == ()


def test_an_export_before_the_first_apply_is_known_by_its_ids(lab: ExportLab, tmp_path: Path) -> None:
    found, manifests = lab.export(tmp_path / "out")
    again = lab.found(manifests)
    assert again.manifests == ()
    assert again.claimed == len(found.manifests)


def test_no_secret_is_in_any_file(lab: ExportLab, tmp_path: Path) -> None:
    found, _ = lab.export(tmp_path / "out")
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    hidden = secrets_of(lab.account)
    assert hidden
    for secret in hidden:
        assert secret.encode() not in written
        assert base64.b64encode(secret.encode()) not in written
    assert b"****" not in written
    assert found.manifests


def test_a_wiped_account_is_rebuilt_and_exports_as_before(lab: ExportLab, tmp_path: Path) -> None:
    found, manifests = lab.export(tmp_path / "out")
    lab.apply(*manifests.manifests)
    lab.wipe()
    lab.vault.values = {
        secret.variable: f"sk-new-{secret.variable}" for one in found.manifests for secret in one.secrets
    }
    result = lab.apply(*manifests.manifests, allow_mass_change=True, accept_account=True)
    assert [step.message for step in result.steps if step.outcome != "done"] == []
    assert lab.plan(*manifests.manifests).differences == ()
    lab.forget()
    assert without_ids(lab.found().manifests) == without_ids(found.manifests)


def test_the_same_account_gives_the_same_bytes(lab: ExportLab, tmp_path: Path) -> None:
    lab.export(tmp_path / "a" / "out")
    lab.export(tmp_path / "b" / "out")
    first, second = (
        {str(path.relative_to(top)): path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file()}
        for top in (tmp_path / "a", tmp_path / "b")
    )
    assert first == second
    stems = [path.rpartition(".")[0].casefold() for path in first]
    assert len(stems) == len(set(stems))
