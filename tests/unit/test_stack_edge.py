"""The edge stack: what CloudFront sends on, what it keeps, and what it adds."""

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import boto3
import pytest
from chalice.app import Chalice, CognitoUserPoolAuthorizer
from moto import mock_aws

from grail.errors import GrailError
from grail.project import Project
from grail.stack import edge, edge_keys
from grail.stack.edge_settings import EdgeSettings

FULL = {
    "keys": ["a", "b"],
    "cached": ["/docs*", "/openapi.json"],
    "domain": "api.example.com",
    "hosted_zone": "Z0123456789",
    "waf": True,
    "rate_limit": 500,
}
CONFIG = {
    "app_name": "shop",
    "api_gateway_endpoint_type": "REGIONAL",
    "stages": {"dev": {}, "prod": {"api_gateway_stage": "v1"}, "edge": {"api_gateway_endpoint_type": "EDGE"}},
}


def template(setting: dict[str, Any], *, stage: str = "prod") -> dict[str, Any]:
    """Return a stage's template."""
    settings = EdgeSettings.read(setting)
    return edge.template(app="shop", stage=stage, settings=settings, api_stage="api", log_days=30)


def distribution(setting: dict[str, Any]) -> dict[str, Any]:
    """Return the distribution's configuration."""
    config: dict[str, Any] = template(setting)["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    return config


def sent(setting: dict[str, Any]) -> str:
    """Return the API key that the edge sends."""
    [origin] = distribution(setting)["Origins"]
    [header] = origin["OriginCustomHeaders"]
    assert header["HeaderName"] == "x-api-key"
    return str(header["HeaderValue"])


# Settings


def test_an_empty_object_turns_it_on() -> None:
    """With CloudFront's own name, no WAF, and nothing cached."""
    settings = EdgeSettings.read({})
    assert (settings.keys, settings.cached, settings.domain, settings.waf) == (("a", "b"), (), None, False)
    assert EdgeSettings.read(FULL).cached == ("/docs*", "/openapi.json")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (True, "True, not an object"),
        ({"domian": "a.b"}, "unknown 'domian'; did you mean 'domain'?"),
        ({"keys": ["a"]}, "keys ['a'], not two different names"),
        ({"keys": ["a", "a"]}, "not two different names"),
        ({"keys": ["a", "B"]}, "not two different names"),
        ({"keys": [["a"], "b"]}, "not two different names"),
        ({"cached": "/docs"}, "not a list of paths"),
        ({"cached": ["docs"]}, "not a list of paths"),
        ({"domain": "example", "hosted_zone": "Z1"}, "not a name such as"),
        ({"domain": "https://example.com", "hosted_zone": "Z1"}, "not a name such as"),
        ({"domain": "api.example.com"}, "only one of domain and hosted_zone"),
        ({"domain": "api.example.com", "hosted_zone": "example.com"}, "not the id of a zone"),
        ({"waf": "yes"}, "waf 'yes', not true or false"),
        ({"waf": True, "rate_limit": 9}, "rate_limit 9, not a whole number from 10"),
        ({"waf": True, "rate_limit": 99.5}, "not a whole number"),
        ({"rate_limit": 100}, "a rate_limit, which needs waf"),
    ],
)
def test_what_can_not_be_is_refused_in_a_line(setting: Any, words: str) -> None:
    """With what would be right."""
    with pytest.raises(GrailError, match=f"^.chalice/config.json: edge .*{re.escape(words)}"):
        EdgeSettings.read(setting)


def test_a_projects_stage(tmp_path: Path) -> None:
    """Its API's name for the stage leads each path; an API that has an edge of Chalice's making is refused."""
    (tmp_path / ".chalice").mkdir()
    (tmp_path / ".chalice" / "config.json").write_text(json.dumps(CONFIG))
    project = Project(tmp_path)
    made = {
        stage: edge.template_of(project, stage, EdgeSettings(), log_days=7)["Parameters"]["ApiStagePath"]["Default"]
        for stage in ("dev", "prod")
    }
    assert made == {"dev": "/api", "prod": "/v1"}
    with pytest.raises(GrailError, match=r"stage edge: edge needs .*REGIONAL"):
        edge.template_of(project, "edge", EdgeSettings(), log_days=7)


