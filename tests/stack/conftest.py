"""The emulated AWS of these tests: started once a session, on loopback, with nobody's credentials."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.chain import Chain, deployed
from tests.stack.emulator import PYTHON, Emulator
from tests.stack.script_door import Script
from tests.stack.scripted_world import World
from tests.stack.state_machines import PENDING, Pipeline
from tools.s3_jars import S3JarsError, bundled_hadoop, s3_jars


def _needs_the_emulator() -> None:
    if not PYTHON.exists():
        pytest.fail(f"{PYTHON} is not there: make test-stack makes it")


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """MiniStack as it is."""
    _needs_the_emulator()
    with Emulator() as running:
        yield running


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """The deployed stack after its first run."""
    _needs_the_emulator()
    try:
        jars = s3_jars(bundled_hadoop())
    except S3JarsError as error:
        pytest.skip(f"S3A's jars are not there: {error}")
    with deployed(jars, tmp_path_factory.mktemp("chain")) as running:
        yield running


@pytest.fixture(scope="session")
def script() -> Iterator[Script]:
    script = Script()
    yield script
    script.stop()


@pytest.fixture(scope="session")
def scripted_emulator(script: Script) -> Iterator[Emulator]:
    """MiniStack whose Glue and Athena the test answers."""
    _needs_the_emulator()
    program = Path(__file__).with_name("scripted_aws.py")
    # An hour of waiting takes two seconds here.
    with Emulator(program=program, environment={"SCRIPT_URL": script.url, "SFN_WAIT_SCALE": "0.0005"}) as running:
        yield running


@pytest.fixture
def world(script: Script, tmp_path: Path) -> Iterator[World]:
    """What the state machine meets in this test."""
    script.world = World(tmp_path)
    yield script.world
    script.world = None


@pytest.fixture
def pipeline(scripted_emulator: Emulator, world: World) -> Iterator[Pipeline]:
    """The built state machine with new buckets and a new topic."""
    pipeline = Pipeline(scripted_emulator)
    world.take = lambda: pipeline.remove(PENDING)
    yield pipeline
    pipeline.delete()
