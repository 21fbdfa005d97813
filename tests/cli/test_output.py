"""Reports reach standard output and files, also when the run ends early."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.api.render import render_report as render
from reconciler.cli.output import (
    deliver,
    emit_document,
    failed,
    flush,
    is_terminal,
    reporting,
    say,
    silence,
    style,
    visible,
    write,
)
from reconciler.cli.settings import Settings
from reconciler.core.secrets.redact_text import Redactor
from reconciler.errors import ManifestError, PlanStale, ReconcilerError, UsageError
from reconciler.types.diagnostic import Diagnostic, Severity, Span
from reconciler.types.report import Report, Style
from tests.support.gittrees import repository

WARNING = Diagnostic("L08", Severity.WARNING, "odd")
ERROR = Diagnostic("L18", Severity.ERROR, "wrong")


def test_one_report_many_places(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    settings = Settings(
        format="json", reports=(("text", str(tmp_path / "a" / "r.txt")), ("json", str(tmp_path / "r")))
    )
    assert deliver(Report("validate", "box", diagnostics=(WARNING,), exit_code=2), settings) == 2
    out = capfd.readouterr().out
    assert json.loads(out)["workspace"] == "box"
    assert (tmp_path / "r").read_text() == out
    assert "odd" in (tmp_path / "a" / "r.txt").read_text()


def test_a_file_that_cannot_be_written_does_not_stop_the_others(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(reports=(("json", str(tmp_path)), ("json", str(tmp_path / "good"))))
    with pytest.raises(ReconcilerError, match="cannot write"):
        deliver(Report("validate"), settings)
    assert (tmp_path / "good").exists()
    assert capfd.readouterr().out != ""


@pytest.mark.parametrize(
    ("settings", "environment", "colored"),
    [
        (Settings(), {}, True),
        (Settings(no_color=True), {}, False),
        (Settings(), {"NO_COLOR": "1"}, False),
        (Settings(), {"NO_COLOR": ""}, True),
        (Settings(), {"TERM": "dumb"}, False),
    ],
    ids=str,
)
def test_colours_are_for_terminals_that_want_them(
    settings: Settings, environment: dict[str, str], colored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert not style(settings).color
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True, raising=False)
    assert style(settings).color is colored


def test_an_error_is_also_json(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ManifestError), reporting("plan", Settings(format="json")):
        raise ManifestError("1 error", (WARNING, ERROR))
    document = json.loads(capfd.readouterr().out)
    assert [one["code"] for one in document["diagnostics"]] == ["L18", "L08"]
    assert document["errored"] is True
    assert document["exit_code"] == 1


def test_an_error_without_findings_is_one(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PlanStale), reporting("apply", Settings(format="json")):
        raise PlanStale("old", hint="make a new plan")
    document = json.loads(capfd.readouterr().out)
    assert document["diagnostics"][0]["summary"] == "old"
    assert document["diagnostics"][0]["hint"] == "make a new plan"
    assert document["exit_code"] == 5


def test_an_error_in_text_leaves_standard_output_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    settings = Settings(reports=(("json", str(tmp_path / "r.json")),))
    with pytest.raises(ReconcilerError), reporting("plan", settings):
        raise ReconcilerError("no")
    assert capfd.readouterr().out == ""
    assert json.loads((tmp_path / "r.json").read_text())["errored"] is True


def test_the_first_error_survives_a_report_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = Settings(reports=(("json", str(tmp_path / "file" / "below")),))
    with pytest.raises(PlanStale, match="old"), reporting("plan", settings):
        raise PlanStale("old")


def test_a_report_into_a_folder_is_refused_before_the_run(tmp_path: Path) -> None:
    begun = False
    with (
        pytest.raises(UsageError, match="is a folder"),
        reporting("apply", Settings(reports=(("json", str(tmp_path)),))),
    ):
        begun = True
    assert not begun


def test_wrong_usage_is_no_report(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError), reporting("plan", Settings(format="json")):
        raise UsageError("no")
    assert capfd.readouterr().out == ""


def test_findings_without_an_error_get_the_error() -> None:
    report = failed("plan", ManifestError("no", (WARNING,)))
    assert [one.code for one in report.diagnostics] == ["L08", "E-ManifestError"]


def test_documents_are_text_or_json(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def answer(settings: Settings) -> int:
        return emit_document(settings, text=lambda: "plain\n\n", document=lambda: {"a": "ü"})

    assert answer(Settings()) == 0
    assert capfd.readouterr().out == "plain\n"
    answer(Settings(format="json", reports=(("text", str(tmp_path / "t")),)))
    assert json.loads(capfd.readouterr().out) == {"a": "ü"}
    assert (tmp_path / "t").read_text() == "plain\n"
    with pytest.raises(UsageError, match="text and json, not ndjson"):
        answer(Settings(format="ndjson"))


def test_every_rendering_ends_with_a_line_break() -> None:
    assert render(Report("validate"), "json", Style(), Redactor()).endswith("}\n")


@pytest.mark.parametrize(
    ("chdir", "folder"),
    [
        (None, ""),
        (".", ""),
        ("sub", "sub"),
        ("./a/../b/", "b"),
        ("..", ""),
        ("../x", ""),
        ("/srv/x", ""),
        ("..x", "..x"),
    ],
)
def test_files_are_named_as_seen_from_where_the_program_was_called(
    chdir: str | None,
    folder: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Outside of any repository."""
    monkeypatch.chdir(tmp_path)
    settings = Settings(chdir=chdir, format="github", reports=(("codequality", str(tmp_path / "r")),))
    place = Diagnostic("L18", Severity.ERROR, "wrong", span=Span("a.yaml", 3, 1))
    deliver(Report("validate", diagnostics=(place,)), settings)
    shown = f"{folder}/a.yaml" if folder else "a.yaml"
    assert f"file={shown},line=3," in capfd.readouterr().out
    assert json.loads((tmp_path / "r").read_text())[0]["location"]["path"] == shown


