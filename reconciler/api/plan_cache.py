"""Verdicts of earlier runs: a plan that found nothing to do still holds while all that was read for it is as it was.

The next run asks the same questions again, of the files, the secrets, the state and the account, and compares what it
is told with what was told then: nothing is parsed, and nothing is compared field by field. Only reading runs take a
verdict; an apply looks for itself.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from reconciler.api.cache_folder import FOLDER, MOST, MOST_EACH, CacheFolder, find_key, find_obstacle, program
from reconciler.api.paths import STATE_FOLDER
from reconciler.api.run_recording import ACCOUNT, ANSWER, SECRET, STATE, TREE, Recording
from reconciler.core.planning.run_trace import MARK, Question, Trace
from reconciler.errors import Interrupted, ProviderError
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.event import Notice
from reconciler.types.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from reconciler.api.session import Session
    from reconciler.types.json import Json
    from reconciler.types.kind import Kinds
    from reconciler.types.options import PlanOptions
    from reconciler.types.project import Workspace

STAGES = ((TREE, SECRET), (STATE, ACCOUNT), (ANSWER,))
"""What is asked one after the other: nothing is connected where the files moved, or sent where the state did."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reading run says."""

    plan: Plan
    findings: tuple[Diagnostic, ...] = ()
    """About the manifests."""
    notes: tuple[str, ...] = ()
    """Lines for a person."""
    addresses: tuple[str, ...] = ()
    """Those of the manifests: they stay readable in everything that is shown."""


