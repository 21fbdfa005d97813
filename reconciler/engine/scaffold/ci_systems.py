"""The CI systems that `init --ci` writes pipelines for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from reconciler.engine.scaffold import github_pipeline, gitlab_pipeline
from reconciler.engine.scaffold.project_facts import PipelineFacts


@dataclass(frozen=True, slots=True)
class System:
    """Where its pipeline lies, from the top of the repository; its text; and what is to be done before the first run,
    each with a command where there is one."""

    path: str
    text: Callable[[PipelineFacts], str]
    steps: Callable[[PipelineFacts], Iterable[tuple[str, str]]]


SYSTEMS: Mapping[str, System] = {
    "github": System(github_pipeline.PATH, github_pipeline.github, github_pipeline.steps),
    "gitlab": System(gitlab_pipeline.PATH, gitlab_pipeline.gitlab, gitlab_pipeline.steps),
}
