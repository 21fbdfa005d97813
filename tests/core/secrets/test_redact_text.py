"""The one gate for text: a secret is found in every spelling, and nothing else is."""

from __future__ import annotations

import base64
import html
import json
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.secrets.redact_text import Learning, Redactor, union
from reconciler.core.secrets.secret_spellings import FOLDED
from reconciler.core.text import has_hidden, one_line, visible
from reconciler.errors import ReconcilerError
from reconciler.types.address import Address, SecretRef
from reconciler.types.json import SENSITIVE, is_mask

HIDDEN = str(SENSITIVE)
SECRET = 'p4ss <"word">\\ü & 漢 \U0001f600'
SPELLINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "json": lambda text: json.dumps(text)[1:-1],
    "json, not ascii": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "python": lambda text: repr(text)[1:-1],
    "url": lambda text: quote(text, safe="", errors="surrogatepass"),
    "url, plus": lambda text: quote_plus(text, errors="surrogatepass"),
    "url, slashes": lambda text: quote(text, errors="surrogatepass"),
    "url, small letters": lambda text: quote(text, safe="", errors="surrogatepass").replace("%C3", "%c3"),
    "url, twice": lambda text: quote(quote(text, safe="", errors="surrogatepass")),
    "html": html.escape,
    "html, text": lambda text: html.escape(text, quote=False),
    "html, numbers": lambda text: "".join(f"&#{ord(one)};" if not one.isalnum() else one for one in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, url": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64, second place": lambda text: base64.b64encode(f"u{text}".encode()).decode(),
    "base64, third place": lambda text: base64.b64encode(f"u:{text}:x".encode()).decode(),
    "json in html": lambda text: html.escape(json.dumps(text)[1:-1]),
    "json in a url": lambda text: quote(json.dumps(text)[1:-1], safe=""),
    "html in json": lambda text: json.dumps(html.escape(text))[1:-1],
    "json in json": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    "html in html": lambda text: html.escape(html.escape(text)),
    "made visible": visible,
    "on one line": one_line,
    "base64 in a url": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    "base64 in lines": lambda text: "\n".join(textwrap.wrap(base64.b64encode(text.encode()).decode(), 7)),
    "base64 in json": lambda text: base64.b64encode(text.encode()).decode().replace("/", "\\/"),
    "wrapped": lambda text: "\n    ".join(text[at : at + 5] for at in range(0, len(text), 5)),
    "wrapped in json": lambda text: json.dumps("\n".join(text[at : at + 5] for at in range(0, len(text), 5)))[1:-1],
    "with what no screen shows": "\u200b".join,
    "dropped": lambda text: "".join(one for one in text if one.isprintable()),
    "blanked": lambda text: " ".join("".join(one if one.isprintable() else " " for one in text).split()),
}


def knowing(*values: str) -> Redactor:
    redactor = Redactor()
    redactor.learn(*values)
    return redactor


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(
    "secret",
    [
        SECRET,
        "sk-live-0123456789abcdef",
        "pa/ss+wo=rd?&",
        "abc\x00def\x1b[31mgh\u200bij",
        "abc\x1f\x1fdef\x00\x00\x00ghij",
        "abcd\r\n\x7f\u200b\u200defgh\ufe0f\u3164\u2800ij",
        "abcd" + "\x01" * 20 + "efgh\U000e0041\U000e0042ijkl",
    ],
)
def test_every_spelling_is_replaced(spelling: str, secret: str) -> None:
    shown = knowing(secret).hide(f"before {SPELLINGS[spelling](secret)} after")
    assert shown == f"before {HIDDEN} after"


plain = st.characters(codec="utf-8", exclude_categories=("Cs",)) | st.sampled_from("ab01\x00\x1f\u200b\u00ad \n\t\\")


@settings(max_examples=120)
@given(st.text(plain, min_size=8, max_size=40), st.sampled_from(sorted(SPELLINGS)), st.text(plain, max_size=20))
def test_no_secret_survives(secret: str, spelling: str, around: str) -> None:
    secret = secret.strip()
    told = SPELLINGS[spelling](secret)
    plainly = [one for one in secret if one.isprintable() and not one.isspace() and not has_hidden(one)]
    if len(plainly) < 8 or told in around or told in HIDDEN:
        return
    assert told not in knowing(secret).hide(f"{around} {told} {around}").replace(HIDDEN, "\0")


@pytest.mark.parametrize(
    "cut",
    [
        "sk-live-01234...",
        "sk-live-01234…",
        "sk-live-0123 ...",
        "sk-live-",
        "...9abcdefgh",
        "sk-live-01****efgh",
        "sk-live-01[truncated]",
        "sk-live-01234\\u2026",
        "sk-live-\n  01234...",
    ],
)
def test_a_secret_that_was_cut_short(cut: str) -> None:
    shown = knowing("sk-live-0123456789abcdefgh").hide(f"invalid key {cut}")
    assert HIDDEN in shown
    assert "sk-live" not in shown
    assert "cdefgh" not in shown


