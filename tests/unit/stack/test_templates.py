from __future__ import annotations

import pytest

from spotify_etl.errors import RefusedError
from spotify_etl.stack.templates import LocalFile, Place, check, defaults, local_files, read, resources_of, rewritten

TEMPLATE = """\
# Comments stay.
Parameters:
  Workers: {Type: Number, Default: 2, MinValue: 2, MaxValue: 100}
  Mode: {Type: String, Default: always, AllowedValues: [always, auto]}
  Existing: {Type: String, Default: "no", AllowedValues: ["yes", "no"]}
  Prefix: {Type: String, Default: "", AllowedPattern: "^([a-z]+-)?$", ConstraintDescription: "Like dev-."}
  Plain: {Type: String, AllowedPattern: "[a-z]+"}
Resources:
  Nested:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: nested.yaml   # next to it
      Parameters: {Name: !Sub "${Prefix}x", Arn: !GetAtt Other.Arn}
  Elsewhere:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: "https://s3.eu-central-1.amazonaws.com/b/k.yaml"}
  Function:
    Type: AWS::Lambda::Function
    Properties: {Code: code.zip, Role: !GetAtt Role.Arn}
  Inline:
    Type: AWS::Lambda::Function
    Properties: {Code: {ZipFile: "pass"}}
  Job:
    Type: AWS::Glue::Job
    Properties:
      Command: {Name: glueetl, ScriptLocation: job.py}
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties: {DefinitionS3Location: machine.asl.json}
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: Code}
"""


def place(file: LocalFile) -> Place:
    return Place("bucket", f"hash/{file.name}", "eu-central-1")


def test_local_files_become_addresses_and_all_else_stays() -> None:
    assert [file.name for file in local_files(TEMPLATE)] == ["nested.yaml", "code.zip", "job.py", "machine.asl.json"]
    expected = (
        TEMPLATE.replace("nested.yaml ", '"https://s3.eu-central-1.amazonaws.com/bucket/hash/nested.yaml" ')
        .replace("Code: code.zip", 'Code: {"S3Bucket": "bucket", "S3Key": "hash/code.zip"}')
        .replace("job.py", '"s3://bucket/hash/job.py"')
        .replace("machine.asl.json", '{"Bucket": "bucket", "Key": "hash/machine.asl.json"}')
    )
    assert rewritten(TEMPLATE, place) == expected
    assert local_files(expected) == []


def test_china_has_a_domain_of_its_own() -> None:
    assert Place("b", "k", "cn-north-1").url == "https://s3.cn-north-1.amazonaws.com.cn/b/k"


def test_short_tags_are_spelled_out() -> None:
    resources = read(TEMPLATE)["Resources"]
    assert resources["Nested"]["Properties"]["Parameters"] == {
        "Name": {"Fn::Sub": "${Prefix}x"},
        "Arn": {"Fn::GetAtt": "Other.Arn"},
    }
    assert read("A: [!Ref X, !If [C, a, b]]") == {"A": [{"Ref": "X"}, {"Fn::If": ["C", "a", "b"]}]}


def test_resources_and_defaults() -> None:
    assert resources_of(read(TEMPLATE), "AWS::Lambda::Function") == ["Function", "Inline"]
    assert defaults(read(TEMPLATE)) == {"Workers": "2", "Mode": "always", "Existing": "no", "Prefix": ""}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"Workers": "1"}, "cannot be '1': it is at least 2 and at most 100"),
        ({"Workers": "101"}, "cannot be '101': it is at least 2 and at most 100"),
        ({"Workers": "two"}, "cannot be 'two': it is a number, at least 2 and at most 100"),
        ({"Mode": "never"}, "cannot be 'never': it is one of always, auto"),
        ({"Existing": "false"}, "one of yes, no"),
        ({"Prefix": "Dev-"}, "cannot be 'Dev-': Like dev-"),
        ({"Plain": "1"}, "has to match"),
        ({"Plain": "ab1"}, "has to match"),
        ({"Other": "1"}, "has no parameter Other. It has Existing, Mode, Plain, Prefix, Workers"),
    ],
)
def test_a_value_that_is_not_allowed(values: dict[str, str], says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        check(read(TEMPLATE), {"Plain": "a", **values})


def test_values_that_are_allowed() -> None:
    check(read(TEMPLATE), {"Plain": "abc", "Workers": "100", "Mode": "auto", "Existing": "yes", "Prefix": "dev-"})
    with pytest.raises(RefusedError, match="Plain has no value"):
        check(read(TEMPLATE), {})