class NoCache:
    """The cache of a run that has none."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def recall(self) -> Verdict | None:
        """Nothing is known."""
        return None

    @contextmanager
    def recorded(self) -> Iterator[Session]:
        """The session as it is: nobody listens."""
        yield self._session

    def keep(self, verdict: Verdict) -> None:
        """Nothing is kept."""


@dataclass(frozen=True, slots=True)
class PlanCache:
    """The verdict about one thing to ask: this verb, these options, this project at this place, this program."""

    session: Session
    folder: CacheFolder
    name: str
    recording: Recording
    options: PlanOptions

    @contextmanager
    def recorded(self) -> Iterator[Session]:
        """The session whose run is heard, and what is read from files meanwhile."""
        from reconciler.core.planning.resource_verdicts import ResourceVerdicts
        from reconciler.manifests.read.parse_cache import StoredDocuments
        from reconciler.manifests.tree.file_tree import listening

        entries = self.folder.entries(self.folder.name("documents", program(), self.session.workspace.provider.type))
        session = self.session
        if session.sources.known is None:
            session = session.with_sources(known=StoredDocuments(entries))
        name, recording = self.folder.name("resources", self.name), self.recording
        verdicts = ResourceVerdicts(lambda: self.folder.read(name), self.folder.key)
        if _each_for_itself(session, self.options):
            recording = replace(recording, verdicts=verdicts)
        try:
            with listening(recording.asked_tree):
                yield replace(session, recording=recording, emit=recording.emit(session.emit))
        finally:
            entries.save()
            if recording.trace.exact and (found := verdicts.dump()) is not None:
                self.folder.write(name, found)

    def recall(self) -> Verdict | None:
        """What was said when everything was as it is now; None where something moved or nothing is known.

        Answers of the account that were read for this are handed to the run that follows. Raises what connecting to
        the account and to the state raises, and `Interrupted`.
        """
        kept = _parse(self.folder.read(self.name))
        if kept is None:
            return None
        now = Recording(Trace(self.folder.key))
        try:
            if not self._ask_files(now, kept) or not self._ask_account(now, kept):
                return None
        except (KeyError, ValueError, TypeError):  # a question that nobody answers any more
            return None
        except ProviderError as error:
            if isinstance(error, Interrupted):
                raise
            return None
        finally:
            self.recording.answers.update(now.answers)
        verdict = _decode(kept.verdict, self.session.workspace.kinds)
        if verdict is not None:
            self.recording.answers.clear()
            self.session.redactor.spare(*verdict.addresses)
        return verdict

    def _ask_files(self, now: Recording, kept: _Kept) -> bool:
        """Whether files and secrets are as they were. What was written since is asked first: where it says something
        else, the others are read by the run alone."""
        from reconciler.api.manifests import known_secrets
        from reconciler.manifests.tree.file_tree import RecordedTree, WorkTree, ask_again
        from reconciler.types.address import SecretRef

        tree = RecordedTree(WorkTree(), now.asked_tree)
        asked = [(index, question) for index, question in enumerate(kept.questions[0]) if question[0] == TREE]
        newer = {number: question for number, question in asked if _written_since(question, kept.at)}
        for number, question in newer.items():
            ask_again(tree, question[1:])
            if now.trace.marks([question]) != kept.marks[0][MARK * number : MARK * (number + 1)]:
                return False
        for number, question in asked:
            if number not in newer:
                ask_again(tree, question[1:])
        resolve = now.secrets(known_secrets(self.session)).resolve
        for _, kind, name in kept.of(SECRET):
            resolve(SecretRef(kind, name))
        return kept.holds(now.trace, 0)

    def _ask_account(self, now: Recording, kept: _Kept) -> bool:
        """Whether state and account are as they were, and nobody is at work on the state."""
        from reconciler.api.connect import reading_run
        from reconciler.api.manifests import known_secrets
        from reconciler.platforms.base import Repeats

        with reading_run(self.session, known_secrets(self.session)) as context:
            provider, store = context.provider, context.store
            if not isinstance(provider, Repeats):
                return False
            now.read_state(store, store.read())
            now.connected(provider)
            if not kept.holds(now.trace, 1):
                return False
            requests = [request for _, request in kept.of(ANSWER)]
            with closing(_each(provider.repeat, requests, self.session.workspace.parallelism)) as answers:
                for request, answer in zip(requests, answers, strict=True):
                    now.heard(request, answer)
                    now.answers[request] = answer
            held = store.shows_holder and store.holder() is not None
            now.read_state(store, store.read())
            return kept.holds(now.trace, 2) and not held and now.trace.exact

    def keep(self, verdict: Verdict) -> None:
        """Remember a verdict that there is nothing to do, with everything that it rests on."""
        from reconciler.core.serialization.record_codec import to_json

        plan, trace = verdict.plan, self.recording.trace
        in_sync = not (plan.changes or plan.drift or plan.all_blocks or plan.kept) and plan.applyable
        if not in_sync or not trace.exact or not trace.questions(ANSWER):
            return
        written = to_json(verdict)
        again = _decode(written, self.session.workspace.kinds)
        if again is None or to_json(again) != written:
            return
        questions = [trace.questions(*whom) for whom in STAGES]
        document = {
            "at": time.time(),
            "questions": questions,
            "marks": [trace.marks(asked) for asked in questions],
            "verdict": written,
        }
        self.folder.write(self.name, json.dumps(document).encode("utf-8"))


def open_cache(session: Session, verb: str, options: PlanOptions) -> PlanCache | NoCache:
    """The cache of a reading run. It has none where somebody said so, where it reads a commit or texts that are no
    files, what is new by the clock, and where there is no key to trust a file with."""
    if (
        options.since
        or not session.cached
        or session.sources.ref is not None
        or session.sources.texts
        or session.sources.unmoved
    ):
        return NoCache(session)
    place = next((parent for parent in session.folder.parents if parent.name == STATE_FOLDER), None)
    key = find_key(session.environ, session.project)
    if place is None or key is None or FOLDER in session.project.workspaces:
        return NoCache(session)
    if (obstacle := find_obstacle(place / FOLDER)) is not None:
        session.emit(Notice(f"the cache is not used: {obstacle}", "warning"))
        return NoCache(session)
    folder = CacheFolder(place / FOLDER, key, MOST + MOST_EACH * len(session.project.workspaces))
    name = folder.name(verb, *_circumstances(session, options))
    return PlanCache(session, folder, name, Recording(Trace(key)), options)


def _each_for_itself(session: Session, options: PlanOptions) -> bool:
    """Whether a resource in sync can be known by that alone: nothing else is asked about it, and all manifests are
    read."""
    from reconciler.core.policies import POLICIES

    policy = session.workspace.policy
    judged = any(rule.values is not None and rule.active(policy) for rule in POLICIES.all().values())
    asked = (options.record, options.replace, options.destroy, options.refresh_only, options.migrate)
    return not (judged or any(asked) or options.resend_secrets or session.sources.paths)


def _circumstances(session: Session, options: PlanOptions) -> tuple[object, ...]:
    """All that a run is told and does not ask for."""
    from reconciler.manifests.tree.repository import link_boundary_of

    sources, base = session.sources, session.project.base
    paths = [os.path.realpath(os.path.join(base, path)) for path in sources.paths]  # noqa: PTH118
    return (
        program(),
        os.getcwd(),  # noqa: PTH109 - as texts show paths relative to it
        options,
        replace(session.project, workspaces={}),
        _all_of(_Same(session.project.workspaces)),
        session.workspace,
        sources.paths,
        sources.allow_literal_secrets,
        link_boundary_of(session.project).and_around(*paths),
        session.digest_key,
        session.previous_key,
    )


class _Same:
    """The workspaces of a project file as it was read: the same ones for every round until the file is another."""

    __slots__ = ("workspaces",)

    def __init__(self, workspaces: Mapping[str, Workspace]) -> None:
        self.workspaces = workspaces

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.workspaces is self.workspaces

    def __hash__(self) -> int:
        return id(self.workspaces)


@lru_cache(maxsize=8)
def _all_of(same: _Same) -> str:
    """A digest of all workspaces: a run over one excludes the overlays of the others, knows their names, and migrates
    only what can be migrated in each."""
    return blake2b(repr(same.workspaces).encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


@dataclass(frozen=True, slots=True)
class _Kept:
    """The content of a file of the cache."""

    questions: list[list[Question]]
    """By stage."""
    marks: list[str]
    """Those of the answers, by stage."""
    verdict: Json
    at: float
    """When it was kept, in seconds since 1970."""

    def holds(self, now: Trace, stage: int) -> bool:
        """Whether the answers of a stage are what they were. Raises `KeyError` where not all were asked for."""
        return now.marks(self.questions[stage]) == self.marks[stage]

    def of(self, whom: str) -> list[Question]:
        """What was asked of `whom`."""
        return [question for asked in self.questions for question in asked if question[0] == whom]


def _parse(content: bytes | None) -> _Kept | None:
    if content is None:
        return None
    try:
        found = json.loads(content)
        questions = [[tuple(map(str, question)) for question in asked] for asked in found["questions"]]
        if len(questions) != len(STAGES):
            return None
        return _Kept(questions, [*map(str, found["marks"])], found["verdict"], float(found["at"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _written_since(question: Question, at: float) -> bool:
    """Whether a question is about a file that seems to have been written since. It says what is worth asking first,
    and nothing more: times of files can be set."""
    if question[1] != "read":
        return False
    try:
        return os.stat(question[2]).st_mtime >= at - 2  # noqa: PTH116 - plain strings: this runs once a file
    except OSError:
        return True


def _decode(document: Json, kinds: Kinds) -> Verdict | None:
    from reconciler.core.serialization.checked_json import Malformed
    from reconciler.core.serialization.record_codec import from_json

    try:
        return from_json(Verdict, document, kinds=kinds)
    except Malformed:
        return None


def _each(ask: Callable[[str], bytes], requests: list[str], width: int) -> Generator[bytes]:
    """The answers in the order of the requests, several asked at a time. Raises the first error that comes up."""
    if len(requests) < 2 or width < 2:
        yield from map(ask, requests)
        return
    with ThreadPoolExecutor(min(width, len(requests)), thread_name_prefix="answers") as pool:
        yield from pool.map(ask, requests)