@pytest.mark.parametrize(
    "cut", ['ab"cdefghi%', 'ab"cdefghi%2', 'ab"cdefghi\\u00', 'ab"cdefghi&quo', 'ab\\"cdefghi\\']
)
def test_a_secret_that_was_cut_inside_an_escape(cut: str) -> None:
    assert "cdef" not in knowing('ab"cdefghi"jkl').hide(f"got {cut}...")
    assert "cdef" not in knowing('ab"cdefghi"jkl').hide(f"got {cut}")


LONG = {
    "one word again and again": "abcdefgh12" * 6_000,
    "one letter": "a" * 60_000,
    "lines of base64": "\n".join(
        base64.b64encode(bytes([n % 251]) * 47 + bytes([n // 251])).decode() for n in range(300)
    ),
    "signs of base64 again and again": "ab+/" * 15_000,
    "what has to be escaped": 'ab\\\u00e9"\\\n/<\\\\\u00e9x' * 300,
}


@pytest.mark.parametrize("spelling", ["raw", "json", "url"])
@pytest.mark.parametrize("value", LONG)
def test_a_value_of_many_pages_is_found_whole_and_cut_in_little_time(value: str, spelling: str) -> None:
    """These took minutes, or were not found, while the work grew with the square of the length."""
    secret = LONG[value]
    redactor, told = knowing(secret), SPELLINGS[spelling](secret)
    assert redactor.hide(f"before {told} after") == f"before {HIDDEN} after"
    assert "abcdefgh" not in redactor.hide(f"before {told[: len(told) // 2]}... after")
    assert redactor.hide(f"before ...{secret[len(secret) // 2 :]} after").startswith(f"before ...{HIDDEN}")
    assert redactor.hide(f"before {SPELLINGS[spelling](secret[:-3])}# after") == f"before {HIDDEN}# after"


@pytest.mark.parametrize("spelling", ["raw", "url"])
def test_a_key_of_hundreds_of_lines_is_hidden_in_little_time(spelling: str) -> None:
    """Each line is a value of its own: these took minutes while every value was looked for in all of the text."""
    lines = ["".join("+/ab"[(n >> shift) % 4] for shift in range(0, 12, 2)) * 8 + f"{n:04}" for n in range(300)]
    key = "\n".join(["-----BEGIN KEY-----", *lines, "-----END KEY-----"])
    shown = knowing(key).hide(f"before {SPELLINGS[spelling](key)} after")
    assert not [line for line in lines if SPELLINGS[spelling](line)[:12] in shown]
    assert knowing(key).hide("+/ab" * 10_000) == "+/ab" * 10_000


def test_a_beginning_of_nothing_seen_is_not_found_everywhere() -> None:
    redactor = knowing("\x00" * 9 + "abcdefgh")
    assert redactor.hide("an innocent text, with dots...") == "an innocent text, with dots..."
    assert redactor.hide("key abcdefgh.") == f"key {HIDDEN}."


def test_another_text_that_begins_alike_stays() -> None:
    text = "sk-live-0123 is somebody else's"
    assert knowing("sk-live-0123456789abcdefgh").hide(text) == text
    assert knowing("https://hooks.example.com/abc").hide("it begins with https://") == "it begins with https://"


wrapped = st.sampled_from(["", " ", "\n", "\r\n  ", "\t", "\\n", "\u200b", "\x01", "\u00a0", "%2B", "-", "…"])


@given(
    st.text(plain, min_size=8, max_size=24), st.lists(wrapped, min_size=24, max_size=24), st.text(plain, max_size=9)
)
def test_the_quick_look_passes_over_nothing(secret: str, breaks: list[str], around: str) -> None:
    """With it as without: folded wherever there is anything to fold, or only where that may bring a value."""
    text = around + "".join(one + gap for one, gap in zip(secret, breaks, strict=False)) + around
    quick, slow = knowing(secret), knowing(secret)
    slow._may_be_wrapped = lambda text: FOLDED.search(text) is not None  # type: ignore[method-assign]
    assert quick.hide(text) == slow.hide(text)


@pytest.mark.parametrize("short", ["", " ", "1", "hunter2", "       x       "])
def test_short_texts_are_not_looked_for(short: str) -> None:
    assert knowing(short).hide(f"a {short} b") == f"a {short} b"


def test_the_token_behind_a_scheme_and_each_line_are_known_too() -> None:
    redactor = knowing("Bearer abcdef123456", "first secret line\nsecond secret line")
    assert redactor.hide("token abcdef123456") == f"token {HIDDEN}"
    assert redactor.hide("+ second secret line") == f"+ {HIDDEN}"
    assert redactor.hide("Bearer of good news") == "Bearer of good news"


def test_a_backslash_before_it_does_not_stay_to_escape_what_follows() -> None:
    shown = knowing("nabcdefgh").hide(json.dumps("x\nabcdefgh"))
    assert json.loads(shown) == f"x{HIDDEN}"


def test_credentials_of_urls_are_hidden_whether_known_or_not() -> None:
    assert (
        Redactor().hide("at https://me:pw@a.example/?sig=x&v=1")
        == f"at https://me:{HIDDEN}@a.example/?sig={HIDDEN}&v=1"
    )


def test_names_that_were_spared_stay_readable() -> None:
    redactor = knowing("production", "desk-one")
    redactor.spare("production", "persona.desk-one")
    assert redactor.hide("workspace production: persona.desk-one") == "workspace production: persona.desk-one"
    assert redactor.hide("the greeting desk-one") == f"the greeting {HIDDEN}"


@dataclass(frozen=True, slots=True)
class Note:
    text: str
    path: str = "/greeting"
    about: Address | None = None
    more: tuple[dict[str, str], ...] = ()


def test_records_are_hidden_in_and_their_names_stay() -> None:
    redactor = knowing("greeting-text")
    note = Note(
        "says greeting-text", "/greeting-text", Address("persona", "greeting-text"), ({"greeting-text": "x"},)
    )
    assert redactor.record(note) == Note(f"says {HIDDEN}", note.path, note.about, note.more)
    assert redactor.record([note, "greeting-text"]) == [redactor.record(note), HIDDEN]
    assert is_mask(redactor.record({"a": "greeting-text"})["a"])
    clean = Note("nothing", more=({"a": "b"},))
    assert redactor.record(clean) is clean


def test_an_error_and_what_it_came_from() -> None:
    redactor = knowing("0123456789")
    error = ReconcilerError("no 0123456789", hint="try 0123456789")
    error.__cause__ = ValueError("bad 0123456789")
    redactor.error(error)
    assert (error.message, error.hint, str(error)) == (f"no {HIDDEN}", f"try {HIDDEN}", f"no {HIDDEN}")
    assert str(error.__cause__) == f"bad {HIDDEN}"


def test_what_is_resolved_is_learnt() -> None:
    class Vault:
        def resolve(self, reference: object) -> str | None:
            return "0123456789"

    redactor = Redactor()
    assert Learning(Vault(), redactor).resolve(SecretRef("env", "X")) == "0123456789"
    assert union([redactor, Redactor()]).hide("0123456789") == HIDDEN


@pytest.mark.parametrize("text", [" \\" * 2000, "\\" * 5000, " " * 20000, "%25" * 5000, "&amp;" * 5000, "a" * 20000])
def test_no_text_is_costly(text: str) -> None:
    secret = "a \\ b\x00 \\\\ \x01\x02 c&d%e  f g h i"
    redactor = knowing(secret, "a" * 300)
    assert redactor.hide(text + secret) != text + secret


def test_several_redactors_together_know_and_spare_what_each_does() -> None:
    one, other = knowing("production"), knowing("0123456789")
    one.spare("production")
    both = union([one, other])
    assert both.hide("production 0123456789") == f"production {HIDDEN}"
    assert (one.hide("0123456789"), other.hide("production")) == ("0123456789", "production"), (
        "and change none of them"
    )


def test_errors_that_came_from_each_other_in_a_circle_are_each_hidden_in() -> None:
    errors = [ValueError(f"no 0123456789 {number}") for number in range(3)]
    for error, origin in zip(errors, [*errors[1:], errors[0]], strict=True):
        error.__context__ = origin
    knowing("0123456789").error(errors[0])
    assert [str(error) for error in errors] == [f"no {HIDDEN} {number}" for number in range(3)]


def test_a_value_inside_another_is_hidden_with_it_and_neighbours_each_alone() -> None:
    redactor = knowing("abcdefgh-ijklmnop", "defgh-ijkl", "ijklmnop-qrstuvwx", "12345678")
    assert redactor.hide("<abcdefgh-ijklmnop>") == f"<{HIDDEN}>"
    assert redactor.hide("<abcdefgh-ijklmnop-qrstuvwx>") == f"<{HIDDEN}>"
    assert redactor.hide("<12345678defgh-ijkl>") == f"<{HIDDEN}{HIDDEN}>"


def test_a_key_file_is_known_as_a_whole_and_its_frame_is_not() -> None:
    frame, end = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"
    redactor = knowing(f"{frame}\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n{end}\n")
    assert redactor.hide(f"a file with {frame} in it") == f"a file with {frame} in it"
    assert redactor.hide(f"<{frame}\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n{end}>") == f"<{HIDDEN}>"
    assert redactor.hide("line 2: kqhkiG9w0BAQEF") == f"line 2: {HIDDEN}"


@pytest.mark.parametrize("of", [list, tuple])
def test_members_that_change_leave_the_others_in_their_places(of: type) -> None:
    redactor, number = knowing("0123456789"), 5
    assert redactor.record(of(["a", "0123456789", number, None, "b"])) == of(["a", HIDDEN, number, None, "b"])
    assert redactor.record({"a": "x", "b": of(["0123456789"])}) == {"a": "x", "b": of([HIDDEN])}
    same = of(["a", number])
    assert redactor.record(same) is same
