"""The way from the command `plan` to the patch of one resource: few frames, and each does a step of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

import pytest

import reconciler
from reconciler.core.resource_diff import build_change

PACKAGE = Path(reconciler.__file__).parent
MOST = 8


def frames_from(start: str, frame: FrameType | None) -> list[str]:
    """`file: function` of each frame of the package from `start` on, outermost first."""
    found = []
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(PACKAGE):
            found.append(f"{path.relative_to(PACKAGE).as_posix()}: {frame.f_code.co_name}")
        frame = frame.f_back
    found.reverse()
    return found[found.index(start) :]


def test_eight_frames_from_the_command_to_a_patch(project, call, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call("-w", "sandbox", "apply", "--auto-approve").code == 0
    manifest = project / "manifests" / "desk.yaml"
    manifest.write_text(manifest.read_text().replace("Hello.", "Good morning."))
    met: list[list[str]] = []
    build_patch = build_change.build_patch

    def watched(*arguments, **more):
        met.append([*frames_from("cli/plan.py: plan", sys._getframe(1)), "core/diff/json_patch.py: build_patch"])
        return build_patch(*arguments, **more)

    monkeypatch.setattr(build_change, "build_patch", watched)
    assert call("-w", "sandbox", "plan").code == 0
    (frames,) = met
    assert len(frames) <= MOST, frames
