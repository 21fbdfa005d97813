"""Rules of the voice: settings within the range of the engine, one way to name the voice (L15, L16)."""

from __future__ import annotations

import pytest

from reconciler.api.offline import load_catalogue
from reconciler.platforms.tavus.rules.voice_rules import voice_of
from reconciler.types.json import Json
from tests.support.rulecase import body, findings, said

S = "/layers/tts/voice_settings"


def voice(engine: str | None = None, model: str | None = None, **settings: Json) -> dict[str, Json]:
    tts: dict[str, Json] = {"voice_settings": settings}
    if engine:
        tts["tts_engine"] = engine
    if model:
        tts["tts_model_name"] = model
    return body(tts=tts)


@pytest.mark.parametrize(
    ("word", "low", "high"),
    [("speed", 0.7, 1.2), ("stability", 0, 1), ("similarity_boost", 0, 1), ("style", 0, 1)],
)
def test_ranges_of_elevenlabs(word: str, low: float, high: float) -> None:
    for inside in (low, high, (low + high) / 2):
        assert said("L15", voice("elevenlabs", **{word: inside})) == []
    for outside in (low - 0.1, high + 0.1):
        assert said("L15", voice("elevenlabs", "eleven_turbo_v2_5", **{word: outside})) == [(f"{S}/{word}", "error")]


def test_elevenlabs_has_no_emotion() -> None:
    assert said("L15", voice("elevenlabs", emotion=["positivity:high"])) == [(f"{S}/emotion", "error")]


def test_the_engine_follows_from_the_model() -> None:
    assert said("L15", voice(None, "eleven_turbo_v2_5", stability=2)) == [(f"{S}/stability", "error")]
    assert said("L15", voice(None, "sonic", speed=2)) == [(f"{S}/speed", "error")]


@pytest.mark.parametrize(
    "emotion", [["positivity:high", "curiosity"], ["anger:low"], [], ["surprise:medium", "sadness:high"]]
)
def test_emotions_of_sonic(emotion: Json) -> None:
    assert said("L15", voice("cartesia", "sonic", emotion=emotion, speed="normal")) == []


@pytest.mark.parametrize("emotion", [["joy:high"], ["positivity:extreme"], [7], {"positivity": "high"}])
def test_emotions_that_sonic_does_not_know(emotion: Json) -> None:
    assert said("L15", voice("cartesia", "sonic", emotion=emotion)) == [(f"{S}/emotion", "warning")]


@pytest.mark.parametrize("speed", [-1, 0, 1, "slowest", "fast", 0.5])
def test_speed_of_sonic(speed: Json) -> None:
    assert said("L15", voice("cartesia", "sonic", speed=speed)) == []


def test_a_number_in_quotes_is_untidy_and_fixed() -> None:
    (finding,) = findings("L15", voice("elevenlabs", speed="1.1"))
    assert finding.severity.value == "warning"
    assert finding.fix is not None
    assert finding.fix.value == 1.1


def test_a_word_for_a_number_has_no_fix() -> None:
    (finding,) = findings("L15", voice("elevenlabs", speed="normal"))
    assert finding.severity.value == "warning"
    assert finding.fix is None


@pytest.mark.parametrize(("value", "fixed"), [("true", True), ("False", False), ("yes", None), (1, None)])
def test_speaker_boost_is_a_boolean(value: Json, fixed: Json) -> None:
    (finding,) = findings("L15", voice("elevenlabs", use_speaker_boost=value))
    assert (finding.fix.value if finding.fix else None) is fixed


@pytest.mark.parametrize("word", ["stability", "use_speaker_boost"])
def test_sonic_3_takes_no_keys_of_the_other_engine(word: str) -> None:
    assert said("L15", voice("cartesia", "sonic-3", **{word: 0.5})) == [(f"{S}/{word}", "error")]


def test_without_a_model_it_is_a_warning() -> None:
    assert said("L15", voice("cartesia", emotion=["curiosity"])) == [(f"{S}/emotion", "warning")]


@pytest.mark.parametrize(
    "spec",
    [
        voice(None, None, speed=9),
        voice("tavus-auto", None, speed=9),
        voice("cartesia", "sonic-turbo", speed=9),
        voice("elevenlabs", unheard_of=9),
        voice("elevenlabs", speed=None),
        voice("elevenlabs", speed={"env": "SPEED"}),
        voice("sonic", "elevenlabs", speed=9),
        body(tts={"tts_engine": "elevenlabs", "voice_settings": "fast"}),
        body(tts="text"),
    ],
)
def test_what_nobody_knows_is_left_alone(spec: dict[str, Json]) -> None:
    assert said("L15", spec) == []


def test_azure_takes_no_model_name() -> None:
    (finding,) = findings("L15", body(tts={"tts_engine": "azure", "tts_model_name": "x"}))
    assert finding.pointer == "/layers/tts/tts_model_name"
    assert finding.fix is not None
    assert finding.fix.remove


@pytest.mark.parametrize("tag", ['<speed ratio="1.5"/>', '<emotion value="angry" />', "<break time='1s'/>"])
def test_tags_in_the_prompt_and_settings_exclude_each_other(tag: str) -> None:
    spec = {**voice("cartesia", "sonic-3", speed=1.1), "system_prompt": f"Say {tag} slowly."}
    assert said("L15", spec) == [(S, "warning")]
    assert said("L15", {**voice("cartesia", "sonic-3"), "system_prompt": f"Say {tag} slowly."}) == []


def test_angle_brackets_that_are_no_tags() -> None:
    spec = {**voice("cartesia", "sonic-3", speed=1.1), "system_prompt": "if speed < 3 and <name> breaks"}
    assert said("L15", spec) == []


def test_which_voice_a_manifest_means() -> None:
    catalogue = load_catalogue()
    assert voice_of(voice("cartesia", "sonic"), catalogue).pinned
    default = voice_of(voice("cartesia"), catalogue)
    assert default.entry is catalogue.entry("sonic-3", "tts_model")
    assert not default.pinned
    assert voice_of({}, catalogue).entry is None


def test_what_another_model_of_the_engine_takes_is_a_warning() -> None:
    """The vendor's own example of a create has it, so the API is not known to refuse it."""
    assert said("L15", voice("cartesia", "sonic-3", emotion=["positivity:high"])) == [(f"{S}/emotion", "warning")]


POINTER = "/layers/tts/voice_id"


@pytest.mark.parametrize(
    "others",
    [{"external_voice_id": "e"}, {"tts_engine": "cartesia"}, {"external_voice_id": "e", "tts_engine": "cartesia"}],
)
def test_two_voices(others: dict[str, Json]) -> None:
    (finding,) = findings("L16", body(tts={"voice_id": "v", **others}))
    assert finding.pointer == POINTER
    assert finding.severity.value == "warning"
    assert all(word in finding.summary for word in others)


@pytest.mark.parametrize(
    "tts",
    [
        {"voice_id": "v"},
        {"voice_id": "v", "external_voice_id": "", "tts_engine": None},
        {"voice_id": "", "tts_engine": "cartesia"},
        {"external_voice_id": "e", "tts_engine": "elevenlabs"},
        {},
        None,
        [],
    ],
)
def test_quiet(tts: Json) -> None:
    assert said("L16", body(tts=tts)) == []