class Stream:
    """A text stream with a buffer, as sys.stdout is."""

    def __init__(self, encoding: str = "utf-8", *, terminal: bool = False, fails: OSError | None = None) -> None:
        self.buffer = io.BytesIO()
        self.encoding = encoding
        self.terminal = terminal
        self.fails = fails

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        return self.buffer.write(text.encode(self.encoding))

    def flush(self) -> None:
        if self.fails is not None:
            raise self.fails


def test_a_pipe_gets_utf_8_whatever_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream("ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    write("Grüße ✓\n")
    assert stream.buffer.getvalue().decode() == "Grüße ✓\n"


def test_a_terminal_gets_what_it_can_show(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream("ascii", terminal=True)
    monkeypatch.setattr(sys, "stdout", stream)
    write("ü\n")
    assert stream.buffer.getvalue() == b"\\xfc\n"


def test_half_a_character_is_no_reason_to_fall_over(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream()
    monkeypatch.setattr(sys, "stdout", stream)
    write("\ud800\n")
    assert stream.buffer.getvalue() == b"\\ud800\n"


def test_a_stream_without_bytes_gets_text(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    write("x\n")
    assert stream.getvalue() == "x\n"


def test_a_reader_who_left_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(fails=BrokenPipeError())
    monkeypatch.setattr(sys, "stdout", stream)
    write("x\n")
    stream.fails = None
    assert stream.buffer.getvalue() == b""


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Stream(fails=OSError(28, "No space left on device")))
    with pytest.raises(ReconcilerError, match="standard output: No space left"):
        write("x\n")


def test_closed_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    write("x")
    say("x")
    flush()
    silence()
    assert not is_terminal(None)
    closed = io.StringIO()
    closed.close()
    assert not is_terminal(closed)


def test_lines_for_a_person_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[31mb\u202ec\nd")
    assert capsys.readouterr().err == "a\\x1b[31mb\\x202ec\nd\n"


def test_visible_text_stays_as_it_is() -> None:
    assert visible("Grüße\n\t✓") == "Grüße\n\t✓"


def test_an_error_stream_that_speaks_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream("ascii")
    monkeypatch.setattr(sys, "stderr", stream)
    say("ü")
    assert stream.buffer.getvalue() == b"\\xfc\n"


def test_silence_points_the_descriptor_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        silence()
        os.write(stream.fileno(), b"lost")
    assert os.read(reading, 10) == b""
    os.close(reading)


@pytest.mark.parametrize("way", ["top", "inside"])
@pytest.mark.parametrize("format", ["github", "codequality", "sarif", "html"])
def test_annotations_and_pages_name_files_from_the_top_of_the_repository(
    way: str, format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Callable[..., Any]
) -> None:
    """Of what is wrong in a file and of what drifted, in a project in a folder of the repository."""
    repository(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert call("init", "agents").code == 0
    persona = tmp_path / "agents" / "manifests" / "personas" / "front-desk.yaml"
    assert call("-C", "agents", "apply", "--auto-approve").code == 0
    assert call("-C", "agents", "simulator", "edit").code == 0
    persona.write_text(persona.read_text() + "  greting: Hello\n")
    where = ["-C", "agents"] if way == "top" else []
    if way == "inside":
        monkeypatch.chdir(tmp_path / "agents")
    verbs = ("validate", "plan") if format == "html" else ("validate", "drift")
    for verb in verbs:
        text = call(*where, verb, "--format", format).out
        assert "agents/manifests/personas/front-desk.yaml" in text, (verb, text)
        assert "agents/agents" not in text


ORDERS = (
    "::error file=a::x\n  ::add-mask::y\n\t::stop-commands::z\n##[debug]x ##vso[task.setvariable variable=PATH]/tmp\n"
    "##teamcity[x]"
)
"""What GitHub, Azure and TeamCity obey where it stands in a log."""
SPEC: dict[str, Any] = {
    "persona_name": ORDERS,
    "default_face_id": "r90bbd427f71",
    "greeting": ORDERS,
    "system_prompt": "One.\n" * 4 + ORDERS,
}


def manifest(name: str, **more: Any) -> str:
    """One whose texts are orders."""
    head = {"apiVersion": "personas/v1", "kind": "Persona", "metadata": {"name": name}}
    return json.dumps({**head, "spec": SPEC | more})


def obeyed(text: str) -> list[str]:
    """The lines of a log that one of them would obey."""
    marks = ("##[", "##vso[", "##teamcity[")
    return [line for line in text.splitlines() if line.lstrip().startswith("::") or any(one in line for one in marks)]


@pytest.mark.parametrize("system", ["GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION"])
def test_nothing_that_a_stranger_wrote_orders_a_ci_system_about(
    project: Path, call: Any, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    desk, other, odd = (project / "manifests" / name for name in ("desk.yaml", "other.json", "\n::error::odd.yaml"))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    desk.write_text(manifest("desk", context=ORDERS))
    other.write_text(manifest("a\n::error::b", layers={"tts": {"tts_engine": ORDERS}, ORDERS: 1}))
    odd.write_text("kind: [")
    commands: tuple[tuple[str, ...], ...] = (
        ("validate",), ("plan",), ("migrate", "--check"), ("migrate",), ("explain", "\n::error::x"),
        ("plan", "::x\n::y"),
        ("watch", "--once", "--mode", "drift"),
    )  # fmt: skip
    before = [call(*words) for words in commands]
    assert any(obeyed(done.out + done.err) for done in before), "elsewhere texts stand as they are"
    monkeypatch.setenv(system, "true")
    for words, was in zip(commands, before, strict=True):
        done = call(*words)
        assert (obeyed(done.out + done.err), done.code) == ([], was.code), words
    other.unlink()
    odd.unlink()
    desk.write_text(manifest("desk"))
    for words in (
        ("plan",), ("apply", "--auto-approve"), ("plan", "--full"), ("drift",), ("state", "list"),
        ("state", "history"), ("destroy", "--auto-approve"),
    ):  # fmt: skip
        done = call(*words)
        assert (obeyed(done.out + done.err), done.code) == ([], 0), words


def test_what_is_for_machines_stays_as_it_is(project: Path, call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "manifests" / "desk.yaml").write_text(manifest("desk", layers={"tts": {"tts_engine": ORDERS}}))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    commands = (("render",), ("validate", "--format", "github"), ("validate", "--format", "json"))
    before = [call(*words).out for words in commands]
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert [call(*words).out for words in commands] == before
    assert obeyed(before[0]), "a prompt is handed on as it is"
    assert obeyed(before[1]), "annotations are commands"
