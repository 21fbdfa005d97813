"""The three-way rules, leaf by leaf, in their order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.canonical.canonical_form import normalize
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.diff.three_way import (
    ASSUMED,
    NOT_COMPARABLE,
    TRUSTED,
    UNAVAILABLE,
    Leaf,
    Sync,
    Verdict,
    compare,
    desired_digest,
    hidden,
    only_defaults,
    seen_digest,
)
from reconciler.core.secrets.secret_book import HIDDEN, UNKNOWN, SecretBook
from reconciler.core.serialization.digest import SecretDigests
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.address import SecretRef
from reconciler.types.plan import Obstacle
from tests.support.making import SALT, book, env

PERSONA = kind("persona")
PROMPT, KEY, PATIENCE = "/system_prompt", "/layers/llm/api_key", "/layers/conversational_flow/turn_taking_patience"


def digest_of(path, value, secrets):
    return desired_digest(field_at(PERSONA, path), value, secrets)


def verdict(path, desired, live, *, sent=None, seen=None, secrets=None, **more):
    """`sent` and `seen` are values; what state would hold is their digests."""
    secrets = secrets or book(K="old", N="new")
    digests = [
        value if value is None or value == HIDDEN else digest_of(path, value, secrets) for value in (sent, seen)
    ]
    row = field_at(PERSONA, path)
    leaf = Leaf(path, normalize(row, desired), normalize(row, live), digests[0], digests[1] or digests[0], **more)
    return compare(PERSONA, leaf, secrets)


@pytest.mark.parametrize(
    ("desired", "live", "sent", "seen", "expected"),
    [
        ("a", "a", None, None, Sync.SAME),
        ("a", "a", "x", "y", Sync.SAME),
        ("a", "b", None, None, Sync.GIT),
        ("a", "b", "a", "b", Sync.SAME),
        ("a", "b", "b", None, Sync.GIT),
        ("a", "b", "a", None, Sync.LIVE),
        ("a", "b", "c", None, Sync.BOTH),
        ("a", None, "a", None, Sync.LIVE),
        ("a", "B", "a", "A", Sync.LIVE),
        ("b", "A", "a", "A", Sync.GIT),
        ("", None, None, None, Sync.SAME),
        (None, "", None, None, Sync.SAME),
        (None, "", "a", None, Sync.SAME),
        ("", "a", "", None, Sync.LIVE),
    ],
)
def test_plain_values(desired, live, sent, seen, expected):
    assert verdict(PROMPT, desired, live, sent=sent, seen=seen).sync is expected


@pytest.mark.parametrize(
    ("path", "desired", "live"),
    [
        ("/pipeline_mode", "full", None),
        ("/layers/llm/speculative_inference", True, "true"),
        ("/layers/tts/tts_emotion_control", "false", False),
        ("/document_ids", [], None),
        ("/document_tags", ["a"], ["a"]),
        ("/unknown", {}, None),
        ("/unknown", 1, 1.0),
        (PATIENCE, "medium", None),
    ],
)
def test_values_that_mean_the_same(path, desired, live):
    assert verdict(path, desired, live).sync is Sync.SAME


def test_true_and_one_differ():
    assert verdict("/unknown", 1, True).sync is Sync.GIT


def test_a_flow_default_counts_only_while_there_is_a_flow():
    assert verdict(PATIENCE, "medium", None, parent_present=False).sync is Sync.GIT
    sent = verdict(PATIENCE, "medium", None, parent_present=False, sent="medium", seen=HIDDEN)
    assert sent.sync in (Sync.SAME, Sync.LIVE)


@pytest.mark.parametrize(("live", "expected"), [(None, Sync.SAME), ("full", Sync.SAME), ("echo", Sync.GIT)])
def test_null_wants_absence_or_the_default(live, expected):
    assert verdict("/pipeline_mode", None, live).sync is expected


@pytest.mark.parametrize(
    ("layer", "expected"),
    [({"stt_engine": "tavus-auto", "hotwords": ""}, Sync.SAME), ({"stt_engine": "tavus-whisper"}, Sync.GIT)],
)
def test_null_for_a_layer_is_content_with_one_that_says_nothing(layer, expected):
    assert verdict("/layers/stt", None, layer).sync is expected


@pytest.mark.parametrize("live", ["********", None])
class TestHiddenSecrets:
    def test_unchanged(self, live):
        assert verdict(KEY, env("K"), live, sent=env("K"), seen=HIDDEN).sync is Sync.SAME

    def test_a_rotation_shows(self, live):
        assert verdict(KEY, env("N"), live, sent=env("K"), seen=HIDDEN).sync is Sync.GIT

    def test_new_in_a_tracked_object_is_written(self, live):
        assert verdict(KEY, env("K"), live, tracked=True).sync is Sync.GIT

    def test_assumed_at_import(self, live):
        found = verdict(KEY, env("K"), live, tracked=False)
        assert (found.sync, found.note, found.assumed) == (Sync.SAME, ASSUMED, True)

    def test_not_available_here(self, live):
        found = verdict(KEY, env("GONE"), live, sent=env("K"), seen=HIDDEN)
        assert (found.sync, found.note) == (Sync.SAME, UNAVAILABLE)

    @pytest.mark.parametrize("tracked", [True, False])
    def test_not_available_here_is_no_change_whatever_state_says(self, live, tracked):
        for sent in (None, UNKNOWN, env("K")):
            recorded = digest_of(KEY, sent, book(K="old")) if isinstance(sent, SecretRef) else sent
            found = compare(PERSONA, Leaf(KEY, env("GONE"), live, recorded, HIDDEN, tracked=tracked), book())
            assert (found.sync, found.obstacle) == (Sync.SAME, Obstacle.SECRET_MISSING)

    def test_from_no_key_to_a_key_nothing_is_lost(self, live):
        sent = SecretDigests(SALT).of("old")
        keyed = SecretDigests(SALT, b"first key")
        assert under(keyed, live, sent, "old") == Verdict(Sync.SAME)
        assert under(keyed, live, sent, "new").sync is Sync.GIT

    def test_the_key_before_bridges(self, live):
        sent = SecretDigests(SALT, b"A").of("old")
        bridged = SecretDigests(SALT, b"B", previous=b"A")
        assert under(bridged, live, sent, "old") == Verdict(Sync.SAME)
        assert under(bridged, live, sent, "new").sync is Sync.GIT

    @pytest.mark.parametrize("value", ["old", "new"])
    def test_without_it_the_value_is_sent_again(self, live, value):
        sent = SecretDigests(SALT, b"A").of("old")
        found = under(SecretDigests(SALT, b"B"), live, sent, value)
        assert (found.sync, found.note, found.obstacle) == (Sync.GIT, "digest key changed: sent again", None)

    @pytest.mark.parametrize("value", ["old", "new"])
    def test_a_run_without_any_key_says_so_and_changes_nothing(self, live, value):
        sent = SecretDigests(SALT, b"A").of("old")
        found = under(SecretDigests(SALT), live, sent, value)
        assert (found.sync, found.note, found.obstacle) == (Sync.SAME, NOT_COMPARABLE, Obstacle.DIGEST_KEY)


def under(digests: SecretDigests, live, sent: str, value: str) -> Verdict:
    secrets = SecretBook(digests, lambda _: value)
    return compare(PERSONA, Leaf(KEY, env("N"), live, sent, HIDDEN), secrets)


def test_a_value_that_the_server_shows_needs_no_digest():
    sent = SecretDigests(SALT, b"A").of("old")
    for digests in (SecretDigests(SALT), SecretDigests(SALT, b"B")):
        assert under(digests, "old", sent, "old") == Verdict(Sync.SAME)


@pytest.mark.parametrize(
    ("live", "sent", "seen", "expected"),
    [
        ("old", None, None, Sync.SAME),
        ("other", env("K"), env("K"), Sync.LIVE),
        ("other", env("K"), HIDDEN, Sync.LIVE),
        ("other", env("N"), env("N"), Sync.BOTH),
        ("new", env("N"), env("N"), Sync.GIT),
    ],
)
def test_secrets_that_the_server_echoes(live, sent, seen, expected):
    assert verdict(KEY, env("K"), live, sent=sent, seen=seen).sync is expected


def test_a_mask_anywhere_hides():
    assert verdict("/layers/mcp/token", "x", "*****", sent="x", seen=HIDDEN).sync is Sync.SAME
    assert verdict("/layers/mcp/token", "y", "*****", sent="x", seen=HIDDEN).sync is Sync.GIT


def test_a_secret_that_the_manifest_nulls_is_removed_when_there_is_one():
    assert verdict(KEY, None, "********").sync is Sync.GIT
    assert verdict(KEY, None, None).sync is Sync.SAME


def test_a_reference_on_an_open_path_is_compared_when_the_server_shows_it():
    path = "/layers/llm/base_url"
    assert verdict(path, env("K"), "old").sync is Sync.SAME
    assert verdict(path, env("K"), "moved", sent=env("K"), seen=env("K")).sync is Sync.LIVE


def test_an_unavailable_secret_still_lets_live_drift_show():
    secrets = book(K="old")
    path = "/layers/llm/base_url"
    shown = seen_digest(field_at(PERSONA, path), env("K"), "old", secrets, parent_present=True)
    leaf = Leaf(path, env("GONE"), "moved", shown, shown)
    assert compare(PERSONA, leaf, secrets).sync is Sync.LIVE


def test_digests_of_secrets_do_not_hold_them():
    made = digest_of(KEY, env("K"), book(K="a very secret value"))
    assert "secret" not in made
    assert made.startswith("hmac.")


def test_an_object_of_defaults_says_nothing():
    assert only_defaults(PERSONA, "/layers/stt", {"stt_engine": "tavus-auto"})
    assert not only_defaults(PERSONA, "/layers/stt", {"stt_engine": "x"})
    assert not only_defaults(PERSONA, "/layers/stt", "text")


def test_a_secret_that_is_not_here_is_left_alone_while_its_object_is_adopted():
    nothing = book()
    shown = Leaf(KEY, env("K"), "clear", None, None, tracked=False)
    assert compare(PERSONA, shown, nothing).sync is Sync.SAME
    assert compare(PERSONA, shown, nothing).note == UNAVAILABLE
    added = compare(PERSONA, replace(shown, tracked=True), nothing)
    assert (added.sync, added.obstacle) == (Sync.SAME, Obstacle.SECRET_MISSING)


def test_a_secret_that_was_taken_on_trust_is_written_once_it_is_here():
    unknown = Leaf(KEY, env("K"), None, UNKNOWN, HIDDEN)
    assert compare(PERSONA, unknown, book()).note == UNAVAILABLE
    found = compare(PERSONA, unknown, book(K="old"))
    assert (found.sync, found.note, found.assumed) == (Sync.GIT, TRUSTED, False)
    shown = replace(unknown, live="old", seen=book(K="old").digest("old", secret=True))
    assert compare(PERSONA, shown, book(K="old")).sync is Sync.SAME
    assert compare(PERSONA, shown, book(K="new")).sync is Sync.GIT


OPEN = "/layers/llm/extra_body/token"
"""A place that no table knows as a secret."""
HOLDING = ["a", {"token": env("K"), "plain": 1}]


@pytest.mark.parametrize("live", ["********", None])
def test_a_reference_that_no_table_knows_is_hidden_like_any_secret(live):
    assert verdict(OPEN, env("K"), live, sent=env("K"), seen=HIDDEN).sync is Sync.SAME
    assert verdict(OPEN, env("N"), live, sent=env("K"), seen=HIDDEN).sync is Sync.GIT
    assert verdict(OPEN, env("K"), live, sent=env("K")).sync is (Sync.LIVE if live is None else Sync.SAME)
    assert verdict(OPEN, env("K"), live, tracked=False).note == ASSUMED


@pytest.mark.parametrize("shown", [{"token": "****"}, {"token": None}, {}])
def test_a_list_is_hidden_where_only_its_references_are(shown):
    assert hidden(None, ["a", {"plain": 1, **shown}], HOLDING)
    assert not hidden(None, ["a", {"plain": 2, **shown}], HOLDING)
    assert not hidden(None, ["a", "b", {"plain": 1, **shown}], HOLDING)
    assert not hidden(None, None, HOLDING)
    assert not hidden(None, ["a", {"plain": 1, "token": "clear"}], HOLDING)


def test_references_that_are_left_out_of_a_list():
    assert hidden(None, ["a"], ["a", env("K")])
    assert hidden(None, [], [env("K")])
    assert not hidden(None, ["b"], ["a", env("K")])


@pytest.mark.parametrize("live", ["old", "********"])
def test_a_secret_that_becomes_plain_and_the_other_way_round(live):
    assert verdict(OPEN, "other", live, sent=env("K"), seen=HIDDEN).sync is Sync.GIT
    assert verdict(OPEN, "old", live, sent=env("K"), seen=HIDDEN).sync is Sync.SAME
    assert verdict(OPEN, env("N"), live, sent="old").sync is Sync.GIT
    assert verdict(OPEN, env("K"), live, sent="old").sync is Sync.SAME
    assert verdict(OPEN, None, live, sent=env("K")).sync is Sync.GIT


BEHIND = [{"name": "a", "key": "********", "note": None}]


@pytest.mark.parametrize(
    ("seen", "live", "expected"),
    [
        (BEHIND, BEHIND, Sync.SAME),
        (BEHIND, [{"name": "a", "key": "********"}], Sync.SAME),
        (BEHIND, [{"name": "a", "key": "old"}], Sync.SAME),
        (BEHIND, [{"name": "b", "key": "********"}], Sync.LIVE),
        (BEHIND, [{"name": "a"}], Sync.LIVE),
        (BEHIND, [*BEHIND, {"name": "c"}], Sync.LIVE),
        ([{"name": "a"}], BEHIND, Sync.SAME),
    ],
    ids=["as seen", "a null less", "shown whole", "renamed", "the secret gone", "one more", "masked since"],
)
def test_what_stands_behind_masks_is_held_against_what_was_seen(seen, live, expected):
    path, secrets, desired = "/layers/odd", book(K="old"), [{"name": "a", "key": env("K")}]
    row = field_at(PERSONA, path)
    kept = seen_digest(row, desired, seen, secrets, parent_present=True)
    leaf = Leaf(path, desired, live, desired_digest(row, desired, secrets), kept)
    assert compare(PERSONA, leaf, secrets).sync is expected


def test_what_was_shown_with_its_secrets_and_hides_them_now_has_moved():
    path, secrets, desired = "/layers/odd", book(K="old"), [{"name": "a", "key": env("K")}]
    whole = desired_digest(field_at(PERSONA, path), desired, secrets)
    for live, expected in (([{"name": "a"}], Sync.LIVE), ([{"name": "a", "key": "*****"}], Sync.SAME)):
        assert compare(PERSONA, Leaf(path, desired, live, whole, whole), secrets).sync is expected


@pytest.mark.parametrize(
    ("path", "desired", "live", "keyed"),
    [
        ("/greeting", env("K"), "sk-1", True),
        ("/greeting", ["a", env("K")], ["a", "sk-1"], True),
        ("/layers/llm/api_key", "sk-literal", "sk-1", True),
        ("/layers/llm/api_key", None, "sk-1", True),
        ("/greeting", "hi", "https://user:pass-word@host.example/x", True),
        ("/greeting", "hi", "hey", False),
    ],
)
def test_what_is_seen_of_a_secret_is_digested_with_the_key(path, desired, live, keyed):
    """Anybody who has the state could try texts against a digest without one."""
    found = seen_digest(field_at(PERSONA, path), desired, live, book(K="sk-1"), parent_present=True)
    assert (":" in found) is keyed and "sk-" not in found
