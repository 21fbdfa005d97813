"""Faces and voices: what can be told of an id, and when nothing can."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.errors import NotFound, Unavailable
from reconciler.platforms.tavus.client.vendor_library import check_face, check_voice
from reconciler.types.json import Json


def over(answers: Mapping[str, object]):
    def read(path: str, query: Mapping[str, str]) -> Json:
        answer = answers.get(path + query.get("page", ""), NotFound("no"))
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value]

    return read


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({"/faces/r1": {"face_id": "r1", "status": "completed"}}, None),
        ({"/faces/r1": {"data": {"face_id": "r1"}}}, None),
        ({"/faces/r1": {"status": "error"}}, "training"),
        ({"/faces/r1": {"status": "started"}}, "training"),
        ({"/faces": {"data": [{"face_id": "r2"}]}}, "no face"),
        ({"/faces": {"data": []}}, None),
        ({}, None),
        ({"/faces/r1": Unavailable("down")}, None),
    ],
)
def test_faces(answers: Mapping[str, object], wrong: str | None) -> None:
    found = check_face(over(answers), "pal", "r1")
    assert (found is None) if wrong is None else (found is not None and wrong in found)


def test_faces_are_replicas_in_the_older_words() -> None:
    assert check_face(over({"/replicas": {"data": [{"replica_id": "r2"}]}}), "persona", "r1") is not None


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({"/voices1": {"data": [{"voice_id": "v1"}]}}, False),
        ({"/voices1": {"data": [{"voice_id": "v2"}]}}, True),
        ({"/voices1": {"data": [{"voice_name": "anna"}]}}, False),
        ({"/voices1": {"data": []}}, False),
        ({}, False),
    ],
)
def test_voices(answers: Mapping[str, object], wrong: bool) -> None:
    assert (check_voice(over(answers), "v1") is not None) is wrong


def test_voices_on_a_later_page() -> None:
    page = {"data": [{"voice_id": f"w{number}"} for number in range(100)]}
    assert check_voice(over({"/voices1": page, "/voices2": {"data": [{"voice_id": "v1"}]}}), "v1") is None
    assert check_voice(over({"/voices1": page, "/voices2": page}), "v1") is not None
