"""Who asked the edge for what: the API's own access log has CloudFront's addresses, and not what the edge refused."""

from typing import Any

_FIELDS = (
    *("date", "time", "x-edge-request-id", "x-edge-location", "x-edge-result-type", "c-ip", "cs-method"),
    *("cs-uri-stem", "cs(User-Agent)", "sc-status", "sc-bytes", "time-taken"),
)
"""Neither queries nor cookies, which may tell more of a person than a log should."""


def resources(name: str, *, days: int) -> dict[str, Any]:
    """Return a log group that is kept for so many days, and the delivery to it from the resource `Distribution`."""
    partition = "arn:${AWS::Partition}"
    return {
        "Logs": {
            "Type": "AWS::Logs::LogGroup",
            # One policy of limited size lets AWS deliver to groups; under this prefix it needs no line for each
            # (CloudWatch Logs User Guide, "Enable logging from AWS services").
            "Properties": {"LogGroupName": f"/aws/vendedlogs/cloudfront/{name}", "RetentionInDays": days},
        },
        "LogSource": {
            "Type": "AWS::Logs::DeliverySource",
            "Properties": {
                "Name": name,
                "LogType": "ACCESS_LOGS",
                "ResourceArn": {
                    "Fn::Sub": f"{partition}:cloudfront::${{AWS::AccountId}}:distribution/${{Distribution}}"
                },
            },
        },
        "LogDestination": {
            "Type": "AWS::Logs::DeliveryDestination",
            "Properties": {
                "Name": name,
                "OutputFormat": "json",
                "DestinationResourceArn": {
                    "Fn::Sub": f"{partition}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:${{Logs}}"
                },
            },
        },
        "LogDelivery": {
            "Type": "AWS::Logs::Delivery",
            "Properties": {
                "DeliverySourceName": {"Ref": "LogSource"},
                "DeliveryDestinationArn": {"Fn::GetAtt": ["LogDestination", "Arn"]},
                "RecordFields": list(_FIELDS),
            },
        },
    }
