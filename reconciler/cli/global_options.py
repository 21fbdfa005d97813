"""The options that stand before or after every command, what they say, and the types of option values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from reconciler.types.address import Address


class AddressType(click.ParamType):  # type: ignore[type-arg]
    """`kind.name`; the kind must be one that exists."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        from reconciler.api.boundary import parse_address
        from reconciler.errors import UsageError

        try:
            return parse_address(value)
        except UsageError as error:
            self.fail(error.message, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """What the state of the usual workspace holds, where that is a file of this machine: TAB waits for nobody."""
        from click.shell_completion import CompletionItem

        from reconciler.api.connect import read_state
        from reconciler.cli.composition import open_session
        from reconciler.cli.settings import Settings
        from reconciler.engine.state.state_operations import list_entries
        from reconciler.errors import ReconcilerError

        try:
            session = open_session(Settings(quiet=True))
            found = list_entries(read_state(session)) if session.workspace.state.type == "local" else ()
        except (ReconcilerError, OSError):
            return []
        return [
            CompletionItem(str(managed.address)) for managed in found if str(managed.address).startswith(incomplete)
        ]


class PatternType(AddressType):
    """`kind.name`, or a pattern: `persona.front-*`, `tool.*`, `*`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        from reconciler.api.boundary import parse_pattern
        from reconciler.errors import UsageError

        try:
            return parse_pattern(value)
        except UsageError as error:
            self.fail(error.message, param, ctx)


class PairType(click.ParamType):  # type: ignore[type-arg]
    """`LEFT=RIGHT`, both sides filled."""

    name = "pair"

    def __init__(self, example: str) -> None:
        self.example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        left, equals, right = str(value).partition("=")
        if not equals or not left or not right:
            self.fail(f"{value!r} is not of the form {self.example}", param, ctx)
        return left, right


OF_SUFFIX: Mapping[str, str] = {
    "html": "html", "htm": "html", "md": "markdown", "json": "json", "xml": "junit", "sarif": "sarif", "txt": "text",
    "prom": "prometheus", "ndjson": "ndjson",
}  # fmt: skip
"""What is probably meant by a file of this name."""


class ReportType(PairType):
    """`FORMAT=FILE`, where the format is one that exists."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if "=" not in value and (format := OF_SUFFIX.get(str(value).rpartition(".")[2].lower())):
            self.fail(f"{value!r} does not say the format; write {format}={value}", param, ctx)
        left, right = super().convert(value, param, ctx)
        return FORMAT.convert(left, param, ctx), right


class FormatType(click.ParamType):  # type: ignore[type-arg]
    """A name in the table of reporters; the table is opened only when a format is given."""

    name = "format"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from difflib import get_close_matches

        from reconciler.reporters import REPORTERS

        if value not in REPORTERS:
            close = get_close_matches(str(value), list(REPORTERS), n=1)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            self.fail(f"unknown format {value!r}{meant} (known: {', '.join(REPORTERS)})", param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from reconciler.reporters import REPORTERS

        return [CompletionItem(name) for name in REPORTERS if name.startswith(incomplete)]


class DurationType(click.ParamType):  # type: ignore[type-arg]
    """Seconds, or a number with a unit: `90`, `30s`, `5m`, `1h`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, (int, float)):
            return float(value)
        from reconciler.types.json import seconds_in

        text = str(value).strip()
        found = seconds_in(f"{text}s" if text[-1:].isdigit() else text, "smh")  # a number alone is seconds
        if found is not None:
            return found
        return self.fail(f"{value!r} is not a duration; write seconds (90) or 30s, 5m, 1h", param, ctx)


class ModeType(click.ParamType):  # type: ignore[type-arg]
    """Permissions of a file in octal digits: `600`, `0640`; its owner may read and write it."""

    name = "mode"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        if re.fullmatch(r"0?[67][0-7]{2}", str(value)) is None:
            self.fail(f"{value!r} is no mode of a file that its owner reads and writes; write 600 or 640", param, ctx)
        return int(str(value), 8)


ADDRESS = AddressType()
PATTERN = PatternType()
MODE = ModeType()
FORMAT = FormatType()
DURATION = DurationType()
SELECTOR = PairType("KEY=VALUE")
REPORT = ReportType("FORMAT=FILE")


def global_options() -> list[click.Option]:
    """Fresh options; every command and group gets its own."""
    folder = click.Path(exists=True, file_okay=False)
    return [
        click.Option(["-w", "--workspace"], metavar="NAME", help="The account [env: RECONCILER_WORKSPACE]."),
        click.Option(["-C", "--chdir"], metavar="DIR", type=folder, help="Go to this folder before anything else."),
        click.Option(
            ["-m", "--manifests"], metavar="PATH", multiple=True,
            help="Manifest files or folders; may be repeated. Default: the project's own.",
        ),
        click.Option(
            ["--project"], metavar="FILE",
            help="The project file [default: manifests/reconciler.yaml, here or in a folder above].",
        ),
        click.Option(["--format"], metavar="FORMAT", type=FORMAT, help="Of standard output: text, json, ..."),
        click.Option(
            ["--report", "reports"], metavar="FORMAT=FILE", type=REPORT, multiple=True,
            help="Also write the result to a file; may be repeated.",
        ),
        click.Option(
            ["--allow-literal-secrets"], is_flag=True, help="Literal secrets in manifests: warn, do not refuse."
        ),
        click.Option(
            ["--parallelism"], metavar="N", type=click.IntRange(1, 256), help="Requests at a time [default: 10]."
        ),
        click.Option(
            ["--give-up-after"], metavar="DURATION", type=DURATION,
            help="Fail when the account lets nothing through for so long [default: 10m].",
        ),
        click.Option(
            ["--no-cache"], is_flag=True, help="Read and compare everything anew; take and keep nothing in the cache."
        ),
        click.Option(["--no-color"], is_flag=True, help="No colours [env: NO_COLOR]."),
        click.Option(["--quiet"], is_flag=True, help="Only errors and the summary."),
        click.Option(["--verbose"], is_flag=True, help="Every step, and findings of the lowest severity."),
        click.Option(
            ["--compact", "detail"], flag_value="compact",
            help="Like changes and findings as one block [default: beyond a screen].",
        ),
        click.Option(["--full", "detail"], flag_value="full", help="Every change by itself."),
        click.Option(["--json-log"], is_flag=True, help="Events as JSON lines on standard error."),
    ]  # fmt: skip


GLOBAL_NAMES = frozenset(
    {
        "workspace", "chdir", "manifests", "project", "format", "reports", "allow_literal_secrets",
        "parallelism", "give_up_after", "no_cache", "no_color", "quiet", "verbose", "json_log", "detail",
    }
)  # fmt: skip
