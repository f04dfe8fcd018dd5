"""A stage's edge in its Terraform document."""

import json
from typing import Any

from grail.stack import edge, edge_keys, use
from grail.stack.edge_settings import EdgeSettings
from grail.terraform import document, edge_stack

DOMAIN = {"domain": "api.example.com", "hosted_zone": "Z0123456789", "waf": True}


def made(**settings: Any) -> dict[str, Any]:
    """Return the document of a stage with an API, and of its edge."""
    chosen = EdgeSettings.read(settings)
    secrets = {edge_keys.logical(key): edge_keys.secret_name("shop", "prod", key) for key in chosen.keys}
    template = {
        "Resources": {
            "RestAPI": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": {"info": {"title": "shop-prod"}}}},
            "RestAPI.Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "RestAPI"}}},
            **edge_keys.secrets("shop", "prod", chosen.keys),
            **use.resources({}, name="shop-prod", secrets=secrets),
        },
        "Outputs": edge.OUTPUTS_OF_STAGE,
    }
    before = edge.template(app="shop", stage="prod", settings=chosen, api_stage="api", log_days=30)
    return document.of(edge_stack.joined(template, before), app="shop", stage="prod").document


def test_the_edge_knows_the_api_and_sends_its_first_key() -> None:
    """By references, where CloudFormation has parameters, and a copy of the secret: nothing has to be told."""
    found = made(keys=["b", "a"])
    distribution = found["resource"]["aws_cloudfront_distribution"]["edge-Distribution"]
    [origin] = distribution["origin"]
    assert not {"origins", "cache_behaviors"} & distribution.keys()
    api = "${aws_api_gateway_rest_api.RestAPI.id}.execute-api"
    assert origin["domain_name"] == (
        f"{api}.${{data.aws_region.current.region}}.${{data.aws_partition.current.dns_suffix}}"
    )
    assert origin["origin_path"] == "/api"
    assert origin["custom_header"] == [{"name": "x-api-key", "value": "${aws_api_gateway_api_key.EdgeKeyBUsage.value}"}]
    assert origin["custom_origin_config"]["https_port"] == 443
    assert "resolve:" not in json.dumps(found)
    assert "replica" not in json.dumps(found["resource"]["aws_secretsmanager_secret"])


def test_the_edge_is_in_its_own_region() -> None:
    """By a provider of that, which nothing of the stage's has; what names the region names that one."""
    found = made(**DOMAIN)
    assert found["provider"]["aws"] == [{"region": "${var.region}"}, {"alias": "edge", "region": "us-east-1"}]
    for named in found["resource"].values():
        for name, resource in named.items():
            assert resource.get("provider") == ("aws.edge" if name.startswith("edge-") else None), name
    destination = found["resource"]["aws_cloudwatch_log_delivery_destination"]["edge-LogDestination"]
    [arn] = destination["delivery_destination_configuration"].values()
    assert arn == (
        "arn:${data.aws_partition.current.partition}:logs:us-east-1:"
        "${data.aws_caller_identity.current.account_id}:log-group:${aws_cloudwatch_log_group.edge-Logs.name}"
    )


def test_a_stage_without_an_edge_has_one_provider() -> None:
    """Its own region's."""
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}}
    found = document.of({"Resources": {"Jobs": queue}}, app="shop", stage="dev").document
    assert found["provider"]["aws"] == [{"region": "${var.region}"}]


def test_cloudfront_waits_for_its_certificate() -> None:
    """Which is issued once Route 53 has the record that it asks for, and stays until there is another."""
    resources = made(**DOMAIN)["resource"]
    distribution = resources["aws_cloudfront_distribution"]["edge-Distribution"]
    certificate = distribution["viewer_certificate"]["acm_certificate_arn"]
    assert certificate == "${aws_acm_certificate_validation.edge-Certificate.certificate_arn}"
    validation = resources["aws_acm_certificate_validation"]["edge-Certificate"]
    assert validation["validation_record_fqdns"] == ["${aws_route53_record.edge-Certificate.fqdn}"]
    assert resources["aws_acm_certificate"]["edge-Certificate"]["lifecycle"] == {"create_before_destroy": True}
    assert resources["aws_route53_record"]["edge-Certificate"]["zone_id"] == "Z0123456789"
    alias = resources["aws_route53_record"]["edge-AddressRecord6"]["alias"]
    assert alias["name"] == "${aws_cloudfront_distribution.edge-Distribution.domain_name}"


def test_without_a_domain_the_name_is_cloudfronts() -> None:
    """And so is its certificate."""
    found = made()
    distribution = found["resource"]["aws_cloudfront_distribution"]["edge-Distribution"]
    assert distribution["viewer_certificate"] == {"cloudfront_default_certificate": True}
    url = "https://${aws_cloudfront_distribution.edge-Distribution.domain_name}"
    assert found["output"]["edge-Url"]["value"] == url
    assert made(**DOMAIN)["output"]["edge-Url"]["value"] == "https://api.example.com"


def test_waf_has_the_same_rules() -> None:
    """In AWS's own words, which cfn-lint has looked at."""
    found = made(**DOMAIN)
    assert found["resource"]["aws_wafv2_web_acl"]["edge-Firewall"]["rule_json"].startswith("${jsonencode(")
    rules = edge.template(app="shop", stage="prod", settings=EdgeSettings.read(DOMAIN), api_stage="api", log_days=30)[
        "Resources"
    ]["Firewall"]["Properties"]["Rules"]
    assert found["locals"]["edge-Firewall_rule_json"] == rules
