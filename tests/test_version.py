"""The version: one constant, which the package and the distribution share."""

from __future__ import annotations

import re

import reconciler
from reconciler import version


def test_it_is_said_once() -> None:
    assert reconciler.__version__ is version.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+([abrc.]\w+)?", version.__version__)
