"""The edge's own name: its certificate, the record that proves it, and those that lead to CloudFront."""

from collections.abc import Iterator
from typing import Any

from grail.terraform.arguments import Given, Kind, Part
from grail.terraform.values import Expression


def _validation(given: Given) -> dict[str, Any]:
    """Return what waits until a certificate is issued, which CloudFormation does by itself."""
    return {
        "certificate_arn": Expression(f"${{aws_acm_certificate.{given.logical}.arn}}"),
        "validation_record_fqdns": [Expression(f"${{aws_route53_record.{given.logical}.fqdn}}")],
    }


def _certificate(given: Given) -> Iterator[Part]:
    """Return the certificate, and the record that proves whose its one name is."""
    properties = given.properties
    certificate = {
        "domain_name": properties["DomainName"],
        "validation_method": properties["ValidationMethod"],
        "lifecycle": {"create_before_destroy": True},  # CloudFront uses the old one until it has the new one
    }
    yield Part("aws_acm_certificate", given.logical, certificate)
    option = f"tolist(aws_acm_certificate.{given.logical}.domain_validation_options)[0].resource_record"
    record = {
        "zone_id": properties["DomainValidationOptions"][0]["HostedZoneId"],
        "name": Expression(f"${{{option}_name}}"),
        "type": Expression(f"${{{option}_type}}"),
        "records": [Expression(f"${{{option}_value}}")],
        "ttl": 60,
        "allow_overwrite": True,  # of one name and one account, each certificate has the same
    }
    yield Part("aws_route53_record", given.logical, record)


def _alias(given: Given) -> dict[str, Any]:
    target = given.properties["AliasTarget"]
    alias = {"name": target["DNSName"], "zone_id": target["HostedZoneId"], "evaluate_target_health": False}
    return {"alias": alias}


KINDS = {
    "AWS::CertificateManager::Certificate": Kind(
        type="aws_acm_certificate_validation",
        ref="certificate_arn",
        apart=frozenset({"DomainName", "DomainValidationOptions", "ValidationMethod"}),
        arguments=_validation,
        parts=_certificate,
    ),
    "AWS::Route53::RecordSet": Kind(
        type="aws_route53_record",
        names={"HostedZoneId": "zone_id"},
        apart=frozenset({"AliasTarget"}),
        arguments=_alias,
    ),
}
