"""Commands: imported when called, global options on both sides, examples as they were written."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from reconciler.cli.click_commands import LazyGroup, command, commands_with
from reconciler.cli.settings import Settings

EXAMPLES = """
tool leaf one      first,
tool leaf two      in   columns
"""
SEEN: list[tuple[Settings, str]] = []


@command("leaf", examples=EXAMPLES)
@click.argument("word", default="none")
def leaf(settings: Settings, word: str) -> int:
    """A leaf."""
    SEEN.append((settings, str(Path.cwd())))
    return 7


@pytest.fixture
def invoke() -> Callable[..., click.testing.Result]:
    SEEN.clear()
    table = {"leaf": (f"{__name__}:leaf", "The leaf."), "gone": ("no.such.module:gone", "Not there.")}
    nested = LazyGroup("nested", table=table)
    tree = LazyGroup("tool", table={**table, "nested": ("test_group_tree:nested", "More.")}, no_args_is_help=True)
    sys.modules["test_group_tree"] = type(sys)("test_group_tree")
    sys.modules["test_group_tree"].nested = nested  # type: ignore[attr-defined]
    sys.modules.setdefault(__name__, sys.modules[leaf.callback.__module__])  # type: ignore[union-attr]

    def invoked(*words: str) -> click.testing.Result:
        return CliRunner().invoke(tree, words, standalone_mode=False)

    return invoked


@pytest.mark.parametrize(
    "words",
    [
        ("-w", "box", "leaf"),
        ("leaf", "-w", "box"),
        ("leaf", "word", "--workspace", "box"),
        ("-w", "other", "leaf", "-w", "box"),
        ("nested", "-w", "box", "leaf"),
        ("-w", "a", "nested", "-w", "b", "leaf", "--workspace=box"),
    ],
    ids=" ".join,
)
def test_options_stand_before_or_after(invoke: Callable[..., click.testing.Result], words: tuple[str, ...]) -> None:
    result = invoke(*words)
    assert result.return_value == 7, result.output
    assert [settings.workspace for settings, _ in SEEN] == ["box"]


def test_lists_of_both_sides_add_up(invoke: Callable[..., click.testing.Result]) -> None:
    invoke("-m", "a", "leaf", "-m", "b", "--manifests", "c")
    assert SEEN[0][0].manifests == ("a", "b", "c")


def test_a_flag_before_the_command_is_not_lost(invoke: Callable[..., click.testing.Result]) -> None:
    invoke("--quiet", "leaf")
    assert SEEN[0][0].quiet


def test_chdir_lasts_as_long_as_the_command(
    invoke: Callable[..., click.testing.Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path)
    invoke("-C", "inner", "leaf")
    assert SEEN[0][1] == str(tmp_path / "inner")
    assert Path.cwd() == tmp_path


def test_help_imports_no_command(invoke: Callable[..., click.testing.Result]) -> None:
    """`gone` is in the table though its module does not exist: help shows it all the same."""
    output = invoke("--help").output
    assert "gone    Not there." in output
    assert "Global options, before or after the command:" in output


def test_examples_are_kept_verbatim(invoke: Callable[..., click.testing.Result]) -> None:
    assert (
        "Examples:\n  tool leaf one      first,\n  tool leaf two      in   columns\n" in invoke("leaf", "-h").output
    )


def test_an_unknown_command_is_guessed(invoke: Callable[..., click.testing.Result]) -> None:
    for words in (("laef",), ("nested", "laef")):
        error = invoke(*words).exception
        assert isinstance(error, click.UsageError)
        assert "Did you mean 'leaf'?" in error.format_message()


def test_an_unknown_option_is_guessed(invoke: Callable[..., click.testing.Result]) -> None:
    for words in (("--quite", "leaf"), ("leaf", "--quite")):
        error = invoke(*words).exception
        assert isinstance(error, click.UsageError)
        assert "--quiet" in error.format_message()


def test_an_option_of_another_command_names_that_command() -> None:
    """For each option of each command, at each command that lacks it."""
    from reconciler.cli.main import program

    with click.Context(program, info_name="reconciler") as root:
        owners = {
            option: commands_with(option, root)
            for name in program.list_commands(root)
            if (one := program.get_command(root, name)) is not None
            for parameter in one.params
            for option in parameter.opts
            if isinstance(parameter, click.Option) and option.startswith("--")
        }
        for name in ("plan", "apply", "validate", "explain"):
            lacking = {option: names for option, names in owners.items() if name not in names}
            assert lacking
            for option, names in lacking.items():
                with pytest.raises(click.NoSuchOption) as caught:
                    program.get_command(root, name).make_context(name, [option], parent=root)  # type: ignore[union-attr]
                assert f"but of {', '.join(names)}" in str(caught.value)


def test_a_folder_that_is_not_there_is_wrong_usage(invoke: Callable[..., click.testing.Result]) -> None:
    error = invoke("-C", "no/such/folder", "leaf").exception
    assert isinstance(error, click.UsageError)
    assert SEEN == []


def test_help_shows_commands_first_and_no_row_without_words(invoke: Callable[..., click.testing.Result]) -> None:
    text = invoke("--help").output
    assert text.index("Commands:") < text.index("Options:") < text.index("Global options")
    own = invoke("leaf", "--help").output
    assert [line for line in own.splitlines() if line.strip() in {"[WORD]", "[WORD]..."}] == []
