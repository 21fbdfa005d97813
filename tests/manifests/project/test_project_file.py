"""The project file, and what there is without one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.core.platform import Platform
from reconciler.errors import ManifestError, UsageError
from reconciler.manifests.project import project_file, read_catalogue
from reconciler.types.address import SecretRef
from reconciler.types.catalogue import Catalogue
from reconciler.types.json import Object
from reconciler.types.project import Account, BackendSettings, FleetSettings, Policy
from tests.support.manifestfolder import Folder
from tests.support.projects import load_project

HEAD = "apiVersion: personas/v1\nkind: Project\nmetadata: {name: northwind}\n"
FULL = (
    HEAD
    + """default_workspace: sandbox
workspaces:
  sandbox:
    provider: {type: simulator}
  production:
    provider:
      type: tavus
      api_key: {env: TAVUS_API_KEY}
      base_url: https://tavusapi.com/v2
      vocabulary: persona
    state: {backend: s3, bucket: b, secret_access_key: {file: key.txt}}
    overlays: [overlays/production]
    policy: {deletes: never, max_change_percent: 12.5, min_resources: 3}
    parallelism: 4
    max_requests_per_second: 2.5
    give_up_after: 90s
"""
)


def test_accounts_and_the_fleet(folder: Folder) -> None:
    folder.write(
        "manifests/reconciler.yaml",
        HEAD
        + """accounts:
  main: {requests_per_second: 20, concurrency: 5, shared: {backend: postgres, dsn: {env: DATABASE}, name: us}}
fleet: {address: {env: TEMPORAL}, namespace: us, heartbeat: 10s, lease: 30s}
workspaces:
  a: {provider: {type: tavus, account: main}}
  b: {provider: {type: simulator}}
""",
    )
    project = load_project(folder.root)
    shared = BackendSettings("postgres", {"dsn": SecretRef("env", "DATABASE"), "name": "us"})
    assert project.workspaces["a"].account == Account("main", 20, 5, shared)
    assert "account" not in project.workspaces["a"].provider.settings
    assert project.workspaces["b"].account is None
    assert project.fleet == FleetSettings(SecretRef("env", "TEMPORAL"), "us", 10.0, 30.0)


def test_every_setting(folder: Folder) -> None:
    file = folder.write("manifests/reconciler.yaml", FULL)
    project = load_project(folder.root)
    assert (project.name, project.default_workspace) == ("northwind", "sandbox")
    assert (project.root, project.home, project.file) == (str(folder.root), str(file.parent), str(file))
    assert project.manifests == (str(file.parent),)
    workspace = project.workspaces["production"]
    assert workspace.provider.type == "tavus"
    assert workspace.provider.vocabulary == "persona"
    assert workspace.provider.settings == {
        "api_key": SecretRef("env", "TAVUS_API_KEY"),
        "base_url": "https://tavusapi.com/v2",
    }
    assert workspace.state.type == "s3"
    assert workspace.state.settings == {"bucket": "b", "secret_access_key": SecretRef("file", "key.txt")}
    assert workspace.overlays == ("overlays/production",)
    assert workspace.policy == Policy("never", 12.5, 3)
    assert (workspace.parallelism, workspace.max_requests_per_second, workspace.give_up_after) == (4, 2.5, 90.0)
    sandbox = project.workspaces["sandbox"]
    assert (sandbox.state.type, sandbox.policy, sandbox.parallelism) == ("local", Policy(), 10)
    assert sandbox.give_up_after == 600.0


def test_every_policy(folder: Folder) -> None:
    policy = """    policy:
      max_deletes: 2
      protected: [persona.prod-*, "*"]
      allowed_models: [tavus-*]
      denied_models: [tavus-gpt-4*]
      allowed_hosts: ["*.northwind.example", "[::1]:8080"]
      https_only: true
      max_prompt_tokens: 5000
      no_deprecated: true
