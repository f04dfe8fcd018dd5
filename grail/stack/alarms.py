"""An alarm: what is measured, when that is too much, and for how long."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from chalice.utils import to_cfn_resource_name


class Metric(NamedTuple):
    """A metric of CloudWatch's. `dimensions` are literal: an alarm waits for nothing of what it watches.

    `statistic` is Sum, Average, Maximum or a percentile (p99).
    """

    namespace: str
    name: str
    dimensions: Mapping[str, Any]
    statistic: str = "Sum"

    def described(self) -> dict[str, Any]:
        """Return how an alarm names it."""
        dimensions = [{"Name": name, "Value": value} for name, value in self.dimensions.items()]
        return {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions}


class When(NamedTuple):
    """More than `above`, in `datapoints` of the last `of` periods of so many seconds."""

    above: float
    seconds: int = 60
    datapoints: int = 1
    of: int = 1


class Alarm(NamedTuple):
    """An alarm on a metric, or on what `expression` makes of several, which are m0, m1 and so on (ten at most)."""

    id: str
    why: str
    metrics: Sequence[Metric]
    when: When
    expression: str = ""

    @property
    def logical(self) -> str:
        """Its logical id."""
        return logical(self.id)

    def resource(self, prefix: str, *, tells: Sequence[Any]) -> dict[str, Any]:
        """Return the resource. Where nothing is measured, nothing is wrong: to be idle is no fault."""
        return {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmName": f"{prefix}-{self.id}",
                "AlarmDescription": self.why,
                **(self._computed() if self.expression else self._single()),
                "ComparisonOperator": "GreaterThanThreshold",
                "Threshold": self.when.above,
                "DatapointsToAlarm": self.when.datapoints,
                "EvaluationPeriods": self.when.of,
                "TreatMissingData": "notBreaching",
                "AlarmActions": [*tells],
                "OKActions": [*tells],
            },
        }

    def _single(self) -> dict[str, Any]:
        [metric] = self.metrics
        if metric.statistic.startswith("p"):
            statistic = {"ExtendedStatistic": metric.statistic, "EvaluateLowSampleCountPercentile": "ignore"}
        else:
            statistic = {"Statistic": metric.statistic}
        return {**metric.described(), **statistic, "Period": self.when.seconds}

    def _computed(self) -> dict[str, Any]:
        measured = [
            {
                "Id": f"m{number}",
                "ReturnData": False,
                "MetricStat": {"Metric": metric.described(), "Stat": metric.statistic, "Period": self.when.seconds},
            }
            for number, metric in enumerate(self.metrics)
        ]
        return {"Metrics": [*measured, {"Id": "found", "Expression": self.expression, "ReturnData": True}]}


def logical(identifier: str) -> str:
    """Return the logical id of the alarm with an id."""
    return f"{to_cfn_resource_name(identifier)}Alarm"


def total(metrics: Sequence[Metric]) -> str:
    """Return the expression of a sum, to which a metric that nobody wrote adds nothing."""
    return " + ".join(f"FILL(m{number}, 0)" for number in range(len(metrics)))
