"""Faces and voices."""

from __future__ import annotations

from typing import Any


def test_faces_in_both_vocabularies(api: Any) -> None:
    faces, replicas = api.get("/faces"), api.get("/replicas")
    assert faces["total_count"] == replicas["total_count"] == 5
    face, replica = faces["data"][0], replicas["data"][0]
    assert face["face_id"] == replica["replica_id"]
    assert face["face_name"] == replica["replica_name"]
    assert "face_type" not in face
    assert api.get(f"/faces/{face['face_id']}", verbose="true")["face_type"] == "system"
    assert api.get(f"/replicas/{face['face_id']}") == replica


def test_filters(api: Any) -> None:
    assert api.get("/faces", face_type="user")["total_count"] == 0
    assert api.get("/faces", face_type="system", limit=1)["total_count"] == 5
    assert [face["face_id"] for face in api.get("/faces", face_ids="r90bbd427f71,rnone")["data"]] == ["r90bbd427f71"]


def test_unknown_faces_are_404(api: Any) -> None:
    assert api("GET", "/faces/r0").status_code == 404


def test_voices(api: Any) -> None:
    page = api.get("/voices")
    assert (page["total_count"], page["page"], page["limit"]) == (2, 1, 10)
    assert set(page["data"][0]) == {"voice_id", "voice_name", "face_id", "audio_url"}
