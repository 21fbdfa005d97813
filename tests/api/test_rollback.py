"""Going back from Python: a plan that reads only, and a run that asks first."""

from __future__ import annotations

import re
from pathlib import Path

from reconciler import open_project
from reconciler.api.apply import apply_options
from reconciler.api.rollback import go_back, plan_back
from reconciler.engine.apply.writing_runs import Surroundings
from reconciler.types.options import PlanOptions


def test_a_plan_and_a_run_back(project: Path) -> None:
    opened = open_project()
    opened.apply()
    file = project / "manifests" / "desk.yaml"
    before = file.read_text()
    file.write_text(re.sub(r"greeting: .*", "greeting: Hello there", before))
    opened = open_project()
    opened.apply()
    run, options = opened.state.run, PlanOptions(record=True)
    made = plan_back(run, 1, options).plan
    assert [change.path for change in made.changes[0].fields] == ["/greeting"]

    from contextlib import contextmanager

    @contextmanager
    def surround():
        yield Surroundings(run.backend(), run.clock, run.emit)

    asked: list[int | None] = []

    def refuse(plan) -> bool:
        asked.append(plan.rollback)
        return False

    assert go_back(run, 1, options, apply_options(run), surround, refuse).result is None
    assert asked == [1]
    done = go_back(run, 1, options, apply_options(run), surround, lambda plan: True)
    assert done.result is not None
    assert done.result.summary.changed == 1
    file.write_text(before)
    assert not open_project().plan().differences