@pytest.mark.parametrize(
    ("cached", "refused"),
    [
        ("/docs*", None), ("/openapi.json", None), ("/docs/x.js", None), ("/peopl", None),
        ("/people", "/people"), ("/people/1", "/people/{person_id}"), ("/people*", "/people"), ("/*", "/me"),
    ],
)  # fmt: skip
def test_what_depends_on_the_caller_is_not_cached(tmp_path: Path, cached: str, refused: str | None) -> None:
    """One caller's answer would be another's, or nobody's: what is cached is asked for without a token."""
    (tmp_path / ".chalice").mkdir()
    (tmp_path / ".chalice" / "config.json").write_text(json.dumps(CONFIG))
    chosen = EdgeSettings(cached=(cached,))
    if refused is None:
        assert edge.template_of(Project(tmp_path), "prod", chosen, log_days=7)
        return
    with pytest.raises(GrailError, match=re.escape(f"edge caches {cached}, but who may see {refused} differs")):
        edge.template_of(Project(tmp_path), "prod", chosen, log_days=7)


# Keys


def accepted(setting: dict[str, Any]) -> set[str]:
    """Return the API keys that the stage takes, as CloudFormation refers to them."""
    return {edge_keys.reference("shop", "prod", key) for key in EdgeSettings.read(setting).keys}


def test_a_key_is_replaced_without_a_gap() -> None:
    """Two changes of `keys`, each deployed to the edge and the stage in either order: what is sent is always taken."""
    steps = [{"keys": ["a", "b"]}, {"keys": ["b", "a"]}, {"keys": ["b", "c"]}]
    for before, after in pairwise(steps):
        assert sent(before) in accepted(after)
        assert sent(after) in accepted(before)
    assert sent(steps[0]) not in accepted(steps[-1])


def test_the_secret_is_where_the_edge_reads_it() -> None:
    """Under one name in the stage's region and in the edge's; not copied to where it is already."""
    made = edge_keys.secrets("shop", "prod", ["a", "b-2"])
    assert set(made) == {"EdgeKeyA", "EdgeKeyB2"}
    properties = made["EdgeKeyA"]["Properties"]
    assert sent({}) == f"{{{{resolve:secretsmanager:{properties['Name']}:SecretString}}}}"
    assert properties["ReplicaRegions"]["Fn::If"][:2] == [*edge_keys.CONDITIONS, [{"Region": "us-east-1"}]]
    assert 20 <= properties["GenerateSecretString"]["PasswordLength"] <= 128


# What is sent on, and kept


def test_every_route_gets_the_key_over_tls() -> None:
    """All behaviors lead to the one origin that adds it, with every method, and never in the clear."""
    config = distribution(FULL)
    [origin] = config["Origins"]
    for behavior in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]):
        assert behavior["TargetOriginId"] == origin["Id"]
        assert set(behavior["AllowedMethods"]) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}
        assert behavior["ViewerProtocolPolicy"] == "https-only"
        assert behavior["ResponseHeadersPolicyId"] == {"Ref": "Headers"}
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert (origin["DomainName"], origin["OriginPath"]) == ({"Ref": "ApiDomain"}, {"Ref": "ApiStagePath"})


