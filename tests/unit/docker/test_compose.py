"""What docker/ says, against what AWS's image of Glue is (docs/docker.md names the pages) and against itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
COMPOSE = ROOT / "docker" / "compose.yaml"
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()
WORKSPACE = "/home/hadoop/workspace"

Service = dict[str, Any]


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return loaded


@pytest.fixture(scope="module")
def services(project: dict[str, Any]) -> dict[str, Service]:
    found: dict[str, Service] = project["services"]
    return found


@pytest.fixture(scope="module")
def glue(services: dict[str, Service]) -> Service:
    return services["glue"]


def make(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [shutil.which("make") or "make", "--file", "docker/docker.mk", "--no-print-directory", *arguments]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "GLUE_"))}
    return subprocess.run(command, cwd=ROOT, env={**clean, **(env or {})}, capture_output=True, text=True, check=False)


def commands(target: str, *variables: str) -> list[str]:
    """What a target would run in a container: the command line after `docker compose`."""
    done = make("--dry-run", target, *variables)
    assert done.returncode == 0, done.stderr
    return [
        line.removeprefix("docker compose --file docker/compose.yaml ")
        for line in done.stdout.splitlines()
        if line.startswith("docker compose --file")
    ]


def test_the_image_is_that_of_the_glue_version_that_the_tests_pin(glue: Service) -> None:
    (tag,) = re.findall(r"^ARG GLUE_IMAGE_TAG=(.+)$", DOCKERFILE, re.MULTILINE)
    (pinned,) = re.findall(r"^awsgluedataplanepython==(\S+)", (ROOT / "requirements/run.txt").read_text(), re.MULTILINE)

    assert re.findall(r"^FROM (.+)$", DOCKERFILE, re.MULTILINE) == [
        "public.ecr.aws/glue/aws-glue-libs:${GLUE_IMAGE_TAG}"
    ]
    assert tag == pinned
    variable = "${GLUE_IMAGE_TAG:-" + tag + "}"
    assert glue["build"]["args"] == {"GLUE_IMAGE_TAG": variable}
    assert glue["image"].endswith(":" + variable)


def test_the_container_is_as_aws_describes_its_image(glue: Service) -> None:
    assert (glue["user"], glue["working_dir"]) == ("hadoop", WORKSPACE)
    assert re.findall(r"^(?:USER|WORKDIR) (.+)$", DOCKERFILE, re.MULTILINE) == ["hadoop", "/home/hadoop", WORKSPACE]
    assert re.findall(r"^ARG GLUE_PYTHON=(.+)$", DOCKERFILE, re.MULTILINE) == ["/usr/bin/python3.11"]
    # The image's own, a login shell, which takes the name of a script.
    assert "entrypoint" not in glue
    assert "ENTRYPOINT" not in DOCKERFILE


def test_the_project_is_mounted_and_cannot_be_written_to(glue: Service) -> None:
    (mount,) = glue["volumes"]
    assert (COMPOSE.parent / mount["source"]).resolve() == ROOT
    assert (mount["type"], mount["target"], mount["read_only"]) == ("bind", WORKSPACE, True)


def test_nothing_gets_in_or_out(project: dict[str, Any], services: dict[str, Service]) -> None:
    for service in services.values():
        assert "network_mode" not in service
        for network in service["networks"]:
            assert project["networks"][network]["internal"] is True
        for port in service.get("ports", []):
            assert str(port).startswith("127.0.0.1:")
        assert "no-new-privileges:true" in service["security_opt"]
        assert not service.get("privileged")
        assert "docker.sock" not in str(service)
    assert services["glue"]["cap_drop"] == ["ALL"]


def test_there_are_no_credentials_but_made_up_ones(services: dict[str, Service]) -> None:
    environment = services["glue"]["environment"]
    assert environment["AWS_ACCESS_KEY_ID"] == environment["AWS_SECRET_ACCESS_KEY"] == "test"
    for service in services.values():
        assert "env_file" not in service
        # A value of `$NAME`, or a name without a value, would be the user's own.
        assert all(isinstance(value, str) and "$" not in value for value in service["environment"].values())
        assert ".aws" not in str(service.get("volumes", ""))


def test_the_emulated_aws_is_pinned_and_waited_for(services: dict[str, Service]) -> None:
    aws, glue = services["aws"], services["glue"]
    assert re.fullmatch(r"ghcr\.io/ministackorg/ministack:\d+\.\d+\.\d+", aws["image"])
    assert glue["depends_on"] == {"aws": {"condition": "service_healthy"}}
    port = aws["environment"]["GATEWAY_PORT"]
    assert glue["environment"]["AWS_ENDPOINT_URL"] == f"http://aws:{port}"
    assert f"http://127.0.0.1:{port}/" in aws["healthcheck"]["test"][-1]


def test_what_the_image_copies_is_there_and_is_all_that_the_builder_sees() -> None:
    (copied,) = re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE)
    ignore = (ROOT / "docker" / "Dockerfile.dockerignore").read_text().splitlines()
    rules = [line for line in ignore if line and not line.startswith("#")]
    assert rules == ["*", *(f"!{name}" for name in copied.split())]
    assert all((ROOT / name).is_file() for name in copied.split())


@pytest.mark.parametrize("target", ["docker-run", "docker-test", "docker-shell"])
def test_a_target_runs_its_script_in_a_fresh_container(target: str) -> None:
    (command,) = commands(target)
    script = target.replace("docker-", "docker/") + ".sh"
    assert command.startswith("run --rm --build ")
    assert f" glue {script}" in command
    text = (ROOT / script).read_text()
    assert text.startswith("#!/usr/bin/env bash\n")
    assert os.access(ROOT / script, os.X_OK)


def test_the_tests_that_run_in_the_container_are_there_and_can_be_chosen() -> None:
    (command,) = commands("docker-test")
    paths = command.partition("docker/test.sh ")[2].split()
    assert "tests/unit/job" in paths
    assert all((ROOT / path).exists() for path in paths)

    (command,) = commands("docker-test", "DOCKER_TESTS=tests/unit/job", 'PYTEST_ARGS=-k "one or two"')
    assert command.endswith('docker/test.sh tests/unit/job -k "one or two"')


def test_without_docker_one_line_says_so(tmp_path: Path) -> None:
    done = make("docker-run", env={"PATH": str(tmp_path)})

    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == (
        "Docker with its compose plugin is needed for this, and is not here. make run needs none."
    )


def test_compose_itself_takes_the_file() -> None:
    compose = shutil.which("docker-compose")
    command = [compose] if compose else ["docker", "compose"]
    if not compose and (not shutil.which("docker") or subprocess.run([*command, "version"], check=False).returncode):
        pytest.skip("Docker's compose is not installed")
    done = subprocess.run(
        [*command, "--file", str(COMPOSE), "--profile", "glue", "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
