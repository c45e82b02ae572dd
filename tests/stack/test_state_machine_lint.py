"""The built definition against cfn-lint's schema of the States Language, which looks at inline definitions only."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.stack.emulator import PYTHON
from tests.stack.state_machines import Pipeline


def _lint(definition: str, folder: Path) -> str:
    machine = {"RoleArn": "arn:aws:iam::123456789012:role/pipeline", "Definition": json.loads(definition)}
    resources = {"Pipeline": {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine}}
    template = folder / "template.json"
    template.write_text(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}))
    command = [str(PYTHON.with_name("cfn-lint")), "--non-zero-exit-code", "informational", str(template)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_the_definition_is_what_the_schema_allows(pipeline: Pipeline, tmp_path: Path) -> None:
    assert _lint(pipeline.definition(), tmp_path) == ""


def test_the_linter_looks_at_every_state(pipeline: Pipeline, tmp_path: Path) -> None:
    definition = pipeline.definition()
    assert '"CrawlTookTooLong"' in definition
    wrong = definition.replace('"Type": "Fail",\n', '"Type": "Fall",\n')
    assert _lint(wrong, tmp_path).count("'Fall' is not one of") == definition.count('"Type": "Fail",\n')