def test_what_may_differ_by_caller_is_never_kept() -> None:
    """Neither answers nor errors, and the caller's headers reach the API: managed policies, by AWS's ids."""
    config = distribution(FULL)
    behavior = config["DefaultCacheBehavior"]
    assert behavior["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # CachingDisabled
    assert behavior["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"  # AllViewerExceptHostHeader
    kept = {error["ErrorCode"]: error["ErrorCachingMinTTL"] for error in config["CustomErrorResponses"]}
    assert set(kept.values()) == {0}
    assert {400, 403, 404, 405, 414, 500, 501, 502, 503, 504} == set(kept)
    assert not [error for error in config["CustomErrorResponses"] if len(error) > 2]  # the API's own body stands
    assert distribution({})["CacheBehaviors"] == []


def test_what_is_kept_depends_on_its_key_alone() -> None:
    """Nothing of a request reaches the API that does not tell kept answers apart; how long, the API says."""
    behaviors = distribution(FULL)["CacheBehaviors"]
    assert [behavior["PathPattern"] for behavior in behaviors] == ["/docs*", "/openapi.json"]
    assert all("OriginRequestPolicyId" not in behavior for behavior in behaviors)
    assert all(behavior["CachePolicyId"] == {"Ref": "Shared"} for behavior in behaviors)
    policy = template(FULL)["Resources"]["Shared"]["Properties"]["CachePolicyConfig"]
    assert (policy["MinTTL"], policy["DefaultTTL"]) == (0, 0)
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    assert key["HeadersConfig"] == {"HeaderBehavior": "whitelist", "Headers": ["Origin"]}
    assert key["QueryStringsConfig"] == {"QueryStringBehavior": "all"}
    assert key["CookiesConfig"] == {"CookieBehavior": "none"}


def test_a_pages_own_policy_stands() -> None:
    """Security headers on every answer, but what may run in a page, the page says itself."""
    headers = template({})["Resources"]["Headers"]["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert headers["ContentSecurityPolicy"]["Override"] is False
    assert {name for name, header in headers.items() if header["Override"]} == {
        "StrictTransportSecurity",
        "ContentTypeOptions",
    }


# The name, the firewall, the logs


def test_a_domain_has_its_certificate_and_records() -> None:
    """Proved by DNS in its zone; for IPv4 and IPv6; TLS 1.2 or later."""
    resources, config = template(FULL)["Resources"], distribution(FULL)
    certificate = resources["Certificate"]["Properties"]
    validation = {"DomainName": "api.example.com", "HostedZoneId": "Z0123456789"}
    assert (certificate["ValidationMethod"], certificate["DomainValidationOptions"]) == ("DNS", [validation])
    records = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::Route53::RecordSet"]
    assert {(record["Name"], record["Type"]) for record in records} == {
        ("api.example.com", "A"),
        ("api.example.com", "AAAA"),
    }
    assert config["Aliases"] == ["api.example.com"]
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert (config["IPV6Enabled"], config["HttpVersion"]) == (True, "http2and3")


def test_without_a_domain_or_waf_there_is_nothing_of_them() -> None:
    """The rest is the same."""
    added = set(template(FULL)["Resources"]) - set(template({})["Resources"])
    assert added == {"Certificate", "AddressRecord", "AddressRecord6", "Firewall"}
    assert {"Aliases", "ViewerCertificate", "WebACLId"}.isdisjoint(distribution({}))


def test_the_firewall_refuses_attacks_and_floods() -> None:
    """AWS's rules refuse, but for the size of a body, which is the API's to say; too many requests are 429."""
    acl = template(FULL)["Resources"]["Firewall"]["Properties"]
    rate, *managed = acl["Rules"]
    assert rate["Statement"]["RateBasedStatement"]["Limit"] == 500
    blocked = rate["Action"]["Block"]["CustomResponse"]
    assert json.loads(acl["CustomResponseBodies"][blocked["CustomResponseBodyKey"]]["Content"])["status"] == 429
    assert [rule["Priority"] for rule in acl["Rules"]] == [0, 1, 2]
    counted = {
        override["Name"]
        for rule in managed
        for override in rule["Statement"]["ManagedRuleGroupStatement"].get("RuleActionOverrides", ())
    }
    assert counted == {"SizeRestrictions_BODY"}
    assert distribution(FULL)["WebACLId"] == {"Fn::GetAtt": ["Firewall", "Arn"]}


def test_logs_tell_no_queries() -> None:
    """Who asked for which path; kept as long as the stage's other logs."""
    resources = template({})["Resources"]
    fields = set(resources["LogDelivery"]["Properties"]["RecordFields"])
    assert {"c-ip", "cs-uri-stem", "sc-status"} <= fields
    assert fields.isdisjoint({"cs-uri-query", "cs(Cookie)", "cs(Referer)"})
    assert resources["Logs"]["Properties"]["RetentionInDays"] == 30


def test_it_belongs_in_one_region_before_one_api() -> None:
    """A rule says so before anything is made; so do the patterns of the parameters."""
    made = template({})
    [assertion] = made["Rules"]["Region"]["Assertions"]
    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}
    patterns = {name: parameter["AllowedPattern"] for name, parameter in made["Parameters"].items()}
    assert re.fullmatch(patterns["ApiDomain"], "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com")
    assert not re.fullmatch(patterns["ApiDomain"], "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com")
    assert re.fullmatch(patterns["ApiStagePath"], made["Parameters"]["ApiStagePath"]["Default"])


# Judged by others


def lint(folder: Path, *templates: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run cfn-lint on templates, for the edge's region."""
    files = [folder / f"{number}.json" for number in range(len(templates))]
    for file, made in zip(files, templates, strict=True):
        file.write_text(json.dumps(made))
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--regions", "us-east-1", "--template", *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_cfn_lint_has_nothing_to_say(tmp_path: Path) -> None:
    """With nothing ignored; and it would notice."""
    done = lint(tmp_path, template({}), template(FULL))
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
    wrong = template(FULL)
    wrong["Resources"]["Distribution"]["Properties"]["DistributionConfig"]["HttpVersion"] = "http4"
    assert lint(tmp_path, wrong).returncode


@pytest.fixture
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Call moto in place of AWS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


CALLED = {
    "AcmCertificateArn": "ACMCertificateArn",
    "IPV6Enabled": "IsIPV6Enabled",
    "OriginCustomHeaders": "CustomHeaders",
    "OriginSSLProtocols": "OriginSslProtocols",
    "SslSupportMethod": "SSLSupportMethod",
}
"""What CloudFront's own API calls what CloudFormation names otherwise."""


def of_cloudfront(value: Any) -> Any:
    """Return a configuration as CloudFront's own API has it: a list with its length, references as they would be."""
    match value:
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return {"ApiDomain": "a1.execute-api.eu-west-1.amazonaws.com", "ApiStagePath": "/api"}.get(
                name, f"{name}-id"
            )
        case dict():
            return {CALLED.get(name, name): of_cloudfront(inner) for name, inner in value.items()}
        case list():
            return {"Quantity": len(value), "Items": [of_cloudfront(inner) for inner in value]}
        case _:
            return value


@pytest.mark.usefixtures("_aws")
@pytest.mark.parametrize("setting", [{}, FULL], ids=["least", "full"])
def test_cloudfront_takes_the_distribution(setting: dict[str, Any]) -> None:
    """By botocore's reading of its API, and moto's: what is read back is what was declared."""
    wanted = of_cloudfront(distribution(setting))
    wanted["CallerReference"] = uuid.uuid4().hex  # moto may have those of other tests of this process
    wanted["Origins"]["Items"][0]["CustomOriginConfig"] |= {"HTTPPort": 80, "HTTPSPort": 443}  # CloudFormation's own
    client: Any = boto3.client("cloudfront")
    made = client.create_distribution(DistributionConfig=wanted)["Distribution"]
    config = client.get_distribution_config(Id=made["Id"])["DistributionConfig"]
    [origin] = config["Origins"]["Items"]
    [header] = origin["CustomHeaders"]["Items"]
    assert header == {"HeaderName": "x-api-key", "HeaderValue": sent(setting)}
    paths = [behavior["PathPattern"] for behavior in config["CacheBehaviors"].get("Items", [])]
    assert paths == setting.get("cached", [])


@pytest.mark.usefixtures("_aws")
def test_waf_takes_the_firewall() -> None:
    """By botocore's reading of its API, and moto's."""
    client: Any = boto3.client("wafv2")
    client.create_web_acl(**template(FULL)["Resources"]["Firewall"]["Properties"])
    [acl] = client.list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
    assert acl["Name"] == "shop-prod-edge"


def test_a_route_keeps_its_authorizer_beside_the_key() -> None:
    """Merged into Chalice's, the list replaces the one that names it; a preflight has none."""
    declared = Chalice("shop", configure_logs=False)
    gate = CognitoUserPoolAuthorizer("pool", provider_arns=["arn"], scopes=["a/b"])

    @declared.route("/things", authorizer=gate, cors=True)
    def things() -> None:
        """Return nothing."""

    paths = edge_keys.demanded({"/things": ["get", "options"]}, declared.routes)["paths"]
    assert paths["/things"]["get"] == {"security": [{"api_key": []}, {"pool": ["a/b"]}]}
    assert paths["/things"]["options"] == {"security": [{"api_key": []}]}
