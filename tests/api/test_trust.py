"""The trust file: the user's own, for one project file, exact; never one that the repository brings along."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.trust import add_trusted, parse_command, parse_host, parse_trust, read_trusted, trust_file
from reconciler.core.operator_trust import Trusted
from reconciler.errors import ReconcilerError, UsageError


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home")}


@pytest.fixture
def project(tmp_path: Path) -> str:
    file = tmp_path / "shop" / "manifests" / "reconciler.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("kind: Project\n")
    return str(file)


def test_trust_is_kept_for_one_project_file(project: str, environ: dict[str, str], tmp_path: Path) -> None:
    assert read_trusted(project, environ) == Trusted()
    add_trusted(project, environ, host="state.example:443")
    add_trusted(project, environ, host="state.example:443")
    add_trusted(project, environ, command="pass show key")
    assert read_trusted(project, environ) == Trusted(("state.example:443",), ("pass show key",))
    other = tmp_path / "other.yaml"
    other.write_text("")
    assert read_trusted(str(other), environ) == Trusted()
    link = tmp_path / "link.yaml"
    link.symlink_to(project)
    assert read_trusted(str(link), environ).hosts == ("state.example:443",)
    assert read_trusted(None, environ) == Trusted()


@pytest.mark.skipif(os.name == "nt", reason="rare: there are no modes here")
def test_it_is_its_owners_alone(project: str, environ: dict[str, str]) -> None:
    add_trusted(project, environ, host="state.example:443")
    file = trust_file(environ)
    assert file.stat().st_mode & 0o777 == 0o600
    assert not any(one.name != file.name for one in file.parent.iterdir())
    file.chmod(0o666)
    with pytest.raises(ReconcilerError, match="others"):
        read_trusted(project, environ)


def test_a_trust_file_inside_the_repository_counts_for_nothing(project: str, tmp_path: Path) -> None:
    for folder in ("shop", "shop/manifests", "shop/.config/home"):
        for environ in ({"HOME": str(tmp_path / folder)}, {"XDG_CONFIG_HOME": str(tmp_path / folder / "x")}):
            file = trust_file(environ)
            file.parent.mkdir(parents=True, exist_ok=True)
            planted = {os.path.realpath(project): {"hosts": ["evil.example:443"], "commands": ["touch x"]}}
            file.write_text(json.dumps({"format": 1, "projects": planted}))
            assert read_trusted(project, environ) == Trusted()
            with pytest.raises(ReconcilerError, match="repository"):
                add_trusted(project, environ, host="a.example:443")


def test_a_relative_configuration_folder_is_not_looked_at(environ: dict[str, str]) -> None:
    assert trust_file({**environ, "XDG_CONFIG_HOME": ".config"}) == trust_file(environ)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"format": 1, "projects": {"a": 1}}', "[" * 99999])
def test_a_damaged_one_is_an_error(project: str, environ: dict[str, str], text: str) -> None:
    file = trust_file(environ)
    file.parent.mkdir(parents=True)
    file.write_text(text)
    with pytest.raises(ReconcilerError) as caught:
        read_trusted(project, environ)
    assert str(file) in caught.value.message


GOOD = {"format": 1, "projects": {"/a": {"hosts": ["h:1"], "commands": ["c"]}}}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({**GOOD, "more": 1}, "/more: unknown key"),
        ({**GOOD, "format": True}, "/format: a whole number is wanted here, not true"),
        ({"format": 1}, "/projects: missing"),
        (
            {"format": 1, "projects": {"/a": {"hosts": "h:1"}}},
            "/projects/~1a/hosts: a list is wanted here, not a text",
        ),
        ({"format": 1, "projects": {"/a": {"hosts": [1]}}}, "/projects/~1a/hosts/0: a text is wanted here"),
        ({"format": 1, "projects": {"/a": {"command": ["c"]}}}, "/projects/~1a/command: unknown key"),
        ({"format": 1, "projects": {"/a": None}}, "/projects/~1a: a mapping is wanted here, not nothing"),
    ],
)
def test_what_is_wrong_with_it_is_said_with_its_place(
    project: str, environ: dict[str, str], document: object, words: str
) -> None:
    file = trust_file(environ)
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(document))
    with pytest.raises(ReconcilerError) as caught:
        read_trusted(project, environ)
    assert words in caught.value.message
    with pytest.raises(ReconcilerError):
        add_trusted(project, environ, host="a.example:443")
    assert json.loads(file.read_text()) == document


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["\ud800", 2**64, 10**400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional={"format": st.just(1) | JSON, "projects": JSON, "x": JSON}) | JSON)
def test_any_document_is_read_or_refused(document: Any) -> None:
    try:
        found = parse_trust(document)
    except ValueError as error:
        assert str(error)
        assert "pydantic" not in str(error)
    else:
        assert all(isinstance(text, str) for one in found.values() for text in (*one.hosts, *one.commands))


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("State.Example", "state.example:443"), ("state.example:8443", "state.example:8443"),
        ("https://state.example/x", "state.example:443"), ("http://state.example/x", "state.example:80"),
        ("[::2]:9", "[::2]:9"), ("postgresql://u@db.example/x", "db.example:5432"),
    ],
)  # fmt: skip
def test_hosts_as_people_write_them(text: str, host: str) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize("text", ["", "*.example", "a b", "ftp://a", "a\\b", "a%2eb", "x:port", "str\u00e4.example"])
def test_what_is_no_host(text: str) -> None:
    with pytest.raises(UsageError):
        parse_host(text)


def test_commands_are_kept_as_they_are() -> None:
    assert parse_command(" pass  show key ") == "pass  show key"
    for text in ("", " ", "a\nb", "a\x1bb"):
        with pytest.raises(UsageError):
            parse_command(text)
