"""Reviewed: what each actor of the stack asks AWS for in its work, and what it must not be able to.

Sources: the code (the Lambda's and the job's requests), S3A's documentation (a copy takes tags along, a part of a large
object is listed and aborted, a missing object is told from a forbidden one only by who may list), Athena's and the
crawlers' (they act with the caller's and the role's permissions), Step Functions' (log deliveries, traces).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product

from load_transform.contract import DATASETS, LOAD_DETAILS, LOAD_HOLDS, LOAD_INTENTS, LOAD_REPORTS
from tests.infra.stack_templates import ACCOUNT, REGION

FUNCTION, SCHEDULE, JOB, CRAWLER, READER = "function", "schedule", "job", "crawler", "reader"
PIPELINE, RULES, SWEEP = "pipeline", "rules", "sweep"

POLICIES = {
    FUNCTION: ("extract", "FunctionRole"),
    SCHEDULE: ("extract", "ScheduleRole"),
    JOB: ("transform", "JobRole"),
    CRAWLER: ("catalog", "CrawlerRole"),
    READER: ("catalog", "ReaderPolicy"),
    PIPELINE: ("orchestrate", "PipelineRole"),
    RULES: ("orchestrate", "RulesRole"),
    SWEEP: ("orchestrate", "SweepRole"),
}
"""Where each actor's policies stand."""

_P = "dev-"
_HERE = f"{REGION}:{ACCOUNT}"
KEY = f"arn:aws:kms:{_HERE}:key/1234"
RAW, TRANSFORMED, WORK = (
    f"arn:aws:s3:::{_P}spotify-{kind}-{ACCOUNT}-{REGION}" for kind in ("raw", "transformed", "work")
)
DATABASE = "dev_spotify"
JOB_ARN = f"arn:aws:glue:{_HERE}:job/{_P}spotify_load_transform"
CRAWLER_ARN = f"arn:aws:glue:{_HERE}:crawler/{_P}spotify_album_crawler"
MACHINE = f"arn:aws:states:{_HERE}:stateMachine:{_P}spotify_pipeline"
FUNCTION_ARN = f"arn:aws:lambda:{_HERE}:function:{_P}spotify_api_extract"
SECRET = f"arn:aws:secretsmanager:{_HERE}:secret:{_P}spotify/credentials-AbCdEf"
EXTRACT_QUEUE = f"arn:aws:sqs:{_HERE}:{_P}spotify_extract_failed"
EVENTS_QUEUE = f"arn:aws:sqs:{_HERE}:{_P}spotify_events_failed"
TOPIC = f"arn:aws:sns:{_HERE}:{_P}spotify-alerts"
WORK_GROUP = f"arn:aws:athena:{_HERE}:workgroup/{_P}spotify"
CATALOGUE = f"arn:aws:glue:{_HERE}:catalog"
DATABASE_ARN = f"arn:aws:glue:{_HERE}:database/{DATABASE}"
DEFAULT_DATABASE = f"arn:aws:glue:{_HERE}:database/default"
DATA_CATALOGUE = f"arn:aws:athena:{_HERE}:datacatalog/AwsDataCatalog"
FUNCTION_LOGS = f"arn:aws:logs:{_HERE}:log-group:/aws/lambda/{_P}spotify_api_extract"
JOB_LOGS = f"arn:aws:logs:{_HERE}:log-group:/aws-glue/{_P}spotify_load_transform/x/output"
CRAWLER_LOGS = (
    f"arn:aws:logs:{_HERE}:log-group:/aws-glue/crawlers-role/{_P}spotify-etl-crawlers-{REGION}-{_P}spotify_crawlers"
)
SCRIPT = "arn:aws:s3:::artifacts/spotify-etl/abc/spotify_load_transform.py"

DATA = tuple(dataset.prefix for dataset in DATASETS)
VIEW = f"arn:aws:glue:{_HERE}:table/{DATABASE}/songs"
TABLES = tuple(f"arn:aws:glue:{_HERE}:table/{DATABASE}/{dataset.name}" for dataset in DATASETS)

_PARTS = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
_READ_CATALOGUE = (
    "glue:BatchGetPartition",
    "glue:GetDatabase",
    "glue:GetPartition",
    "glue:GetPartitions",
    "glue:GetTable",
    "glue:GetTables",
)


@dataclass(frozen=True)
class Call:
    """One request of an actor: an action on a resource, and what the service tells of it."""

    actor: str
    action: str
    resource: str
    context: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return it as a test's name."""
        told = ",".join(self.context.values())
        return f"{self.actor} {self.action} {self.resource.rpartition(':')[2]}{' ' + told if told else ''}"


