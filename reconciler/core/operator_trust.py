"""Whose a host, a command or a variable is that a project file names: the operator's, or only the repository's.

The operator is whoever starts the program: what stands in the environment, on the command line and in the trust file
of the user is theirs. A project file comes with a branch, and a branch may be a stranger's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.core.fields.web_addresses import Endpoint, parse_endpoint
from reconciler.errors import UsageError

# Variables of the environment that are ours.
WORKSPACE = "RECONCILER_WORKSPACE"
DIGEST_KEY = "RECONCILER_DIGEST_KEY"
PREVIOUS_KEY = "RECONCILER_DIGEST_KEY_PREVIOUS"
PLAN_KEY = "RECONCILER_PLAN_KEY"
CACHE_KEY = "RECONCILER_CACHE_KEY"
ALLOWED_HOSTS = "RECONCILER_ALLOWED_HOSTS"
ALLOWED_ENV = "RECONCILER_ALLOWED_ENV"
ALLOWED_COMMANDS = "RECONCILER_ALLOWED_COMMANDS"
CAPS = "RECONCILER_MAX_"
"""What the caps on answers and states begin with; `setting_reader` names them after their settings."""

HANDED_ON = {
    DIGEST_KEY: "any long random text; digests of secrets are made with it",
    PREVIOUS_KEY: "the digest key before this one, until every workspace was applied with the new one",
    PLAN_KEY: "any long random text; saved plans are signed with it, and unsigned ones refused",
    CACHE_KEY: "any long random text; what plans keep to save the next one time is signed with it",
    ALLOWED_HOSTS: "hosts that credentials may go to, where the project file names any beyond the usual ones",
    ALLOWED_ENV: "variables that the project file may name in a bucket, key, region or name",
    ALLOWED_COMMANDS: "the command that the project file may run for an encryption key",
}
"""What an operator gives by the environment alone, because no file of a branch may say it: what a pipeline has to
hand on. The caps can stand in the project file, too, so they are not among them."""

OWN_PREFIX = "RECONCILER_"
PORTS = {"http": "80", "https": "443", "postgresql": "5432"}
"""The port of an address that names none."""

_ADDRESSES = re.compile(r"TF_HTTP_(?:[A-Z]+_)?ADDRESS|AWS_ENDPOINT_URL(?:_S3)?|CI_API_V4_URL")
"""Variables that hold an address of the operator's, whatever the platform."""
_SECRET_NAMES = re.compile(
    r"RECONCILER_(?:(?:CACHE|DIGEST|PLAN|ENCRYPTION)_KEY\w*|ENVIRONMENT|\w*(?:TOKEN|SECRET|PASSWORD|CREDENTIALS?))"
)
"""Variables of our own that are secrets, so that no name of a bucket may be made of them."""
_AUTHORED = re.compile(
    r"CI_(?:COMMIT|MERGE_REQUEST|EXTERNAL_PULL_REQUEST|BUILD_REF)\w*"
    r"|GITHUB_(?:HEAD_REF|BASE_REF|REF\w*|ACTOR\w*|TRIGGERING_ACTOR|EVENT\w*)|BRANCH_NAME|TAG_NAME|CHANGE_\w+|ghprb\w+"
    r"|gitlab\w+|GIT_(?:BRANCH|TAG|COMMIT|AUTHOR|COMMITTER|LOCAL_BRANCH)\w*"
    r"|BITBUCKET_(?:BRANCH|TAG|PR_|COMMIT)\w*|CIRCLE_(?:BRANCH|TAG|PR_|PULL|USERNAME)\w*"
    r"|TRAVIS_(?:COMMIT|BRANCH|TAG|PULL)\w*|BUILDKITE_(?:MESSAGE|BRANCH|TAG|COMMIT|BUILD_AUTHOR|PULL)\w*"
    r"|BUILD_SOURCE\w*|SYSTEM_PULLREQUEST_\w+|DRONE_(?:COMMIT|BRANCH|TAG|PULL|SOURCE)\w*"
    r"|CI_PIPELINE_(?:FORGE_URL|URL)|SEMAPHORE_GIT_\w+|CODEBUILD_(?:WEBHOOK|SOURCE)\w*|APPVEYOR_(?:REPO|PULL)\w*"
)
"""Variables that CI systems fill with words of a commit's or pull request's author: branch, title, message, name."""

