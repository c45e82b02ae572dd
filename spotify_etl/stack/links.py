"""Addresses in the AWS console, by partition and region."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

_DOMAINS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


@dataclass(frozen=True)
class Links:
    """The console of one region."""

    partition: str
    region: str

    def stack(self, stack_id: str) -> str:
        """Return the page of a stack's events."""
        return self._page("cloudformation", f"#/stacks/events?stackId={quote(stack_id, safe='')}")

    def state_machine(self, arn: str) -> str:
        """Return the page of a state machine's executions."""
        return self._page("states", f"#/statemachines/view/{quote(arn, safe='')}")

    def execution(self, arn: str) -> str:
        """Return the page of one execution, with its steps."""
        return self._page("states", f"#/v2/executions/details/{quote(arn, safe='')}")

    def job(self, name: str) -> str:
        """Return the page of a Glue job's runs."""
        return self._page("gluestudio", f"#/editor/job/{quote(name, safe='')}/runs")

    def athena(self, work_group: str) -> str:
        """Return the query editor of a work group."""
        return self._page("athena", f"#/query-editor/query?workgroup={quote(work_group, safe='')}")

    def bucket(self, name: str, prefix: str = "") -> str:
        """Return the page of a bucket's objects below a prefix."""
        asked = f"?region={self.region}" + (f"&prefix={quote(prefix)}" if prefix else "")
        return f"https://{self._domain}/s3/buckets/{name}{asked}"

    def dashboard(self, name: str) -> str:
        """Return a CloudWatch dashboard."""
        return self._page("cloudwatch", f"#dashboards/dashboard/{quote(name, safe='')}")

    def function(self, name: str) -> str:
        """Return a Lambda function's page."""
        return self._page("lambda", f"#/functions/{quote(name, safe='')}?tab=monitoring")

    def _page(self, service: str, fragment: str) -> str:
        return f"https://{self.region}.{self._domain}/{service}/home?region={self.region}{fragment}"

    @property
    def _domain(self) -> str:
        return _DOMAINS.get(self.partition, _DOMAINS["aws"])
