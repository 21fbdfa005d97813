"""Validation: order, places, repetitions, comments that keep, and the bodies of the vendor's own pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.api.offline import load_catalogue
from reconciler.engine.validate import check_rules, tolerated, validate
from reconciler.manifests.read.load_manifests import load_manifests, place
from reconciler.platforms.tavus.rules import RULES
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Fix, Severity, Source, Span
from reconciler.types.json import Json
from reconciler.types.manifest import Manifest, ManifestSet
from tests.support.projects import load_project
from tests.support.rulecase import CUSTOM, body, function, manifest

CATALOGUE = load_catalogue()
ADDRESS = Address("persona", "x")
SOURCE = Source("x.yaml")


def codes(*manifests: Manifest, **overrides: Json) -> list[str]:
    catalogue = load_catalogue(dict(overrides) or None)
    return sorted(one.code for one in validate(ManifestSet(manifests), catalogue, RULES))


def loaded(code: str, pointer: str | None, severity: Severity = Severity.WARNING, **more: object) -> Diagnostic:
    """A finding of the loader."""
    return Diagnostic(
        code,
        severity,
        "the loader says",
        address=ADDRESS,
        pointer=pointer,
        source=SOURCE,
        span=Span("x.yaml", 3, 1),
        **more,  # type: ignore[arg-type]
    )


class TestTheBodiesOfThePages:
    """Each example of the vendor's pages gives exactly what has become of it since."""

    def test_health_coach_of_february_2026(self) -> None:
        spec: dict[str, Json] = {
            "persona_name": "Health Coach",
            "system_prompt": "You give tips for a healthy life.",
            "pipeline_mode": "full",
            "default_replica_id": "rf4e9d9790f0",
            "layers": {
                "llm": {
                    "model": "tavus-gpt-oss",
                    "speculative_inference": True,
                    "extra_body": {"temperature": 0.7, "top_p": 0.9},
                }
            },
        }
        assert codes(manifest(spec)) == []
        assert codes(manifest(spec), generation="2026-02") == []

    @pytest.mark.parametrize("generation", ["2026-07", "2026-08"])
    def test_health_coach_in_pal_words(self, generation: str) -> None:
        spec: dict[str, Json] = {
            "pal_name": "Health Coach",
            "system_prompt": "You give tips for a healthy life.",
            "pipeline_mode": "full",
            "default_face_id": "r90bbd427f71",
            "layers": {"llm": {"model": "tavus-glm-4.7", "extra_body": {"temperature": 0.7, "top_p": 0.9}}},
        }
        assert codes(manifest(spec), generation=generation) == []

    def test_storyteller_with_its_key_as_a_reference(self) -> None:
        llm: Json = {
            "model": "gpt-4o",
            "base_url": "https://your-azure-openai.openai.azure.com/openai/deployments/gpt-4o",
            "api_key": {"env": "AZURE_KEY"},
            "speculative_inference": True,
            "default_query": {"api-version": "2024-02-15-preview"},
        }
        assert codes(manifest(body(llm=llm, persona_name="Storyteller"))) == []

    def test_a_custom_llm_with_the_header_of_the_older_pages(self) -> None:
        llm: dict[str, Json] = {**CUSTOM, "headers": {"Authorization": {"env": "BEARER"}}}
        assert codes(manifest(body(llm=llm))) == ["L33"]

    def test_the_recommended_model_of_2025(self) -> None:
        spec = body(llm={"model": "tavus-llama-4"})
        assert codes(manifest(spec)) == ["L32"]
        assert codes(manifest(spec), generation="2025-07") == []

    def test_required_parameters_only(self) -> None:
        assert codes(manifest({"pipeline_mode": "full", "system_prompt": "As a Life Coach, ..."})) == ["L08"]

    def test_life_coach_with_everything(self) -> None:
        insight = function(
            "life_coach_insight", parameters={"properties": {"topic": {}, "level": {}}, "required": ["topic"]}
        )
        shown = function("notify_if_id_shown", parameters={"properties": {"id_type": {}}, "required": ["id_type"]})
        spec: dict[str, Json] = {
            "persona_name": "Life Coach",
            "system_prompt": "As a Life Coach, you help.",
            "pipeline_mode": "full",
            "context": "Here are a few times that it worked.",
            "default_replica_id": "rfe12d8b9597",
            "document_ids": ["d1234567890"],
            "document_tags": ["product_info"],
            "layers": {
                "llm": {"model": "tavus-gpt-4o", "speculative_inference": True, "tools": [insight]},
                "tts": {
                    "tts_engine": "cartesia",
                    "voice_settings": {"speed": "normal", "emotion": ["positivity:high", "curiosity"]},
                    "tts_emotion_control": True,
                    "tts_model_name": "sonic",
                },
                "perception": {
                    "perception_model": "raven-0",
                    "ambient_awareness_queries": ["Is an ID card shown?"],
                    "perception_tool_prompt": "Use notify_if_id_shown.",
                    "perception_tools": [shown],
                },
                "stt": {"stt_engine": "tavus-advanced"},
                "conversational_flow": {
                    "turn_detection_model": "sparrow-1",
                    "turn_taking_patience": "medium",
                    "turn_commitment": "medium",
                    "replica_interruptibility": "high",
                    "active_listening": "low",
                },
            },
        }
        found = validate(ManifestSet((manifest(spec),)), CATALOGUE, RULES)
        assert [one.code for one in found if one.severity is Severity.ERROR] == []
        assert sorted(one.pointer or "" for one in found if one.code == "L32") == [
            "/context",
            "/layers/llm/model",
            "/layers/llm/tools",
            "/layers/perception/ambient_awareness_queries",
            "/layers/perception/perception_model",
            "/layers/perception/perception_tool_prompt",
            "/layers/perception/perception_tools",
            "/layers/stt/stt_engine",
            "/layers/tts/tts_model_name",
        ]
        assert sorted(one.code for one in found if one.code != "L32") == ["L19", "L19", "L21"]

    def test_an_echo_persona_for_livekit(self) -> None:
        spec: dict[str, Json] = {
            "pal_name": "Face",
            "pipeline_mode": "echo",
            "layers": {"transport": {"transport_type": "livekit"}},
        }
        assert codes(manifest(spec)) == []


