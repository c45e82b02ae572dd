"""`infra/catalog.yaml` deployed alone, over a curated zone that lies in a bucket of the emulated AWS."""

from __future__ import annotations

from pathlib import Path

from tests.stack.emulator import ACCOUNT, CHECKOUT, REGION, Emulator

TEMPLATE = CHECKOUT / "infra" / "catalog.yaml"


def deploy_catalogue(aws: Emulator, transformed: Path, *, prefix: str = "") -> None:
    """Upload a lake's curated zone, deploy the template with a prefix to its names, and run its crawlers."""
    s3, glue, cloudformation = map(aws.client, ("s3", "glue", "cloudformation"))
    buckets = {"TransformedBucketName": f"{prefix}spotify-transformed", "WorkBucketName": f"{prefix}spotify-work"}
    for bucket in buckets.values():
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for path in sorted(transformed.rglob("*")):
        if path.is_file():
            key = path.relative_to(transformed).as_posix()
            s3.put_object(Bucket=buckets["TransformedBucketName"], Key=key, Body=path.read_bytes())
    given = {
        **buckets,
        "NamePrefix": prefix,
        "KeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234",
        "ScanLimitBytes": "10000000000",
        "LogRetentionDays": "30",
        "PermissionsBoundaryArn": "",
    }
    cloudformation.create_stack(
        StackName=f"{prefix}catalogue",
        TemplateBody=TEMPLATE.read_text(encoding="utf-8"),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=f"{prefix}catalogue", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    for crawler in ("album", "artist", "song"):
        glue.start_crawler(Name=f"{prefix}spotify_{crawler}_crawler")
