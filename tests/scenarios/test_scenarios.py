"""Every story under this folder, played on the embedded account; `tests.support.story` says what a story holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.story import Stage, load_story, turns

HERE = Path(__file__).resolve().parent
STORIES = sorted(HERE.rglob("*.yaml"))


def title(path: Path) -> str:
    return path.relative_to(HERE).with_suffix("").as_posix()


@pytest.mark.parametrize("path", STORIES, ids=title)
def test_story(path: Path, stage: Stage, request: pytest.FixtureRequest) -> None:
    story = load_story(path)
    if "xfail" in story:
        request.applymarker(pytest.mark.xfail(strict=True, reason=story["xfail"]))
    stage.prepare(story.get("given", {}))
    for turn in turns(story):
        stage.play(turn)
        assert turn["then"]


def test_the_stories_are_many_and_each_says_what_it_shows() -> None:
    assert len(STORIES) >= 60
    abouts = [load_story(path)["about"] for path in STORIES]
    assert all(len(about.split()) >= 4 for about in abouts)
    assert len(set(abouts)) == len(abouts)