class TestRepetitions:
    def test_the_loaders_wording_wins_and_takes_the_rules_fix(self) -> None:
        one = manifest(body(stt={"hotwords": ["a", "b"]}))
        found = validate(
            ManifestSet((one,), diagnostics=(loaded("L20", "/layers/stt/hotwords", Severity.ERROR),)),
            CATALOGUE,
            RULES,
        )
        (finding,) = (each for each in found if each.code == "L20")
        assert finding.summary == "the loader says"
        assert finding.fix == Fix("write it in its type", "a, b")

    def test_another_place_is_another_finding(self) -> None:
        one = manifest(body(stt={"hotwords": ["a"]}))
        found = validate(ManifestSet((one,), diagnostics=(loaded("L20", "/pal_name"),)), CATALOGUE, RULES)
        assert [each.pointer for each in found if each.code == "L20"] == ["/layers/stt/hotwords", "/pal_name"]

    def test_false_for_off_is_said_once(self) -> None:
        found = codes(manifest(body(perception={"perception_model": False})))
        assert found == ["L27"]

    def test_a_field_of_the_client_is_not_also_an_unknown_key(self) -> None:
        assert codes(manifest(body(llm={"model": "tavus-gpt-oss", "disable_vision": True}))) == ["L19"]

    def test_exact_repetitions_of_the_loader_go(self) -> None:
        twice = (loaded("E-x", "/a"), loaded("E-x", "/a"), loaded("E-x", "/b"))
        assert len(validate(ManifestSet(diagnostics=twice), CATALOGUE, RULES)) == 2

    def test_findings_without_an_address_are_kept_apart(self) -> None:
        files = tuple(
            replace(loaded("L18", None), address=None, source=Source(name)) for name in ("a.yaml", "b.yaml")
        )
        assert len(validate(ManifestSet(diagnostics=files), CATALOGUE, RULES)) == 2


TEXT = """\
system_prompt: Hi
layers:
  llm:
    # reconciler: keep L32 the customer insists
    model: tavus-gpt-4o
  stt:
    stt_engine: tavus-wisper  # reconciler: keep L17 new
    hotwords: [a]  # reconciler: keep L20 no
"""
LINES = {"/layers/llm/model": 5, "/layers/stt/stt_engine": 7, "/layers/stt/hotwords": 8}


def locate(one: Diagnostic) -> Span | None:
    return Span("x.yaml", LINES.get(one.pointer or "", 1), 1)


