"""The edge of a stage: CloudFront before its regional API. A stack of its own, in us-east-1 (docs/stack.md)."""

from typing import Any

from chalice.config import Config

from grail.errors import GrailError
from grail.project import Project
from grail.stack import edge_domain, edge_keys, edge_logs, edge_policies, firewall, parts
from grail.stack import settings as stage_settings
from grail.stack.edge_settings import EdgeSettings

_CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_ALL_VIEWER_EXCEPT_HOST_HEADER = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
"""Managed policies (CloudFront Developer Guide). With both, the API gets a client's `Authorization` as it was sent, and
its own `Host`, without which API Gateway answers 403."""

_ERRORS = (400, 403, 404, 405, 414, 500, 501, 502, 503, 504)
"""The errors that CloudFront keeps for ten seconds even where nothing is cached ("Control how long CloudFront caches
errors"): one caller's 404 would be the next one's, who may see what it hides."""

_API_SECONDS = 30
"""One more than API Gateway waits for a function, so that its own 504 is what a client sees."""


def stack_name(app: str, stage: str) -> str:
    """Return the name of a stage's edge stack; what it makes is named so too."""
    return f"{app}-{stage}-edge"


def of_stage(project: Project, stage: str) -> dict[str, Any] | None:
    """Return the template of a stage's edge, as it is set; None where it has none. The stage must be entered."""
    chosen = stage_settings.read(project, stage)
    if chosen.edge is None:
        return None
    return template_of(project, stage, EdgeSettings.read(chosen.edge), log_days=chosen.log_days)


def template_of(project: Project, stage: str, settings: EdgeSettings, *, log_days: int) -> dict[str, Any]:
    """Return the template of a project's stage, which must be entered.

    Raises GrailError where Chalice makes an edge of its own, and where one caller's answer would be another's.
    """
    config = Config(chalice_stage=stage, config_from_disk=dict(project.config))
    if config.api_gateway_endpoint_type != "REGIONAL":
        message = f'.chalice/config.json, stage {stage}: edge needs "api_gateway_endpoint_type": "REGIONAL"'
        raise GrailError(message)
    for path, routes in project.app.routes.items():
        covering = next((one for one in settings.cached if _covers(one, path)), None)
        if covering is not None and any(route.authorizer for route in routes.values()):
            message = f".chalice/config.json, stage {stage}: edge caches {covering}, but who may see {path} differs"
            raise GrailError(message)
    api_stage = parts.api_stage(config)
    return template(app=project.name, stage=stage, settings=settings, api_stage=api_stage, log_days=log_days)


def _covers(cached: str, path: str) -> bool:
    """Tell whether some request of a path may be one of those that are cached."""
    fixed, _, rest = path.partition("{")
    if cached.endswith("*"):
        return path.startswith(cached[:-1]) or bool(rest and cached.startswith(fixed))
    return cached == path or bool(rest and cached.startswith(fixed))


def template(*, app: str, stage: str, settings: EdgeSettings, api_stage: str, log_days: int) -> dict[str, Any]:
    """Return the CloudFormation template. `api_stage` is the API's name for the stage, which its URLs begin with."""
    name = stack_name(app, stage)
    key = edge_keys.reference(app, stage, settings.keys[0])
    resources = {
        "Distribution": {
            "Type": "AWS::CloudFront::Distribution",
            "Properties": {"DistributionConfig": _distribution(name, settings, key=key)},
        },
        **edge_policies.resources(name),
        **edge_logs.resources(name, days=log_days),
    }
    if settings.domain is not None and settings.hosted_zone is not None:
        resources |= edge_domain.resources(settings.domain, settings.hosted_zone)
    if settings.waf:
        resources |= firewall.resources(name, rate_limit=settings.rate_limit)
    host = settings.domain or {"Fn::GetAtt": ["Distribution", "DomainName"]}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Edge of {app}, stage {stage}",
        "Parameters": _parameters(api_stage),
        "Rules": _RULES,
        "Resources": resources,
        "Outputs": {
            "Url": {"Value": {"Fn::Sub": ["https://${Host}", {"Host": host}]}},
            "DistributionId": {"Value": {"Ref": "Distribution"}},
        },
    }


OUTPUTS_OF_STAGE = {
    "ApiDomain": {"Value": {"Fn::Sub": "${RestAPI}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}},
}
"""What the stage's stack has to say for the edge's: a parameter of it."""


def _parameters(api_stage: str) -> dict[str, Any]:
    """Return what the stage's own stack says of its API."""
    return {
        "ApiDomain": {
            "Type": "String",
            "Description": "<the API's id>.execute-api.<its region>.amazonaws.com",
            "AllowedPattern": r"[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com",
        },
        "ApiStagePath": {"Type": "String", "Default": f"/{api_stage}", "AllowedPattern": "/[A-Za-z0-9_-]+"},
    }


_RULES = {
    "Region": {
        "Assertions": [
            {
                "Assert": {"Fn::Equals": [{"Ref": "AWS::Region"}, edge_keys.REGION]},
                "AssertDescription": f"Deploy this in {edge_keys.REGION}, where CloudFront's certificate and WAF are.",
            }
        ]
    }
}


def _distribution(name: str, settings: EdgeSettings, *, key: str) -> dict[str, Any]:
    config: dict[str, Any] = {
        "Comment": name,
        "Enabled": True,
        "HttpVersion": "http2and3",
        "IPV6Enabled": True,
        "Origins": [_origin(key)],
        "DefaultCacheBehavior": {
            **_BEHAVIOR,
            "CachePolicyId": _CACHING_DISABLED,
            "OriginRequestPolicyId": _ALL_VIEWER_EXCEPT_HOST_HEADER,
        },
        "CacheBehaviors": [
            {**_BEHAVIOR, "PathPattern": path, "CachePolicyId": {"Ref": "Shared"}} for path in settings.cached
        ],
        "CustomErrorResponses": [{"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in _ERRORS],
    }
    if settings.domain is not None:
        config["Aliases"] = [settings.domain]
        config["ViewerCertificate"] = {
            "AcmCertificateArn": {"Ref": "Certificate"},
            "SslSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        }
    if settings.waf:
        config["WebACLId"] = {"Fn::GetAtt": ["Firewall", "Arn"]}
    return config


_BEHAVIOR = {
    "TargetOriginId": "api",
    "ViewerProtocolPolicy": "https-only",  # a redirect would come after the token was sent in the clear
    "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],  # what is none, the API says
    "ResponseHeadersPolicyId": {"Ref": "Headers"},
    "Compress": True,
}


def _origin(key: str) -> dict[str, Any]:
    """Return the API as an origin; a header that it adds replaces a client's of the same name."""
    return {
        "Id": "api",
        "DomainName": {"Ref": "ApiDomain"},
        "OriginPath": {"Ref": "ApiStagePath"},
        "OriginCustomHeaders": [{"HeaderName": "x-api-key", "HeaderValue": key}],
        "CustomOriginConfig": {
            "OriginProtocolPolicy": "https-only",
            "OriginSSLProtocols": ["TLSv1.2"],
            "OriginReadTimeout": _API_SECONDS,
        },
    }
