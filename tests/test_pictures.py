"""The pictures of the README show what the program says today."""

from __future__ import annotations

import re
import struct
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reconciler import Plan
from tests.support.pictures import (
    COMMAND,
    IMAGES,
    SIGNATURE,
    comment,
    digest,
    make_plan,
    page,
    sign,
    signature,
    stable,
    terminal,
)
from tests.support.terminalpicture import SEQUENCE, draw, read

README = IMAGES.parents[1] / "README.md"
STALE = f"the program says something else than the picture: run {COMMAND}, look at both, and commit"


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return make_plan(tmp_path_factory.mktemp("picture"))


def test_the_terminal_says_what_the_program_says(plan: Plan) -> None:
    picture = (IMAGES / "plan.svg").read_text("utf-8")
    assert read(picture) == SEQUENCE.sub("", terminal(plan)), STALE
    assert picture == draw(terminal(plan), "reconciler plan"), STALE


def test_the_report_was_photographed_as_it_is_now(plan: Plan) -> None:
    assert signature((IMAGES / "report.png").read_bytes()) == digest(page(plan)), STALE


def test_the_comment_was_photographed_as_it_is_now(plan: Plan) -> None:
    assert signature((IMAGES / "comment.png").read_bytes()) == digest(comment(plan)), STALE


def test_pictures_are_small_and_used() -> None:
    text = README.read_text("utf-8")
    for name in ("plan.svg", "report.png", "comment.png"):
        assert (IMAGES / name).stat().st_size < 150_000
        assert re.search(rf"!\[[^\]]{{10,}}\]\(\.github/images/{re.escape(name)}\)", text), (
            "with words for who cannot see"
        )
    assert {path.name for path in IMAGES.iterdir()} == {"plan.svg", "report.png", "comment.png"}, "nothing lies about"
    width, height = struct.unpack(">II", (IMAGES / "report.png").read_bytes()[16:24])
    assert width == 1000
    assert height > 400


def test_two_runs_make_the_same_picture(plan: Plan, tmp_path: Path) -> None:
    again = make_plan(tmp_path)
    assert terminal(again) == terminal(plan)
    assert page(again) == page(plan)
    assert comment(again) == comment(plan)


def test_every_text_survives_being_drawn() -> None:
    text = 'a < b & "c"\n\x1b[1;31mred\x1b[0m and \x1b[32mgreen <tag>\x1b[0m\n\n  ⋮ indented …\n'
    picture = draw(text, "a & b")
    assert read(picture) == SEQUENCE.sub("", text)
    Strict().feed(picture)
    assert '<tspan class="b r">red</tspan>' in picture


class Strict(HTMLParser):
    """Every tag of an SVG is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_signature_is_read_back_and_leaves_the_picture_valid() -> None:
    header = SIGNATURE + struct.pack(">I", 13) + b"IHDR" + b"\0" * 17
    assert signature(header + b"rest") is None
    signed = sign(header + b"rest", "a" * 64)
    assert signature(signed) == "a" * 64
    assert signed.startswith(header)
    assert signed.endswith(b"rest")


def test_ids_of_a_fresh_account_are_no_reason_to_draw_again() -> None:
    assert stable("p906a05a769a4") == "p0123456789ab"
    assert stable("temperature 1.1") == "temperature 1.1"
