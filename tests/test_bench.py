"""The bench that CI compares with a stored table: what the comparison says; and how memory grows, at small sizes."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tracemalloc
from contextlib import chdir
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from reconciler import open_project

BENCH = Path(__file__).parent / "bench"
SMALL, LARGE = 10, 60
PERSONA = 4_600
"""Bytes of a manifest of the bench, about; its prompt is most of it, and is kept once for both sides."""


HEAVY = ("pydantic", "yaml", "reconciler.manifests.read.build_manifests", "reconciler.core.resource_diff",
         "reconciler.engine.plan", "reconciler.core.history", "reconciler.core.text_diff")  # fmt: skip
"""What a plan needs no more once it is known that nothing moved since the last one."""


def _modules_after(*words: str) -> set[str]:
    """What is loaded after the program ran in a process of its own."""
    script = (
        "import json, sys; from reconciler.cli.main import run\n"
        "try: run(sys.argv[1:])\n"
        "finally: sys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert "No changes." in done.stdout, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.fixture(scope="module")
def reading() -> Any:
    """The module as CI runs it: as a script in its folder."""
    sys.path.insert(0, str(BENCH))
    try:
        return import_module("reading")
    finally:
        sys.path.remove(str(BENCH))


ROWS = ("first import", "floor, known", "plan, known", "floor", "plan", "plan, one edited", "plan, 1 % edited")


def test_what_costs_a_quarter_more_than_stored_is_named(reading: Any) -> None:
    stored = {"1000 known": 1.0, "1000 anew": 2.0}
    assert reading.fallen_behind({"1000 known": 1.25, "1000 anew": 2.4, "new": 9.0}, stored) == []
    assert reading.fallen_behind({"1000 known": 1.26, "1000 anew": 2.51}, stored) == ["1000 known", "1000 anew"]
    lines = reading.table({"1000 known": 1.5, "new": 9.0}, stored)
    assert [line.split() for line in lines] == [["1000", "known", "1.50", "stored", "1.00"],
                                                ["new", "9.00", "stored", "-"]]  # fmt: skip


def test_the_ratios_are_those_of_each_size_and_of_what_lies_between(reading: Any) -> None:
    def costs(scale: float) -> dict[str, Any]:
        return {name: reading.Cost(scale * place, 0.0, 50 + 10 * scale, 10) for place, name in enumerate(ROWS, 1)}

    found = reading.ratios({1000: costs(1), 3000: costs(3)})
    assert found["1000 known"] == 1.5
    assert found["3000 anew"] == 1.25
    assert found["1000-3000 MB, plan"] == 10.0
    assert found["1000 requests"] == 1.0


def test_the_table_has_every_row_that_ci_compares(reading: Any) -> None:
    stored = json.loads(reading.STORED.read_text())
    made = {size: {name: reading.Cost(1.0, 1.0, 1.0, 1) for name in ROWS} for size in (1000, 3000)}
    assert reading.ratios(made).keys() <= stored.keys()


def test_memory_grows_with_the_account_by_no_more_than_it_did(reading: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plan and import: the peak of what Python allocates for each object more, beside the bytes of its manifest."""
    peaks: dict[str, list[int]] = {"plan": [], "import": [], "plan, nothing to do": []}

    def peak(name: str, run: Any, *, warm: bool) -> None:
        if not warm:
            run()
            return
        gc.collect()
        tracemalloc.start()
        try:
            run()
            peaks[name].append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()

    for warm, count in ((False, 1), (True, SMALL), (True, LARGE)):  # modules and caches of libraries come once
        with reading.opened(count) as bench:
            for name in ("TAVUS_API_KEY", "TAVUS_PUBLIC_API_BASE_URL"):
                monkeypatch.setenv(name, bench.environ[name])
            with chdir(bench.folder), open_project(workspace="tavus") as project:
                peak("plan", project.plan, warm=warm)
                bench.asked()
                peak("import", lambda project=project: project.apply(confirm=lambda plan: True), warm=warm)
                peak("plan, nothing to do", project.plan, warm=warm)
                assert bench.asked() == 2 * -(-count // 100), "a page for a hundred objects, and nothing else"
    growth = {name: (found[1] - found[0]) / (LARGE - SMALL) / PERSONA for name, found in peaks.items()}
    assert max(growth.values()) < 6, growth


def test_a_plan_that_is_known_imports_next_to_nothing(reading: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with reading.opened(1) as bench, monkeypatch.context() as environ, chdir(bench.folder):
        for name in ("TAVUS_API_KEY", "TAVUS_PUBLIC_API_BASE_URL", "PYTHONPATH"):
            environ.setenv(name, bench.environ[name])
        with open_project(workspace="tavus") as project:
            project.apply(confirm=lambda plan: True)
        _modules_after("-w", "tavus", "plan")
        loaded = _modules_after("-w", "tavus", "plan")
    assert [name for name in HEAVY if name in loaded] == []
