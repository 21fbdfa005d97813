"""The small project of the command line's tests, and the program itself: both see the same through the API."""

from __future__ import annotations

from tests.cli.conftest import Ended, call, project, start

__all__ = ["Ended", "call", "project", "start"]
