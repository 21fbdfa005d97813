"""Facts about pronunciation dictionaries that the program relies on."""

from __future__ import annotations

from reconciler.core.canonical.canonical_form import normalize
from reconciler.platforms.tavus.kinds import kind
from reconciler.platforms.tavus.kinds.pronunciation_dictionary import KIND
from tests.support.lab import Lab
from tests.support.making import manifest

ROWS = {row.path: row for row in KIND.fields}


def test_name_and_rules_are_all_that_can_be_written() -> None:
    assert kind("pronunciation_dictionary") is KIND
    assert {path for path, row in ROWS.items() if path.count("/") == 1 and not row.server_owned} == {
        "/name",
        "/rules",
    }
    assert not KIND.merge_patch


def test_rules_are_one_value_compared_with_what_the_server_fills_in() -> None:
    rule = {"text": "CVI", "pronunciation": "see-vee-eye", "type": "alias"}
    assert normalize(ROWS["/rules"], [rule]) == [{**rule, "case_sensitive": False, "word_boundaries": True}]
    assert normalize(ROWS["/rules"], [{**rule, "case_sensitive": True, "alphabet": None}]) == [
        {**rule, "case_sensitive": True, "word_boundaries": True}
    ]
    assert normalize(ROWS["/rules"], ["odd"]) == ["odd"]
    spoken = {**rule, "type": "ipa"}
    assert normalize(ROWS["/rules"], [spoken]) == normalize(ROWS["/rules"], [{**spoken, "alphabet": "ipa"}])


def test_how_many_rules_there_are_is_the_servers() -> None:
    assert ROWS["/rules_count"].server_owned


def test_personas_name_it_in_their_voice() -> None:
    rows = {row.path: row for row in kind("persona").fields}
    assert rows["/layers/tts/pronunciation_dictionary_id"].ref == KIND.name


def test_null_in_a_rule_is_not_sent() -> None:
    lab = Lab()
    rule = {"text": "CVI", "pronunciation": "see-vee-eye", "type": "alias"}
    wanted = manifest("pronunciation_dictionary.d", {"name": "D", "rules": [{**rule, "case_sensitive": None}]})
    (change,) = lab.plan(wanted).differences
    assert [request.body for request in change.requests] == [{"name": "D", "rules": [rule]}]
    lab.apply(wanted)
    assert lab.plan(wanted).differences == ()
