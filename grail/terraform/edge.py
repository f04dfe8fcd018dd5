"""What stands before a stage's API: CloudFront, WAF, and its log."""

from typing import Any

from grail.terraform.arguments import Given, Kind

_CONFIG = "DistributionConfig"
_CACHE_KEY = "ParametersInCacheKeyAndForwardedToOrigin"


def _distribution(given: Given) -> dict[str, Any]:
    """Return the places of a distribution that Terraform wants to be told more of."""
    config = given.properties[_CONFIG]
    certificate = config.get("ViewerCertificate")
    return {
        "origin": [_origin(one) for one in config["Origins"]],
        "default_cache_behavior": _behavior(config["DefaultCacheBehavior"]),
        "ordered_cache_behavior": [_behavior(one) for one in config["CacheBehaviors"]],
        "viewer_certificate": _CERTIFICATE.main(Given("", certificate)) if certificate else _CLOUDFRONTS_OWN,
        "restrictions": {"geo_restriction": {"restriction_type": "none"}},
    }


def _origin(properties: dict[str, Any]) -> dict[str, Any]:
    found = _ORIGIN.main(Given("", properties))
    return found | {"custom_origin_config": {"http_port": 80, "https_port": 443, **found["custom_origin_config"]}}


def _behavior(properties: dict[str, Any]) -> dict[str, Any]:
    return {"cached_methods": ["GET", "HEAD"], **_BEHAVIOR.main(Given("", properties))}


_BEHAVIOR = Kind(type="")
_CERTIFICATE = Kind(type="")
_CLOUDFRONTS_OWN = {"cloudfront_default_certificate": True}
_ORIGIN = Kind(
    type="",
    names={
        "HeaderName": "name",
        "HeaderValue": "value",
        "Id": "origin_id",
        "OriginCustomHeaders": "custom_header",
    },
)


def _cache_key(given: Given) -> dict[str, Any]:
    """Return what a cached answer depends on: lists are one level deeper."""
    said = given.properties["CachePolicyConfig"][_CACHE_KEY]
    headers = said["HeadersConfig"]
    return {
        "parameters_in_cache_key_and_forwarded_to_origin": {
            "enable_accept_encoding_gzip": said["EnableAcceptEncodingGzip"],
            "enable_accept_encoding_brotli": said["EnableAcceptEncodingBrotli"],
            "headers_config": {
                "header_behavior": headers["HeaderBehavior"],
                "headers": {"items": headers["Headers"]},
            },
            "query_strings_config": {"query_string_behavior": said["QueryStringsConfig"]["QueryStringBehavior"]},
            "cookies_config": {"cookie_behavior": said["CookiesConfig"]["CookieBehavior"]},
        }
    }


def _bodies(given: Given) -> dict[str, Any]:
    bodies = given.properties["CustomResponseBodies"]
    return {"custom_response_body": [{"key": key, **_BODY.main(Given("", body))} for key, body in bodies.items()]}


_BODY = Kind(type="")


def _destination(given: Given) -> dict[str, Any]:
    arn = given.properties["DestinationResourceArn"]
    return {"delivery_destination_configuration": {"destination_resource_arn": arn}}


KINDS = {
    "AWS::CloudFront::Distribution": Kind(
        type="aws_cloudfront_distribution",
        attributes={"DomainName": "domain_name"},
        names={"CustomErrorResponses": "custom_error_response", "IPV6Enabled": "is_ipv6_enabled"},
        lifted=frozenset({_CONFIG}),
        apart=frozenset({"CacheBehaviors", "DefaultCacheBehavior", "Origins", "ViewerCertificate"}),
        arguments=_distribution,
    ),
    "AWS::CloudFront::CachePolicy": Kind(
        type="aws_cloudfront_cache_policy",
        lifted=frozenset({"CachePolicyConfig"}),
        apart=frozenset({_CACHE_KEY}),
        arguments=_cache_key,
    ),
    "AWS::CloudFront::ResponseHeadersPolicy": Kind(
        type="aws_cloudfront_response_headers_policy",
        lifted=frozenset({"ResponseHeadersPolicyConfig"}),
    ),
    "AWS::WAFv2::WebACL": Kind(
        type="aws_wafv2_web_acl",
        names={"CloudWatchMetricsEnabled": "cloudwatch_metrics_enabled", "Rules": "rule_json"},
        documents=frozenset({"Rules"}),  # in AWS's own words, which both formats share
        apart=frozenset({"CustomResponseBodies"}),
        arguments=_bodies,
    ),
    "AWS::Logs::DeliverySource": Kind(type="aws_cloudwatch_log_delivery_source", ref="name"),
    "AWS::Logs::DeliveryDestination": Kind(
        type="aws_cloudwatch_log_delivery_destination",
        apart=frozenset({"DestinationResourceArn"}),
        arguments=_destination,
    ),
    "AWS::Logs::Delivery": Kind(type="aws_cloudwatch_log_delivery"),
}