"""
    folder.write("reconciler.yaml", HEAD + "workspaces:\n  sandbox:\n    provider: {type: simulator}\n" + policy)
    assert load_project(folder.root).workspaces["sandbox"].policy == Policy(
        max_deletes=2,
        protected=("persona.prod-*", "*"),
        allowed_models=("tavus-*",),
        denied_models=("tavus-gpt-4*",),
        allowed_hosts=("*.northwind.example", "[::1]:8080"),
        https_only=True,
        max_prompt_tokens=5000,
        no_deprecated=True,
    )


def test_the_record_and_the_shape_in_the_file_have_the_same_keys() -> None:
    from reconciler.manifests.project.project_model import PolicyModel

    assert list(PolicyModel.model_fields) == list(Policy.__dataclass_fields__)
    assert Policy(**{key: tuple(value) if isinstance(value, list) else value for key, value in PolicyModel()}) == (
        Policy()
    )


def test_without_a_file_there_are_two_workspaces(folder: Folder) -> None:
    project = load_project(folder.root)
    assert set(project.workspaces) == {"tavus", "sandbox"}
    assert project.default_workspace == "sandbox"
    assert project.workspaces["tavus"].provider.settings == {"api_key": SecretRef("env", "TAVUS_API_KEY")}
    assert project.workspaces["sandbox"].provider.type == "simulator"
    assert (project.file, project.root, project.home) == (None, str(folder.root), str(folder.root))
    assert project.manifests == (str(folder.root),)


def test_without_a_file_manifests_are_looked_for_in_their_folder(folder: Folder) -> None:
    folder.persona("inside", path="manifests/inside.yaml")
    folder.persona("outside")
    loaded = folder.load()
    assert loaded.addresses == ["persona.inside"]
    assert loaded.set.manifests[0].source.path == "manifests/inside.yaml"


def test_a_file_without_workspaces_has_the_built_in_ones(folder: Folder) -> None:
    folder.write("reconciler.yaml", HEAD)
    assert set(load_project(folder.root).workspaces) == {"tavus", "sandbox"}


@pytest.mark.parametrize(
    ("files", "manifests", "expected"),
    [
        (["manifests/reconciler.yaml", "reconciler.yaml"], None, "manifests/reconciler.yaml"),
        (["manifests/reconciler.yml"], None, "manifests/reconciler.yml"),
        (["reconciler.yaml"], None, "reconciler.yaml"),
        (["other/reconciler.yaml", "manifests/reconciler.yaml"], ["other"], "other/reconciler.yaml"),
        (["manifests/reconciler.yaml"], ["manifests/a.yaml"], "manifests/reconciler.yaml"),
        (["manifests/reconciler.yaml"], ["elsewhere"], "manifests/reconciler.yaml"),
        (["deep/er/reconciler.yaml"], None, None),
    ],
)
def test_where_the_file_is_found(
    folder: Folder, files: list[str], manifests: list[str] | None, expected: str | None
) -> None:
    for path in files:
        folder.write(path, HEAD)
    project = load_project(folder.root, manifests=manifests)
    assert project.file == (str(folder.root / expected) if expected else None)
    assert project.root == str(folder.root)


def test_a_file_given_by_name(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder.write("a/b/staging.yaml", HEAD)
    (folder.root / "run").mkdir()
    monkeypatch.chdir(folder.root / "run")
    project = load_project(file)
    assert (project.root, project.home) == (str(folder.root / "run"), str(file.parent))
    assert load_project(file, root=folder.root).root == str(folder.root)


def test_a_file_that_is_not_there(folder: Folder) -> None:
    with pytest.raises(UsageError, match="no such project file"):
        load_project(folder.root / "none.yaml")


def test_the_default_workspace(folder: Folder) -> None:
    text = HEAD + "workspaces:\n  one: {provider: {type: simulator}}\n  two: {provider: {type: simulator}}\n"
    folder.write("reconciler.yaml", text)
    assert load_project(folder.root).default_workspace == "one"


WORK = HEAD + "workspaces:\n  a:\n    provider: {type: tavus}\n"


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        (WORK + "    paralelism: 3\n", "7:17", "'parallelism'"),
        (WORK + "    parallelism: '3'\n", "7:18", "a whole number is wanted"),
        (WORK + "    parallelism: 0\n", "7:18", "at least 1"),
        (WORK + "    policy: {delets: deny}\n", "7:22", "'deletes'"),
        (WORK + "    policy: {deletes: maybe}\n", "7:23", "deny or allow or never"),
        (WORK + "    policy: {max_change_percent: 130}\n", "7:34", "at most 100"),
        (WORK + "    policy: {allowed_model: [x]}\n", "7:29", "'allowed_models'"),
        (WORK + "    policy: {allowed_models: []}\n", "7:30", "it is empty"),
        (WORK + "    policy: {allowed_hosts: x.example}\n", "7:29", "list"),
        (WORK + "    policy: {allowed_hosts: ['https://x.example/']}\n", "7:30", "without scheme"),
        (WORK + "    policy: {protected: [personas.x]}\n", "7:26", "persona.prod-*"),
        (WORK + "    policy: {https_only: 'yes'}\n", "7:26", "true or false"),
        (WORK + "    policy: {max_prompt_tokens: 0}\n", "7:33", "at least 1"),
        (WORK + "    policy: {max_deletes: -1}\n", "7:27", "at least 0"),
        (WORK + "    overlays: overlays\n", "7:15", "list"),
        (WORK + "    overlays: [../out]\n", "7:16", "leaves the project"),
        (WORK + "    overlays: [/abs]\n", "7:16", "leaves the project"),
        (WORK + "    max_requests_per_second: -1\n", "7:30", "more than 0"),
        (HEAD + "workspaces: {a: {provider: {type: tavus, bas_url: x}}}\n", "4:51", "'base_url'"),
        (HEAD + "workspaces: {a: {provider: {type: simulator, fault: x}}}\n", "4:53", "'faults'"),
        (HEAD + "workspaces: {a: {provider: {type: simulator}, state: {pth: x}}}\n", "4:60", "'path'"),
        (HEAD + "workspaces: {a: {provider: {type: tavus, api_key: abc}}}\n", "4:51", "{env: NAME}"),
        (HEAD + "workspaces: {a: {provider: {type: tavus, api_key: {env: 'A B'}}}}\n", "4:51", "environment"),
        (HEAD + "workspaces: {a: {provider: {type: tavus, vocabulary: pals}}}\n", "4:54", "pal or persona"),
        (HEAD + "workspaces: {a: {provider: {}}}\n", "4:28", "'type' is missing"),
        (HEAD + "workspaces: {a: {}}\n", "4:17", "'provider' is missing"),
        (HEAD + "workspaces: {a b: {provider: {type: tavus}}}\n", "4:19", "is no name"),
        (HEAD + "workspaces: {a: {provider: {type: tavus, account: man}}}\n", "4:51", "accounts: {man:"),
        (HEAD + "accounts: {main: {}}\nworkspaces: {a: {provider: {type: tavus, account: man}}}\n", "5:51", "'main'"),
        (HEAD + "accounts: {main: {requests_per_secnd: 2}}\n", "4:39", "'requests_per_second'"),
        (HEAD + "accounts: {main: {requests_per_second: 0}}\n", "4:40", "more than 0"),
        (HEAD + "accounts: {main: {requests_per_second: 20/s}}\n", "4:40", "a number"),
        (HEAD + "accounts: {main: {concurrency: 1.5}}\n", "4:32", "whole number"),
        (HEAD + "accounts: {main: {shared: {backend: postgres}}}\n", "4:18", "requests_per_second"),
        (HEAD + "accounts: {main: {requests_per_second: 2, shared: {backend: redis}}}\n", "4:61", "postgres"),
        (HEAD + "accounts: {main: {requests_per_second: 2, shared: {backend: postgres, ds: x}}}\n", "4:75", "'dsn'"),
        (
            HEAD + "accounts: {main: {requests_per_second: 2, shared: {backend: postgres, password: x}}}\n",
            "4:81",
            "env",
        ),
        (HEAD + "fleet: {adress: x}\n", "4:17", "'address'"),
        (HEAD + "fleet: {address: 'http://x:1'}\n", "4:18", "HOST:PORT"),
        (HEAD + "fleet: {address: {env: 'A B'}}\n", "4:18", "environment"),
        (HEAD + "fleet: {address: {file: x}}\n", "4:18", "env"),
        (HEAD + "fleet: {lease: 5s}\n", "4:8", "between 15s and 1h"),
        (HEAD + "fleet: {heartbeat: 60s}\n", "4:8", "shorter than lease"),
        (HEAD + "fleet: {engine: cron}\n", "4:17", "temporal"),
        (HEAD + "defalt_workspace: a\n", "4:19", "'default_workspace'"),
        (HEAD + "default_workspace: sandbx\n", "4:20", "'sandbox'"),
        ("apiVersion: personas/v2\nkind: Project\nmetadata: {name: x}\n", "1:13", "personas/v1"),
        ("kind: Project\nmetadata: {name: x}\n", "1:1", "'apiVersion' is missing"),
        ("- a\n", "1:1", "one mapping"),
        ("", "1:1", "one mapping"),
        (HEAD + "---\n" + HEAD, "1:1", "one mapping"),
        (HEAD + "a: [\n", "5:1", "YAML"),
        (HEAD + "kind: Project\n", "4:1", "stands twice"),
    ],
)
def test_errors_have_places_and_suggestions(folder: Folder, text: str, place: str, word: str) -> None:
    folder.write("manifests/reconciler.yaml", text)
    with pytest.raises(ManifestError) as caught:
        load_project(folder.root)
    found = [(str(item.span), item.summary + (item.hint or "")) for item in caught.value.diagnostics]
    assert [where for where, _ in found if where == f"manifests/reconciler.yaml:{place}"], found
    assert any(word in what for _, what in found), found


def test_all_errors_at_once(folder: Folder) -> None:
    folder.write("reconciler.yaml", WORK + "    paralelism: 3\n    overlays: 1\nfoo: 1\n")
    with pytest.raises(ManifestError) as caught:
        load_project(folder.root)
    assert [item.span.line for item in caught.value.diagnostics if item.span] == [7, 8, 9]


def test_settings_of_other_plug_ins_pass(folder: Folder) -> None:
    folder.write("reconciler.yaml", HEAD + "workspaces: {a: {provider: {type: acme, region: eu, n: {x: 1}}}}\n")
    assert load_project(folder.root).workspaces["a"].provider.settings == {"region": "eu", "n": {"x": 1}}


def test_the_project_file_is_no_manifest_and_counts_as_input(folder: Folder) -> None:
    folder.write("reconciler.yaml", HEAD)
    folder.persona("a")
    loaded = folder.load()
    assert loaded.addresses == ["persona.a"]
    assert loaded.found() == []
    folder.write("reconciler.yaml", HEAD + "# changed\n")
    assert folder.load().set.inputs_digest != loaded.set.inputs_digest


def test_bytes_that_are_no_text(folder: Folder) -> None:
    folder.write("reconciler.yaml", b"\xff")
    with pytest.raises(ManifestError) as caught:
        load_project(folder.root)
    assert caught.value.diagnostics[0].code == "E-encoding"


def test_a_project_without_a_file_imports_no_pydantic(folder: Folder) -> None:
    import subprocess
    import sys

    repository = Path(__file__).parents[3]
    code = (
        f"import sys; sys.path.insert(0, {str(repository)!r});"
        "from reconciler.manifests.project.project_file import load_project;"
        "from reconciler.platforms import PLATFORMS;"
        f"load_project({str(folder.root)!r}, PLATFORMS);"
        "print([m for m in ('pydantic', 'yaml', 'httpx', 'click') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_file_that_did_not_change_is_read_once_and_one_that_did_anew(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    parse = project_file._parse

    def counted(text: str, *rest: Any) -> Any:
        parsed.append(text)
        return parse(text, *rest)

    monkeypatch.setattr(project_file, "_parse", counted)
    folder.write("reconciler.yaml", HEAD + "workspaces: {counted: {provider: {type: simulator}}}\n")
    first = load_project(folder.root)
    assert load_project(folder.root) == first
    assert len(parsed) == 1
    folder.write("reconciler.yaml", HEAD + "workspaces: {another: {provider: {type: simulator}}}\n")
    assert list(load_project(folder.root).workspaces) == ["another"]
    for number in range(20):
        folder.write("reconciler.yaml", HEAD + f"default_workspace: sandbox # {number}\n")
        load_project(folder.root)
    assert len(project_file._READ) <= project_file.MOST_READ


def test_a_catalogue_that_did_not_change_is_parsed_once_and_one_that_did_anew(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged: list[object] = []
    load = read_catalogue.load_catalogue

    def counted(platform: Platform, overrides: Object | None = None) -> Catalogue:
        merged.append(overrides)
        return load(platform, overrides)

    monkeypatch.setattr(read_catalogue, "load_catalogue", counted)
    folder.write("reconciler.yaml", HEAD + "catalogue: ours.yaml\n")
    folder.write("ours.yaml", "chars_per_token: 7\n")
    first = load_project(folder.root)
    assert load_project(folder.root) == first
    assert merged == [{"chars_per_token": 7}]
    folder.write("ours.yaml", "chars_per_token: 8\n")
    assert [project.catalogue.chars_per_token for project in [load_project(folder.root)] if project.catalogue] == [8]
    for wrong in ("chars_per_token: many\n", "[]\n"):
        folder.write("ours.yaml", wrong)
        for _ in range(2):
            with pytest.raises(ManifestError, match=r"ours\.yaml is not a valid catalogue"):
                load_project(folder.root)
    (folder.root / "ours.yaml").unlink()
    for _ in range(2):
        with pytest.raises(ManifestError) as told:
            load_project(folder.root)
        assert [one.summary for one in told.value.diagnostics] == ["there is no catalogue ours.yaml"]
    folder.write("ours.yaml", "chars_per_token: 7\n")
    assert load_project(folder.root) == first


def test_a_catalogue_beside_an_unknown_workspace_leaves_the_error_to_be_told(folder: Folder) -> None:
    folder.write("reconciler.yaml", HEAD + "catalogue: ours.yaml\ndefault_workspace: nowhere\n")
    folder.write("ours.yaml", "chars_per_token: 7\n")
    with pytest.raises(ManifestError) as told:
        load_project(folder.root)
    assert any("'nowhere' is none of the workspaces" in one.summary for one in told.value.diagnostics)
