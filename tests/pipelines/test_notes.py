"""Marks, facts and lengths of what is written to GitHub, for any text."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

ACTION = Path(__file__).resolve().parents[2] / ".github" / "actions" / "reconciler"


@pytest.fixture(scope="module")
def sticky() -> ModuleType:
    """The module, loaded beside its siblings, which are not a package."""
    sys.path.insert(0, str(ACTION))
    try:
        spec = importlib.util.spec_from_file_location("sticky", ACTION / "sticky.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules["sticky"] = module
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(ACTION))


@given(text=st.text(max_size=200) | st.text("ab\x00\x1b\x7f\x9b\u202e\u200b\u2066\ud800\U000e0041\n\t\u200d"))
def test_summary_and_log_hold_nothing_that_a_screen_obeys_or_hides(sticky, tmp_path_factory, text):
    runner = sys.modules["runner"]
    path = tmp_path_factory.mktemp("step") / "summary"
    heard = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(heard):
        patch.setenv("GITHUB_STEP_SUMMARY", str(path))
        runner.add_summary(text)
        runner.annotate("error", text)
    for told in (path.read_text("utf-8"), heard.getvalue()):
        assert all(one.isprintable() or one in runner.KEPT for one in told)
    plainly = "".join(one for one in text if one.isprintable())
    assert plainly == text or "\\" in path.read_text("utf-8") or set(text) - set(plainly) <= set(runner.KEPT)


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@given(text=st.text(max_size=300), times=st.integers(1, 1200), foot=st.text(max_size=200))
def test_never_above_the_limit_and_always_found_again(sticky, text, times, foot):
    note = sticky.Note("plan", "production", text * times, foot, (("sha256", "a" * 64), ("commit", "b" * 40)))
    body = note.render()
    assert units(body) <= 65_536
    assert sticky.is_ours(body, note.mark)
    assert sticky.is_ours(body.replace("\n", "\r\n"), note.mark)
    assert sticky.read_facts(body) == {"sha256": "a" * 64, "commit": "b" * 40}
    assert foot in body


@given(st.text())
def test_a_short_text_stays_whole(sticky, text):
    assert sticky.shorten(text, units(text)) == text


@pytest.mark.parametrize("extra", ["", "🦉"])
def test_a_long_text_is_cut_behind_a_whole_part(sticky, extra):
    part = f"<details><summary>x</summary>\n\n{'word ' * 500}{extra}\n\n</details>\n"
    cut = sticky.shorten(part * 40, 65_000)
    assert units(cut) <= 65_000
    assert cut.count("<details>") == cut.count("</details>") > 20
    assert "did not fit here" in cut


def test_an_open_code_block_is_closed(sticky):
    cut = sticky.shorten("```text\n" + "line\n" * 20_000 + "```", 1_000)
    assert cut.count("```") == 2


@pytest.mark.parametrize(
    "body", [None, "", "text", "> <!-- reconciler:plan:production -->", "x\n<!-- reconciler:plan:production -->"]
)
def test_what_does_not_begin_with_the_mark_is_not_ours(sticky, body):
    assert not sticky.is_ours(body, sticky.Note("plan", "production", "").mark)


@given(st.text(min_size=1))
def test_a_workspace_of_any_name_makes_a_mark_of_one_line(sticky, workspace):
    mark = sticky.Note("plan", workspace, "").mark
    assert mark.startswith("<!-- reconciler:plan:")
    assert mark.endswith(" -->")
    assert "\n" not in mark
    assert "--" not in mark[4:-4], "two hyphens would end the comment in the strict reading"


@pytest.mark.parametrize("body", ["", "one line", "mark\n<!-- reconciler-data sha256=<b> -->\n", "mark\ntext"])
def test_facts_that_are_none(sticky, body):
    assert sticky.read_facts(body) == {}
