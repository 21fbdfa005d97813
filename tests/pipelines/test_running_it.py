"""What the pages give to copy for machines that run it: units of systemd, a Deployment for Kubernetes."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import forked

PAGES = Path(__file__).resolve().parents[2] / ".github"
UNITS = [
    (page, text)
    for page in ("CONTINUOUS.md", "PIPELINES.md")
    for text in re.findall(r"```ini\n(.*?)```", (PAGES / page).read_text("utf-8"), re.DOTALL)
]


def unit(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    return parser


@pytest.mark.parametrize(("page", "text"), UNITS)
def test_a_unit_can_be_enabled_or_is_started_by_one_that_can(page: str, text: str, tmp_path: Path) -> None:
    found = unit(text)
    assert "Install" in found or found["Service"]["Type"] == "oneshot"
    if "Service" in found:
        words = found["Service"]["ExecStart"].split()
        assert words[0].endswith("/reconciler")
        flags = [word.partition("=")[0] for word in words if word.startswith("--")]
        help_text = forked.run(
            [sys.executable, "-m", "reconciler", words[1], "--help"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        assert all(flag in help_text for flag in flags), help_text
        assert found["Service"]["User"] != "root"


@pytest.mark.rare
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize(("page", "text"), UNITS)
def test_systemd_takes_the_unit(page: str, text: str, tmp_path: Path) -> None:
    kind = "timer" if "[Timer]" in text else "service"
    path = tmp_path / f"reconciler.{kind}"
    # What the page calls by its place on that machine is not here.
    path.write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", text))
    if kind == "timer":
        (tmp_path / "reconciler.service").write_text("[Service]\nExecStart=/bin/true\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(path)], capture_output=True, text=True, check=False
    )
    ours = [
        line for line in (done.stdout + done.stderr).splitlines() if str(tmp_path) in line or "reconciler" in line
    ]
    assert ours == []


def test_the_deployment_fits_together_and_probes_what_is_served() -> None:
    text = (PAGES / "CONTINUOUS.md").read_text("utf-8")
    (found,) = [
        document
        for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
        if isinstance(document := yaml.safe_load(block), dict) and document.get("kind") == "Deployment"
    ]
    spec: dict[str, Any] = found["spec"]
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    assert (spec["replicas"], spec["strategy"]["type"]) == (1, "Recreate")
    pod = spec["template"]["spec"]
    (watch,) = pod["containers"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    mounts = [mount for one in (*pod["initContainers"], watch) for mount in one["volumeMounts"]]
    assert {mount["name"] for mount in mounts} == volumes
    ports = {port["name"]: port["containerPort"] for port in watch["ports"]}
    assert watch["args"][-1].endswith(f":{ports['http']}")
    assert watch["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert watch["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    dockerfile = (PAGES / "Dockerfile").read_text("utf-8")
    assert f"--uid {pod['securityContext']['runAsUser']} " in dockerfile
    assert f"WORKDIR {watch['volumeMounts'][0]['mountPath']}" in dockerfile
    assert pod["terminationGracePeriodSeconds"] > 100, "longer than a worker lets its requests end"
