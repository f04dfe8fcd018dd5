"""The edge's own name: a certificate that Route 53 proves, and the records that lead to CloudFront."""

from typing import Any

_CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
"""The zone of every distribution's name (Route 53 API Reference, AliasTarget)."""


def resources(domain: str, zone: str) -> dict[str, Any]:
    """Return the certificate, which its stack waits for, and records for IPv4 and IPv6 to the `Distribution`."""
    validated = {"DomainName": domain, "HostedZoneId": zone}
    return {
        "Certificate": {
            "Type": "AWS::CertificateManager::Certificate",
            "Properties": {
                "DomainName": domain,
                "ValidationMethod": "DNS",
                "DomainValidationOptions": [validated],
            },
        },
        "AddressRecord": _record("A", domain, zone),
        "AddressRecord6": _record("AAAA", domain, zone),
    }


def _record(kind: str, domain: str, zone: str) -> dict[str, Any]:
    target = {"DNSName": {"Fn::GetAtt": ["Distribution", "DomainName"]}, "HostedZoneId": _CLOUDFRONT_ZONE}
    return {
        "Type": "AWS::Route53::RecordSet",
        "Properties": {"HostedZoneId": zone, "Name": domain, "Type": kind, "AliasTarget": target},
    }
