"""The rates that are kept from run to run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.remembered_rates import MOST, keep_rates, rates_file, read_rates


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}


def test_what_is_kept_is_read_again(environ: dict[str, str]) -> None:
    keep_rates(environ, {"a": 2.0, "b": 9.87654})
    keep_rates(environ, {"c": 3})
    assert read_rates(environ) == {"a": 2.0, "b": 9.88, "c": 3.0}
    if os.name != "nt":
        assert rates_file(environ).stat().st_mode & 0o777 == 0o600


def test_nothing_new_writes_nothing(environ: dict[str, str]) -> None:
    keep_rates(environ, {})
    assert not rates_file(environ).exists()
    keep_rates(environ, {"a": 2.0})
    before = rates_file(environ).stat().st_mtime_ns
    keep_rates(environ, {"a": 2.0001})
    assert rates_file(environ).stat().st_mtime_ns == before


def test_only_so_many_accounts_are_kept(environ: dict[str, str]) -> None:
    for number in range(MOST + 5):
        keep_rates(environ, {str(number): 1.0})
    assert list(read_rates(environ)) == [str(number) for number in range(5, MOST + 5)]


@given(content=st.one_of(st.binary(max_size=200), st.sampled_from([
    b"[]", b"{}", b"null", b'{"format": 1}', b'{"format": 1, "rates": []}', b'{"format": 1, "rates": null}',
    b'{"format": 2, "rates": {"a": 1}}',
    b'{"format": 1, "rates": {"a": true, "b": NaN, "c": "1", "d": -1, "e": 1e99}}',
    b"[" * 5000, b'{"format": 1, "rates": {"a": ' + b"9" * 5000 + b"}}",
])))  # fmt: skip
def test_whatever_the_file_holds_only_rates_come_out(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environ = {
        "XDG_CACHE_HOME": str(tmp_path_factory.getbasetemp()),
        "LOCALAPPDATA": str(tmp_path_factory.getbasetemp()),
    }
    path = rates_file(environ)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    assert read_rates(environ) == {}


def test_a_folder_that_cannot_be_written_is_no_error(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "reconciler").write_text("in the way")
    keep_rates(environ, {"a": 2.0})
    assert read_rates(environ) == {}
