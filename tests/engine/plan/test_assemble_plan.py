"""Ids of faces and voices, asked for once and only when they are written."""

from __future__ import annotations

from tests.support.lab import Lab
from tests.support.making import manifest


def persona(name: str, face: str, **tts: object):
    return manifest(
        f"persona.{name}",
        {"pal_name": name, "system_prompt": "x", "default_face_id": face, "layers": {"tts": tts} if tts else {}},
    )


def said(lab: Lab, *manifests) -> list[tuple[str, str | None]]:
    found = [one for one in lab.plan(*manifests).diagnostics if one.code == "E-library"]
    assert all(not one.is_error for one in found)
    return [(str(one.address), one.pointer) for one in found]


def test_what_the_library_has_is_fine_and_the_rest_is_a_warning() -> None:
    lab = Lab()
    good, bad = persona("a", "r90bbd427f71", voice_id="v1a2b3c4d5e6"), persona("b", "rnone", voice_id="vnone")
    assert said(lab, good) == []
    assert said(lab, good, bad) == [
        ("persona.b", "/default_face_id"),
        ("persona.b", "/layers/tts/voice_id"),
    ]


def test_each_id_is_asked_for_once_and_not_at_all_when_nothing_is_written() -> None:
    lab = Lab()
    two = (persona("a", "r90bbd427f71"), persona("b", "r90bbd427f71"))
    lab.plan(*two)
    assert [path for _, path, _ in lab.requests() if "/faces" in path] == ["/v2/faces/r90bbd427f71"]
    lab.apply(*two)
    count = len(lab.requests())
    assert lab.plan(*two).differences == ()
    assert [path for _, path, _ in lab.requests()[count:] if "/faces" in path] == []
