"""What CloudFormation may do with a stage's edge."""

from grail.pipeline.statements import Statement, allow, arn, global_arn

_EDGE_REGION = "us-east-1"


def statements(name: str) -> list[Statement]:
    """Return what makes the edge, in its own region; what AWS names, by its kind."""
    zone = "arn:${AWS::Partition}:route53:::hostedzone/*"
    kinds = ("delivery", "delivery-destination", "delivery-source")
    return [
        allow(
            "cloudfront",
            "CreateCachePolicy CreateDistribution CreateResponseHeadersPolicy"
            " DeleteCachePolicy DeleteDistribution DeleteResponseHeadersPolicy GetCachePolicy GetDistribution"
            " GetDistributionConfig GetResponseHeadersPolicy ListTagsForResource TagResource UntagResource"
            " UpdateCachePolicy UpdateDistribution UpdateResponseHeadersPolicy",
            [
                global_arn("cloudfront", f"{kind}/*")
                for kind in ("cache-policy", "distribution", "response-headers-policy")
            ],
        ),
        allow("cloudfront", "AllowVendedLogDeliveryForResource", [global_arn("cloudfront", "distribution/*")]),
        allow(
            "logs",
            "CreateDelivery CreateLogGroup DeleteDelivery DeleteDeliveryDestination DeleteDeliverySource DeleteLogGroup"
            " DeleteRetentionPolicy GetDataProtectionPolicy GetDelivery GetDeliveryDestination"
            " GetDeliveryDestinationPolicy GetDeliverySource ListTagsForResource PutDeliveryDestination"
            " PutDeliverySource PutRetentionPolicy TagResource UntagResource UpdateDeliveryConfiguration",
            [
                arn("logs", f"log-group:/aws/vendedlogs/cloudfront/{name}-*", region=_EDGE_REGION),
                *(arn("logs", f"{kind}:*", region=_EDGE_REGION) for kind in kinds),
            ],
        ),
        allow("logs", "DescribeDeliveries DescribeLogGroups DescribeResourcePolicies PutResourcePolicy", "*"),
        allow(
            "wafv2",
            "CreateWebACL DeleteWebACL GetWebACL ListTagsForResource TagResource UntagResource UpdateWebACL",
            [
                arn("wafv2", f"global/{kind}", region=_EDGE_REGION)
                for kind in (f"webacl/{name}-*/*", "managedruleset/*/*")
            ],
        ),
        allow(
            "acm",
            "AddTagsToCertificate DeleteCertificate DescribeCertificate ListTagsForCertificate"
            " RemoveTagsFromCertificate RequestCertificate",
            [arn("acm", "certificate/*", region=_EDGE_REGION)],
        ),
        allow("route53", "ChangeResourceRecordSets GetHostedZone ListResourceRecordSets", [{"Fn::Sub": zone}]),
        allow("route53", "GetChange", [{"Fn::Sub": "arn:${AWS::Partition}:route53:::change/*"}]),
    ]
