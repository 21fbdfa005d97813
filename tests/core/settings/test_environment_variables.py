"""The table of our variables has every one that the package reads."""

from __future__ import annotations

import re
from pathlib import Path

import reconciler
from reconciler.core.settings import environment_variables

ELSEWHERE = {"RECONCILER_SOURCE", "RECONCILER_ENVIRONMENT", "RECONCILER_REPOSITORY", "RECONCILER_COMMIT"}
"""Of pipelines, not of the program."""


def test_the_table_has_every_variable_that_the_package_reads() -> None:
    read = {
        word
        for file in Path(reconciler.__file__).parent.rglob("*.py")
        for word in re.findall(r"\bRECONCILER_[A-Z_]*[A-Z]\b", file.read_text("utf-8"))
        if not word.startswith(environment_variables.CAPS)
    }
    assert read - ELSEWHERE == {*environment_variables.HANDED_ON, environment_variables.WORKSPACE}
