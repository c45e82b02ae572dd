"""The emulated AWS of these tests: started once a session, on loopback, with nobody's credentials."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.emulator import PYTHON, Emulator
from tests.stack.script_door import Script
from tests.stack.scripted_world import World
from tests.stack.state_machines import PENDING, Pipeline


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
