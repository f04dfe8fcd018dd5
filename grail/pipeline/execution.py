"""What CloudFormation may do for a stage, and for no other: what its resource types say that they need.

Source: the `handlers` of CloudFormation's published resource schemas, which `tests/unit/test_pipeline_bootstrap.py`
holds this to. Names are the stage's own; where AWS gives the names (APIs, pools, distributions), the kind is named.
"""

from grail.pipeline import execution_code, execution_data, execution_edge, execution_roles
from grail.pipeline.statements import Statement, allow, arn, global_arn

Policies = dict[str, list[Statement]]


def policies(app: str, stage: str, *, edge: bool, table_key: bool) -> Policies:
    """Return the policies by what they are about, each small enough for IAM's 6,144 characters."""
    name = f"{app}-{stage}"
    found = {
        "Data": [*execution_data.statements(name), *(execution_data.of_table_key(name) if table_key else [])],
        "Code": execution_code.statements(app, stage),
        "Roles": execution_roles.statements(app, stage),
        "Gateway": _gateway(name),
    }
    return found | ({"Edge": execution_edge.statements(name)} if edge else {})


def _gateway(name: str) -> list[Statement]:
    """Return what makes the API, whose id AWS gives, and what watches it."""
    paths = ("account", "apikeys", "apis", "restapis", "tags", "usageplans")  # apis: HTTP APIs
    return [
        allow(
            "apigateway",
            "DELETE GET PATCH POST PUT",
            [arn("apigateway", f"/{path}{end}", account="") for path in paths for end in ("", "/*")],
        ),
        allow(
            "cloudwatch",
            "DeleteAlarms DescribeAlarms ListTagsForResource PutMetricAlarm TagResource UntagResource",
            [arn("cloudwatch", f"alarm:{name}-*")],
        ),
        allow(
            "cloudwatch", "DeleteDashboards GetDashboard PutDashboard", [global_arn("cloudwatch", f"dashboard/{name}")]
        ),
        allow(
            "sns",
            "CreateTopic DeleteTopic GetDataProtectionPolicy GetSubscriptionAttributes GetTopicAttributes"
            " ListSubscriptionsByTopic ListTagsForResource SetSubscriptionAttributes SetTopicAttributes Subscribe"
            " TagResource Unsubscribe UntagResource",
            [arn("sns", f"{name}-*")],
        ),
    ]