class TestPlacesAndComments:
    ONE = manifest(TEXT)

    def test_without_help_there_are_no_places(self) -> None:
        found = validate(ManifestSet((self.ONE,)), CATALOGUE, RULES)
        assert {one.span for one in found} == {None}
        assert [one.code for one in found] == ["L17", "L20", "L32"]

    def test_places_are_filled_in_one_by_one(self) -> None:
        found = validate(ManifestSet((self.ONE,)), CATALOGUE, RULES, locate=locate)
        assert [(one.code, one.span.line) for one in found if one.span] == [("L32", 5), ("L17", 7), ("L20", 8)]

    def test_or_all_at_once(self) -> None:
        calls: list[int] = []

        def place(found: Sequence[Diagnostic]) -> Sequence[Diagnostic]:
            calls.append(len(found))
            return [one.at(locate(one)) for one in found]

        found = validate(ManifestSet((self.ONE,)), CATALOGUE, RULES, place=place)
        assert calls == [3]
        assert [one.span.line for one in found if one.span] == [5, 7, 8]

    def test_the_loaders_places_stay(self) -> None:
        found = validate(
            ManifestSet(diagnostics=(loaded("E-x", "/a"),)), CATALOGUE, RULES, locate=lambda _: Span("y", 9, 9)
        )
        assert [one.span for one in found] == [Span("x.yaml", 3, 1)]

    def test_comments_silence_what_they_name_but_no_wrong_type(self) -> None:
        found = validate(ManifestSet((self.ONE,)), CATALOGUE, RULES, locate=locate, read_text={"x.yaml": TEXT}.get)
        assert [one.code for one in found] == ["L20"]

    def test_a_comment_for_another_rule_silences_nothing(self) -> None:
        text = TEXT.replace("keep L32", "keep L09")
        found = validate(ManifestSet((self.ONE,)), CATALOGUE, RULES, locate=locate, read_text={"x.yaml": text}.get)
        assert [one.code for one in found] == ["L32", "L20"]

    def test_a_file_that_is_gone_silences_nothing(self) -> None:
        found = validate(ManifestSet((self.ONE,)), CATALOGUE, RULES, locate=locate, read_text=lambda _: None)
        assert len(found) == 3

    def test_each_file_is_read_once(self) -> None:
        reads: list[str] = []

        def read(path: str) -> str | None:
            reads.append(path)
            return TEXT

        validate(ManifestSet((self.ONE,)), CATALOGUE, RULES, locate=locate, read_text=read)
        assert reads == ["x.yaml"]

    def test_codes_of_the_loader_cannot_be_kept(self) -> None:
        text = "a\nb\nc  # reconciler: keep L03\n"
        finding = loaded("L03", "/layers/llm/api_key", Severity.ERROR)
        assert validate(ManifestSet(diagnostics=(finding,)), CATALOGUE, RULES, read_text=lambda _: text) == (finding,)
        softened = replace(finding, severity=Severity.WARNING)
        assert validate(ManifestSet(diagnostics=(softened,)), CATALOGUE, RULES, read_text=lambda _: text) == ()


class TestTheRest:
    def test_order_is_by_file_and_line(self) -> None:
        spans = [Span("b.yaml", 1, 1), Span("a.yaml", 9, 1), Span("a.yaml", 2, 5), Span("a.yaml", 2, 1)]
        found = tuple(replace(loaded("E-x", f"/{index}"), span=span) for index, span in enumerate(spans))
        assert [one.span for one in validate(ManifestSet(diagnostics=found), CATALOGUE, RULES)] == sorted(spans)

    def test_strict_makes_unknown_keys_errors_also_the_loaders(self) -> None:
        one = manifest({"system_prompt": "Hi", "system_promt": "Hi"})
        found = validate(ManifestSet((one,), diagnostics=(loaded("L18", "/other"),)), CATALOGUE, RULES, strict=True)
        assert {each.severity for each in found if each.code == "L18"} == {Severity.ERROR}

    def test_rules_see_the_other_manifests(self) -> None:
        tool = manifest({"name": "see", "description": "Sees.", "origin": "vision"}, "tool", "see")
        spec = {**body(perception={"perception_model": "off"}), "tools": ["see"]}
        assert codes(manifest(spec), tool) == ["L12"]

    def test_rules_alone_come_in_the_order_of_the_manifests(self) -> None:
        many = tuple(manifest({}, name=name) for name in ("b", "a"))
        found = list(check_rules(ManifestSet(many), CATALOGUE, RULES))
        assert [str(one.address) for one in found if one.code == "L01"] == ["persona.b", "persona.a"]

    def test_nothing_to_validate(self) -> None:
        assert validate(ManifestSet(), CATALOGUE, RULES) == ()


KEPT = """\
apiVersion: personas/v1
kind: Persona
metadata: {name: coach}
spec:
  persona_name: Coach
  system_prompt: |
    You are a coach.
  # reconciler: keep L32 the server merged it, the file follows later
  context: Some text.
  layers:
    llm:
      model: tavus-gpt-4o  # reconciler: keep L32 until the contract ends
      # reconciler: keep L32, L21 inline until the registry is there
      tools:
        - type: function
          function:
            name: look_up
            description: Looks up.
    stt: {stt_engine: tavus-advanced}
"""


