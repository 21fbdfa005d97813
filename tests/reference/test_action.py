"""The action's page names every input and output as action.yml has them."""

from __future__ import annotations

import re

import yaml
from reference import COMMAND
from reference.action import EXAMPLE, HOME, page


def test_the_page_is_fresh() -> None:
    assert (HOME / "README.md").read_text("utf-8") == page(), f"run {COMMAND} and commit"


def test_nothing_is_missing() -> None:
    action = yaml.safe_load((HOME / "action.yml").read_text("utf-8"))
    rows = re.findall(r"^\| `([a-z-]+)` \|", page(), re.MULTILINE)
    assert rows == [*action["inputs"], *action["outputs"]]


def test_the_example_uses_what_exists() -> None:
    action = yaml.safe_load((HOME / "action.yml").read_text("utf-8"))
    step, after = yaml.safe_load(EXAMPLE)
    assert step["with"].keys() <= action["inputs"].keys()
    assert re.findall(r"outputs\.([a-z-]+)", after["if"]) == ["drifted"]
    assert "drifted" in action["outputs"]