_REGION = r"[a-z]{2}(?:-[a-z]+){1,3}-\d"
_STORES = (
    re.compile(
        rf"(?:[a-z0-9.-]+\.)?s3(?:-fips|-accelerate)?(?:\.dualstack)?(?:[.-]{_REGION})?\.amazonaws\.com(?:\.cn)?"
    ),
    re.compile(r"(?:[a-z0-9._-]+\.)?storage\.googleapis\.com"),
    re.compile(
        r"[a-z0-9-]+\.(?:blob|dfs)\.(?:core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)|fabric\.microsoft\.com)"
    ),
)
"""Hosts of S3, Cloud Storage and Blob Storage themselves. Other hosts of these companies may be anybody's machine."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """What a user trusts one project file with."""

    hosts: tuple[str, ...] = ()
    """Each as `host:port`."""
    commands: tuple[str, ...] = ()
    """Each as it stands in the project file."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """What is the operator's because whoever uses the platform has to trust its vendor with it."""

    hosts: tuple[str, ...] = ()
    """Credentials may go to these over https, and to every host below them."""
    addresses: tuple[str, ...] = ()
    """Variables of the environment that hold an address of the vendor's API."""
    credentials: tuple[str, ...] = ()
    """Variables of the environment that hold keys of an account: never shown, also where no file names them."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Tells what is the operator's."""

    variables: Mapping[str, str] = field(default_factory=dict)
    trusted: Callable[[], Trusted] = Trusted
    """Asked only about what is not the operator's by the environment."""
    vendor: Vendor = Vendor()

    def owns(self, place: Endpoint, *, store: bool = False) -> bool:
        """Whether credentials may go to `place`; `store`: they are those of an object store.

        Raises `UsageError` for a list in the environment that cannot be read.
        """
        usual = place.scheme == "https" and port_of(place) == PORTS["https"]
        return (
            place.is_loopback
            or (usual and any(place.host == host or place.host.endswith(f".{host}") for host in self.vendor.hosts))
            or (usual and store and any(pattern.fullmatch(place.host) for pattern in _STORES))
            or any(_same(place, known) for known in self._addresses())
            or (place.scheme == "postgresql" and place.host in _database_hosts(self.variables))
            or self.lists(place)
            or name_of(place) in self.trusted().hosts
        )

    def lists(self, place: Endpoint) -> bool:
        """Whether the list of hosts in the environment names `place`. Raises `UsageError` where it cannot be read."""
        return any(_fits(place, pattern) for pattern in self._patterns())

    def runs(self, command: str) -> bool:
        """Whether `command` may be run: it stands, exactly so, in the environment or in the trust file."""
        lines = self.variables.get(ALLOWED_COMMANDS, "").splitlines()
        return (
            command.strip() in {line.strip() for line in lines if line.strip()} or command in self.trusted().commands
        )

    def lends(self, variable: str) -> bool:
        """Whether `variable` may stand where its value is shown or becomes part of a name: a bucket, a region."""
        if variable in {name.strip() for name in self.variables.get(ALLOWED_ENV, "").split(",")}:
            return True
        return variable.startswith(OWN_PREFIX) and _SECRET_NAMES.fullmatch(variable) is None

    def names_places(self, variable: str) -> bool:
        """Whether an address may come out of `variable`: not where a CI system fills it with an author's words."""
        listed = {name.strip() for name in self.variables.get(ALLOWED_ENV, "").split(",")}
        return variable in listed or _AUTHORED.fullmatch(variable) is None

    def _addresses(self) -> Iterator[Endpoint]:
        for name, value in self.variables.items():
            if value and (name in self.vendor.addresses or _ADDRESSES.fullmatch(name)):
                place = parse_endpoint(value.strip())
                if place is not None:
                    yield place

    def _patterns(self) -> Iterator[str]:
        for entry in self.variables.get(ALLOWED_HOSTS, "").split(","):
            pattern = entry.strip().lower()
            host = pattern.removeprefix("*.")
            place = parse_endpoint(f"https://{host}")
            if pattern and (place is None or not place.host or "/" in host or "@" in host or "*" in host):
                raise UsageError(
                    f"{ALLOWED_HOSTS} holds {entry.strip()!r}, which is no host",
                    hint="a list of hosts with commas, as in state.example.com,*.example.org,10.0.0.5:9000",
                )
            if pattern:
                yield pattern


def port_of(place: Endpoint) -> str:
    """The port, also where the address names none; without zeros in front."""
    return (place.port.lstrip("0") or "0") if place.port else PORTS.get(place.scheme, "")


def name_of(place: Endpoint) -> str:
    """`host:port`, as the trust file has it."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    return f"{host}:{port_of(place)}"


def _same(place: Endpoint, known: Endpoint) -> bool:
    return (place.scheme, place.host, port_of(place)) == (known.scheme, known.host, port_of(known))


def _fits(place: Endpoint, pattern: str) -> bool:
    """An entry without a port stands for every port of its host."""
    wide = pattern.startswith("*.")
    known = parse_endpoint(f"//{pattern.removeprefix('*.')}")
    if known is None or (known.port and port_of(known) != port_of(place)):
        return False
    return place.host.endswith(f".{known.host}") if wide else place.host == known.host


def _database_hosts(variables: Mapping[str, str]) -> frozenset[str]:
    named = ",".join(variables.get(name, "") for name in ("PGHOST", "PGHOSTADDR"))
    return frozenset(host.strip().lower().rstrip(".") for host in named.split(",") if host.strip())