def needed() -> list[Call]:
    """Return the requests that each actor's work consists of."""
    return [
        *_function(),
        *_each(SCHEDULE, ["lambda:InvokeFunction"], [FUNCTION_ARN]),
        *_each(SCHEDULE, ["sqs:SendMessage"], [EXTRACT_QUEUE]),
        *_each(SCHEDULE, ["kms:Decrypt", "kms:GenerateDataKey"], [KEY]),
        *_job(),
        *_crawler(),
        *_queries(READER),
        *_reader(),
        *_queries(PIPELINE),
        *_pipeline(),
        *_each(RULES, ["states:StartExecution"], [MACHINE]),
        *_each(SWEEP, ["states:StartExecution"], [MACHINE]),
        *_each(SWEEP, ["sqs:SendMessage"], [EVENTS_QUEUE]),
        *_each(SWEEP, ["kms:Decrypt", "kms:GenerateDataKey"], [KEY]),
    ]


def forbidden() -> list[Call]:
    """Return requests beyond each actor's work: another bucket, another prefix, another secret, another job."""
    other = RAW.replace("spotify-raw", "other-raw")
    return [
        *_each(FUNCTION, ["s3:GetObject", "s3:PutObject"], [f"{other}/raw_data/to_be_processed/x", f"{TRANSFORMED}/x"]),
        *_each(FUNCTION, ["s3:PutObject", "s3:DeleteObject"], [f"{RAW}/raw_data/processed/x"]),
        *_each(FUNCTION, ["s3:ListBucket"], [RAW], "s3:prefix", ["raw_data/quarantine/", "config/"]),
        *_each(FUNCTION, ["secretsmanager:GetSecretValue"], [SECRET.replace("credentials", "others")]),
        *_each(FUNCTION, ["secretsmanager:DeleteSecret"], [SECRET]),
        *_each(SCHEDULE, ["lambda:InvokeFunction"], [FUNCTION_ARN + "_other"]),
        *_each(
            JOB,
            ["s3:GetObject", "s3:DeleteObject"],
            [f"{other}/raw_data/x", f"{RAW}/state/x", f"{WORK}/athena_results/x"],
        ),
        *_each(JOB, ["s3:PutObject"], [f"{TRANSFORMED}/other_data/x", SCRIPT]),
        *_each(JOB, ["s3:ListBucket"], [RAW], "s3:prefix", ["state/"]),
        *_each(JOB, ["secretsmanager:GetSecretValue"], [SECRET]),
        *_each(JOB, ["cloudwatch:PutMetricData"], ["*"], "cloudwatch:namespace", ["SpotifyEtl"]),
        *_each(CRAWLER, ["s3:GetObject"], [f"{RAW}/raw_data/processed/x", f"{TRANSFORMED}/load_reports/x"]),
        *_each(CRAWLER, ["s3:PutObject", "s3:DeleteObject"], [f"{TRANSFORMED}/songs_data/x"]),
        *_each(CRAWLER, ["glue:UpdateTable", "glue:DeleteTable"], [VIEW]),
        *_each(READER, ["s3:GetObject"], [f"{RAW}/raw_data/processed/x", f"{TRANSFORMED}/load_details/x"]),
        *_each(READER, ["s3:PutObject", "s3:DeleteObject"], [f"{TRANSFORMED}/songs_data/x"]),
        *_each(READER, ["glue:UpdateTable", "glue:DeleteTable", "glue:CreatePartition"], [TABLES[0]]),
        *_each(READER, ["athena:StartQueryExecution"], [WORK_GROUP.replace("dev-spotify", "primary")]),
        *_each(READER, ["secretsmanager:GetSecretValue"], [SECRET]),
        *_each(PIPELINE, ["s3:GetObject"], [f"{RAW}/raw_data/processed/x", f"{RAW}/raw_data/to_be_processed/x"]),
        *_each(PIPELINE, ["s3:ListBucket"], [RAW], "s3:prefix", ["raw_data/processed/"]),
        *_each(PIPELINE, ["s3:PutObject", "s3:DeleteObject"], [f"{TRANSFORMED}/songs_data/x"]),
        *_each(PIPELINE, ["glue:StartJobRun"], [JOB_ARN + "_other"]),
        *_each(PIPELINE, ["glue:DeleteTable", "glue:UpdateTable"], [TABLES[0]]),
        *_each(PIPELINE, ["sns:Publish"], [TOPIC + "-other"]),
        *_each(PIPELINE, ["secretsmanager:GetSecretValue"], [SECRET]),
        *_each(RULES, ["states:StartExecution"], [MACHINE + "_other"]),
        *_each(SWEEP, ["states:StartExecution"], [MACHINE + "_other"]),
        *(call for actor in POLICIES for call in _each(actor, ["kms:Decrypt"], [KEY.replace("1234", "5678")])),
        *(call for actor in POLICIES for call in _each(actor, ["kms:ScheduleKeyDeletion"], [KEY])),
    ]


