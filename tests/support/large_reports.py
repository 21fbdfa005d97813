"""Reports that are too large for a comment: many changes, long prompts, texts of several bytes a character."""

from __future__ import annotations

from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change, Direction, FieldChange, Reason
from reconciler.types.plan import DriftField, Summary
from reconciler.types.report import Report
from tests.support.records import change_of, drift_of
from tests.support.reports import long_text, make_plan, update

SCRIPTS = {
    "cjk": "保険契約番号を確認してから、状況を丁寧に説明してください。",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈👍🏽🇩🇪",
    "rtl": "יש לבקש את מספר הפוליסה לפני כל דבר אחר. شكرا لك.",
    "marks": "<b>&amp;</b> `*_[]()` | @everyone #1 ::error:: ]]> ${{ x }}",
}


def named(number: int) -> Address:
    return Address("persona", f"desk-{number:05}")


def prompt_update(number: int, before: str, after: str) -> Change:
    return update(named(number), FieldChange("/system_prompt", Direction.GIT, before, after))


def many_prompts(count: int) -> Report:
    """`count` updates of prompts of about 20 kB each; one in ten is blocked, the last one is a delete."""
    changes = [prompt_update(number, long_text(1), long_text(2 + number % 7)) for number in range(count - 1)]
    changes = [
        change_of(
            one.address, one.action, one.reason, one.id, fields=one.fields,
            blocked=(Block("max_prompt_tokens", "it is too long", "shorten it", "/system_prompt"),),
        )
        if index % 10 == 9
        else one
        for index, one in enumerate(changes)
    ]  # fmt: skip
    last = change_of(named(count - 1), Action.DELETE, Reason.NOT_IN_MANIFESTS, "p9", before={"pal_name": "Gone"})
    return Report("plan", "sandbox", make_plan(*changes, last, summary=Summary(changed=count - 1, destroyed=1)))


def scripted(script: str, size: int) -> Report:
    """One prompt of `size` characters in another script, every third line changed, as change and as drift."""
    line = SCRIPTS[script]
    lines = [f"{number} {line}" for number in range(size // len(line))]
    edited = [f"{one} !{number}" if number % 3 == 0 else one for number, one in enumerate(lines)]
    before, after = "\n".join(lines), "\n".join(edited)
    drift = drift_of(named(1), "p1", (DriftField("/system_prompt", Direction.LIVE, before, after),))
    return Report(
        "plan", "sandbox", make_plan(prompt_update(0, before, after), drift=(drift,), summary=Summary(changed=1))
    )


def one_line(size: int) -> Report:
    """A prompt of `size` characters without a single line end, a few words of it changed."""
    words = [f"word{number}" for number in range(size // 9)]
    edited = [f"new{number}" if number % 50 == 0 else word for number, word in enumerate(words)]
    return Report(
        "plan",
        "sandbox",
        make_plan(prompt_update(0, " ".join(words), " ".join(edited)), summary=Summary(changed=1)),
    )


def many_fields(count: int) -> Report:
    """One object with so many changed fields."""
    fields = tuple(
        FieldChange(f"/layers/llm/extra_body/f{number}", Direction.GIT, number, number + 1) for number in range(count)
    )
    return Report("plan", "sandbox", make_plan(update(named(0), *fields), summary=Summary(changed=1)))


def many_small(count: int) -> Report:
    """So many updates of one short field."""
    changes = [update(named(n), FieldChange("/greeting", Direction.GIT, "Hi.", f"Hello {n}.")) for n in range(count)]
    return Report("plan", "sandbox", make_plan(*changes, summary=Summary(changed=count)))
