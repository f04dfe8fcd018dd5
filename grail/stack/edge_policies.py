"""What the edge keeps of answers, and what it adds to them."""

from typing import Any

_DAY = 24 * 60 * 60
_YEAR = 365 * _DAY


def resources(name: str) -> dict[str, Any]:
    """Return the policies for answers that are for everybody (`Shared`), and for the headers of all (`Headers`)."""
    return {
        "Shared": {
            "Type": "AWS::CloudFront::CachePolicy",
            "Properties": {
                "CachePolicyConfig": {
                    "Name": f"{name}-shared",
                    # As long as the API's Cache-Control says; without one, the API is asked each time, by ETag.
                    "MinTTL": 0,
                    "DefaultTTL": 0,
                    "MaxTTL": _DAY,
                    "ParametersInCacheKeyAndForwardedToOrigin": {
                        "EnableAcceptEncodingGzip": True,
                        "EnableAcceptEncodingBrotli": True,
                        # All that the API sees of a request: an answer that is kept can depend on nothing else.
                        "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": ["Origin"]},
                        "QueryStringsConfig": {"QueryStringBehavior": "all"},
                        "CookiesConfig": {"CookieBehavior": "none"},
                    },
                }
            },
        },
        "Headers": {
            "Type": "AWS::CloudFront::ResponseHeadersPolicy",
            "Properties": {"ResponseHeadersPolicyConfig": {"Name": name, "SecurityHeadersConfig": _SECURITY}},
        },
    }


_SECURITY = {
    "StrictTransportSecurity": {"AccessControlMaxAgeSec": _YEAR, "IncludeSubdomains": True, "Override": True},
    "ContentTypeOptions": {"Override": True},
    # Of these the API's own stands where it sends one, as for a page.
    "FrameOptions": {"FrameOption": "DENY", "Override": False},
    "ReferrerPolicy": {"ReferrerPolicy": "no-referrer", "Override": False},
    "ContentSecurityPolicy": {
        "ContentSecurityPolicy": "default-src 'none'; frame-ancestors 'none'",
        "Override": False,
    },
}