def _function() -> Iterator[Call]:
    landed = [f"{RAW}/raw_data/to_be_processed/extract_date=2026-11-25/x.jsonl", f"{RAW}/state/requests.json"]
    yield from _each(FUNCTION, ["s3:GetObject"], [*landed, f"{RAW}/raw_data/processed/extract_date=2026-11-24/x.jsonl"])
    yield from _each(FUNCTION, ["s3:PutObject"], landed)
    zones = [
        "raw_data/processed/extract_date=2026-11-25/",
        "raw_data/to_be_processed/extract_date=2026-11-25/",
        "state/x",
    ]
    yield from _each(FUNCTION, ["s3:ListBucket"], [RAW], "s3:prefix", [*zones, "state/x"])
    # S3 tells a missing object from a forbidden one to who may list; there is no prefix in that request.
    yield from _each(FUNCTION, ["s3:ListBucket"], [RAW])
    yield from _each(FUNCTION, ["s3:GetObject"], [f"{RAW}/config/playlists.txt"])
    yield from _each(FUNCTION, ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"], [SECRET])
    yield from _each(FUNCTION, ["kms:Decrypt", "kms:GenerateDataKey"], [KEY])
    yield from _each(FUNCTION, ["sqs:SendMessage"], [EXTRACT_QUEUE])
    yield from _each(FUNCTION, ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{FUNCTION_LOGS}:log-stream:x"])


def _job() -> Iterator[Call]:
    raw = [f"{RAW}/raw_data/{zone}/x" for zone in ("to_be_processed", "processed", "quarantine")]
    curated = [f"{TRANSFORMED}/{folder}x" for folder in (*DATA, LOAD_REPORTS, LOAD_DETAILS, LOAD_HOLDS, LOAD_INTENTS)]
    work = [f"{WORK}/glue_temp/x", f"{WORK}/spark_ui/x"]
    yield from _each(JOB, ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", *_PARTS], [*raw, *curated, *work])
    yield from _each(JOB, ["s3:GetObjectTagging", "s3:PutObjectTagging"], raw)
    yield from _each(JOB, ["s3:ListBucket"], [RAW], "s3:prefix", ["raw_data/to_be_processed/", "raw_data/processed/"])
    folders = [one.removeprefix(f"{TRANSFORMED}/").removesuffix("x") for one in curated]
    yield from _each(JOB, ["s3:ListBucket"], [TRANSFORMED], "s3:prefix", folders)
    yield from _each(JOB, ["s3:ListBucket"], [WORK], "s3:prefix", ["glue_temp/", "spark_ui/"])
    buckets = [RAW, TRANSFORMED, WORK]
    yield from _each(JOB, ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"], buckets)
    yield from _each(JOB, ["s3:GetObject"], [SCRIPT])
    yield from _each(JOB, ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"], [KEY])
    yield from _each(JOB, ["logs:AssociateKmsKey", "logs:CreateLogGroup"], [JOB_LOGS])
    yield from _each(JOB, ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{JOB_LOGS}:log-stream:x"])
    yield from _each(JOB, ["cloudwatch:PutMetricData"], ["*"], "cloudwatch:namespace", ["Glue"])
    yield from _each(JOB, ["glue:GetSecurityConfiguration"], ["*"])


def _crawler() -> Iterator[Call]:
    yield from _each(CRAWLER, ["s3:GetObject"], [f"{TRANSFORMED}/{folder}x" for folder in DATA])
    yield from _each(CRAWLER, ["s3:ListBucket"], [TRANSFORMED], "s3:prefix", DATA)
    yield from _each(CRAWLER, ["s3:ListBucket", "s3:GetBucketLocation"], [TRANSFORMED])
    changes = ("glue:BatchCreatePartition", "glue:BatchUpdatePartition", "glue:CreatePartition", "glue:UpdatePartition")
    yield from _each(CRAWLER, [*changes, "glue:UpdateTable"], [CATALOGUE, DATABASE_ARN, *TABLES])
    yield from _each(CRAWLER, _READ_CATALOGUE, [CATALOGUE, DATABASE_ARN], known=_CATALOGUE_TYPES)
    yield from _each(CRAWLER, _READ_CATALOGUE, TABLES, known=_TABLE_TYPES)
    yield from _each(CRAWLER, ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"], [KEY])
    yield from _each(CRAWLER, ["logs:AssociateKmsKey", "logs:CreateLogGroup"], [CRAWLER_LOGS])
    yield from _each(CRAWLER, ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{CRAWLER_LOGS}:log-stream:x"])
    yield from _each(CRAWLER, ["glue:GetSecurityConfiguration"], ["*"])


def _queries(actor: str) -> Iterator[Call]:
    """Return what Athena does on behalf of who asks."""
    asks = ("GetQueryExecution", "GetQueryResults", "StartQueryExecution", "StopQueryExecution")
    yield from _each(actor, [f"athena:{one}" for one in asks], [WORK_GROUP])
    yield from _each(actor, ["athena:GetDataCatalog"], [DATA_CATALOGUE])
    yield from _each(actor, _READ_CATALOGUE, [CATALOGUE, DATABASE_ARN], known=_CATALOGUE_TYPES)
    yield from _each(actor, _READ_CATALOGUE, [*TABLES, VIEW], known=_TABLE_TYPES)
    yield from _each(actor, ["glue:GetDatabase"], [DEFAULT_DATABASE])
    yield from _each(actor, ["s3:GetObject"], [f"{TRANSFORMED}/{folder}x" for folder in (*DATA, LOAD_REPORTS)])
    yield from _each(actor, ["s3:ListBucket"], [TRANSFORMED], "s3:prefix", [*DATA, LOAD_REPORTS])
    yield from _each(actor, ["s3:GetObject", "s3:PutObject", *_PARTS], [f"{WORK}/athena_results/x"])
    yield from _each(actor, ["s3:ListBucket"], [WORK], "s3:prefix", ["athena_results/"])
    buckets = [TRANSFORMED, WORK]
    yield from _each(actor, ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"], buckets)
    yield from _each(actor, ["kms:Decrypt", "kms:GenerateDataKey"], [KEY])


def _reader() -> Iterator[Call]:
    """Return what the console and the usual clients ask for beside queries."""
    group = (
        "BatchGetNamedQuery",
        "BatchGetQueryExecution",
        "GetNamedQuery",
        "GetQueryResultsStream",
        "GetQueryRuntimeStatistics",
        "GetWorkGroup",
        "ListNamedQueries",
        "ListQueryExecutions",
    )
    yield from _each(READER, [f"athena:{one}" for one in group], [WORK_GROUP])
    catalogue = ("GetDatabase", "GetTableMetadata", "ListDatabases", "ListTableMetadata")
    yield from _each(READER, [f"athena:{one}" for one in catalogue], [DATA_CATALOGUE])
    yield from _each(
        READER, [f"athena:{one}" for one in ("ListDataCatalogs", "ListEngineVersions", "ListWorkGroups")], ["*"]
    )
    yield from _each(READER, ["glue:GetDatabases"], [CATALOGUE, DATABASE_ARN])


def _pipeline() -> Iterator[Call]:
    yield from _each(PIPELINE, ["states:ListExecutions"], [MACHINE])
    yield from _each(PIPELINE, ["s3:ListBucket"], [RAW], "s3:prefix", ["raw_data/to_be_processed/"])
    yield from _each(PIPELINE, ["s3:ListBucket"], [TRANSFORMED], "s3:prefix", ["load_intents/"])
    job = ("BatchStopJobRun", "GetJobRun", "GetJobRuns", "StartJobRun")
    yield from _each(PIPELINE, [f"glue:{one}" for one in job], [JOB_ARN])
    yield from _each(PIPELINE, ["glue:GetCrawler", "glue:StartCrawler", "glue:StopCrawler"], [CRAWLER_ARN])
    partitions = ("BatchCreatePartition", "BatchDeletePartition", "CreatePartition", "DeletePartition")
    yield from _each(PIPELINE, [f"glue:{one}" for one in partitions], [CATALOGUE, DATABASE_ARN, *TABLES])
    views = ("CreateTable", "DeleteTable", "UpdateTable")
    yield from _each(PIPELINE, [f"glue:{one}" for one in views], [CATALOGUE, DATABASE_ARN, VIEW])
    yield from _each(PIPELINE, ["sns:Publish"], [TOPIC])
    logs = (
        "CreateLogDelivery",
        "DeleteLogDelivery",
        "DescribeLogGroups",
        "DescribeResourcePolicies",
        "GetLogDelivery",
        "ListLogDeliveries",
        "PutResourcePolicy",
        "UpdateLogDelivery",
    )
    yield from _each(PIPELINE, [f"logs:{one}" for one in logs], ["*"])
    traces = ("GetSamplingRules", "GetSamplingTargets", "PutTelemetryRecords", "PutTraceSegments")
    yield from _each(PIPELINE, [f"xray:{one}" for one in traces], ["*"])


_TABLE_TYPES = frozenset(_READ_CATALOGUE) - {"glue:GetDatabase"}
_CATALOGUE_TYPES = frozenset(_READ_CATALOGUE)


def _each(
    actor: str,
    actions: Iterable[str],
    resources: Iterable[str],
    key: str = "",
    values: Iterable[str] = ("",),
    *,
    known: frozenset[str] | None = None,
) -> Iterator[Call]:
    """Return a call of each action on each resource, with each value of a condition's key; `known` actions only."""
    for action, resource, value in product(actions, resources, values):
        if known is None or action in known:
            yield Call(actor, action, resource, {key: value} if key else {})