class TestFromFiles:
    """The whole way: files, loader, rules, places, comments."""

    def check(self, folder: Path, text: str, name: str = "coach.yaml") -> list[str]:
        (folder / name).write_text(text, "utf-8")
        project = load_project(folder, manifests=None)
        found, _ = load_manifests(project, project.default_workspace)

        def read(path: str) -> str | None:
            return Path(project.root, path).read_text("utf-8")

        def fill(ones: Sequence[Diagnostic]) -> Sequence[Diagnostic]:
            return place(project, ones, manifests=found.manifests)

        return [f"{one.code} {one.span}" for one in validate(found, CATALOGUE, RULES, place=fill, read_text=read)]

    def test_comments_silence_their_findings(self, tmp_path: Path) -> None:
        assert self.check(tmp_path, KEPT) == ["L32 coach.yaml:19:23"]

    def test_without_comments_every_finding_has_its_place(self, tmp_path: Path) -> None:
        text = "\n".join(line.partition("# reconciler")[0].rstrip() for line in KEPT.splitlines())
        assert self.check(tmp_path, text) == [
            "L32 coach.yaml:9:12",
            "L32 coach.yaml:12:14",
            "L32 coach.yaml:14:7",
            "L32 coach.yaml:19:23",
        ]

    def test_windows_line_ends(self, tmp_path: Path) -> None:
        assert self.check(tmp_path, KEPT.replace("\n", "\r\n")) == ["L32 coach.yaml:19:23"]

    def test_a_bare_body_as_json(self, tmp_path: Path) -> None:
        text = '{\n "persona_name": "x",\n "system_prompt": "Hi",\n "layers": {"llm": {"model": "tavus-llama"}}\n}\n'
        assert self.check(tmp_path, text, "x.json") == ["L32 x.json:4:30"]

    def test_off_without_quotes_is_off(self, tmp_path: Path) -> None:
        text = (
            KEPT.partition("  layers:")[0]
            + "  layers:\n    llm: {model: tavus-gpt-oss}\n    perception: {perception_model: off}\n"
        )
        assert [one for one in self.check(tmp_path, text) if one.startswith("L27")] == []

    def test_validating_findings_again_changes_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "x.yaml").write_text(KEPT, "utf-8")
        project = load_project(tmp_path, manifests=None)
        found = validate(load_manifests(project, project.default_workspace)[0], CATALOGUE, RULES)
        assert validate(ManifestSet(diagnostics=found), CATALOGUE, RULES) == found


def test_errors_of_rules_that_the_api_does_not_share_become_warnings() -> None:
    codes = ("L12", "L15", "L01", "L22", "E-field", "L03")
    found = tolerated((loaded(code, "/x", Severity.ERROR) for code in codes), RULES)
    assert {one.code: one.severity for one in found} == {
        "L12": Severity.WARNING,
        "L15": Severity.WARNING,
        "L01": Severity.ERROR,
        "L22": Severity.ERROR,
        "E-field": Severity.ERROR,
        "L03": Severity.ERROR,
    }


def test_what_is_no_error_stays_what_it_is() -> None:
    info = loaded("L12", "/x", Severity.INFO)
    assert tolerated([info], RULES) == (info,)


def test_findings_are_one_only_if_nothing_of_them_differs() -> None:
    """The same words at another line, column or file, under another code or pointer, are another finding."""
    first = Diagnostic("E-yaml", Severity.ERROR, "not readable", span=Span("a.yaml", 1, 1))
    others = (
        first.at(Span("a.yaml", 1, 2)), first.at(Span("a.yaml", 2, 1)), first.at(Span("b.yaml", 1, 1)),
        replace(first, code="E-file"), replace(first, pointer="/x"), replace(first, summary="another"),
    )  # fmt: skip
    assert set(validate(ManifestSet(diagnostics=(first, *others, first)), CATALOGUE, RULES)) == {first, *others}
    assert len(validate(ManifestSet(diagnostics=(first, *others, first)), CATALOGUE, RULES)) == 7


def test_two_documents_may_have_the_same_fault_at_the_same_pointer() -> None:
    """A base manifest and its overlay: two places to mend."""
    found = loaded("L20", "/greeting", Severity.ERROR)
    other = replace(found, source=Source("overlays/x.yaml"))
    assert (
        len([one for one in validate(ManifestSet(diagnostics=(found, other)), CATALOGUE, RULES) if one.code == "L20"])
        == 2
    )
