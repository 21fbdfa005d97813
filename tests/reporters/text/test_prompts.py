from __future__ import annotations

from reconciler.reporters.text.paint import Paint
from reconciler.reporters.text.prompts import prompt_lines
from reconciler.types.json import Json
from reconciler.types.report import Style

PLAIN = Paint(Style(width=80))
COLOURED = Paint(Style(color=True, width=80))
VERBOSE = Paint(Style(width=80, verbose=True))


def lines(before: Json, after: Json, paint: Paint = PLAIN) -> list[str]:
    return list(prompt_lines(before, after, paint, ""))


def numbered(count: int) -> list[str]:
    return [f"line number {number}" for number in range(count)]


def test_unchanged_lines_far_from_a_change_are_folded() -> None:
    before = numbered(20)
    after = [*before[:10], "line number TEN", *before[11:]]
    assert lines("\n".join(before), "\n".join(after)) == [
        "73 -> 73 tokens (+0; best up to 5,000), 1 line added, 1 removed",
        "  ⋮ 8 unchanged lines",
        "  line number 8",
        "  line number 9",
        "- line number 10",
        "              ^^",
        "+ line number TEN",
        "              ^^^",
        "  line number 11",
        "  line number 12",
        "  ⋮ 7 unchanged lines",
    ]


def test_with_colour_words_are_styled_and_not_underlined() -> None:
    shown = lines("a red car\nx", "a blue car\nx", COLOURED)
    assert "\x1b[1;7;31mred\x1b[0m" in shown[1]
    assert "\x1b[1;7;32mblue\x1b[0m" in shown[2]
    assert not any("^" in line for line in shown)


def test_a_new_text_is_shown_by_its_beginning() -> None:
    shown = lines(None, "\n".join(numbered(20)))
    assert shown[0] == "73 tokens, 20 lines"
    assert shown[1] == "+ line number 0"
    assert shown[-1] == "  … 14 more lines"
    assert len(lines(None, "\n".join(numbered(20)), VERBOSE)) == 21


def test_a_removed_text_says_so() -> None:
    shown = lines("one\ntwo", None)
    assert shown == ["2 tokens, 2 lines -> null", "- one", "- two"]


def test_a_section_that_only_moved_is_one_line() -> None:
    shown = lines("# A\nalpha\n# B\nbeta\n# C\ngamma", "# C\ngamma\n# A\nalpha\n# B\nbeta")
    assert shown[1:] == ["@@ # C  (moved as it is, 2 lines)", "  2 unchanged sections not shown"]


def test_a_renamed_section_shows_both_names() -> None:
    shown = lines("# Tone\nSpeak calmly.\nSmile.", "# Voice\nSpeak calmly.\nSmile.")
    assert shown[1] == "@@ # Voice  (changed, was # Tone)"
    assert "- # Tone" in shown
    assert "+ # Voice" in shown


def test_new_and_removed_sections() -> None:
    shown = lines("# A\na\n# B\nb", "# A\na\n# C\nc")
    assert "@@ # B  (removed)" in shown
    assert "- b" in shown
    assert "@@ # C  (added)" in shown
    assert "+ c" in shown


def test_a_budget_that_is_broken_is_named() -> None:
    assert "too long" not in lines(None, "x")[0]
    assert "above 20,000" in lines(None, "x " * 50_000)[0]
    assert "(in the range 15,000 to 20,000 where answers get worse)" in lines(None, "xxxx" * 16_000)[0]


def test_hidden_characters_are_announced_before_the_text() -> None:
    for before in (None, "plain\ntext"):
        shown = lines(before, "plain\u202e\ntext")
        assert shown[1].startswith("! holds characters that no screen shows")
        assert any("plain«\\u202e»" in line for line in shown)


def test_a_text_of_one_long_line() -> None:
    before = " ".join(f"word{number}" for number in range(600))
    shown = lines(before, before.replace("word300 ", "other "))
    assert max(map(len, shown)) <= 90
    assert any("word300" in line for line in shown)
    assert any("other" in line for line in shown)
    assert sum("characters…" in line for line in shown) >= 2


def test_a_rewrite_is_cut_with_a_count_unless_verbose() -> None:
    before, after = "\n".join(numbered(300)), "\n".join(f"zeile {number} neu" for number in range(300))
    shown = lines(before, after)
    assert shown[-2].endswith("more lines of this diff (--verbose shows them)")
    assert shown[-1] == "# parts with little in common are shown whole"
    assert len(shown) < 160
    assert not any(line.endswith("shows them)") for line in lines(before, after, VERBOSE))
