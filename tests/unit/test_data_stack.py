"""The parts of the data stack that a stage asks for in its settings."""

import json
from pathlib import Path
from typing import Any

import pytest

from grail.localcloud.services import Embedded
from grail.project import Project
from grail.stack import data

CONFIG = {
    "app_name": "shop",
    "usage_plan": {"quota_limit": 1, "quota_period": "DAY"},
    "stages": {
        "dev": {"user_pool": True},
        "prod": {"user_pool": True, "usage_plan": {"rate_limit": 5, "burst_limit": 9}},
        "open": {"usage_plan": None, "user_pool": "yes"},
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project with these settings, and no table."""
    (tmp_path / ".chalice").mkdir()
    (tmp_path / ".chalice" / "config.json").write_text(json.dumps(CONFIG))
    return Project(tmp_path)


def test_a_stages_setting_goes_before_the_one_for_all(project: Project) -> None:
    """Null is a setting, which takes away the one for all; absent is None."""
    assert [project.setting(stage, "usage_plan") for stage in CONFIG["stages"]] == [
        {"quota_limit": 1, "quota_period": "DAY"},
        {"rate_limit": 5, "burst_limit": 9},
        None,
    ]
    assert project.setting("dev", "nonsense") is None


def test_a_stage_gets_what_it_asks_for(project: Project) -> None:
    """A key for a usage plan, a pool for `user_pool`, which only true turns on."""
    made = {stage: set(data.template_of(project, stage)["Resources"]) for stage in CONFIG["stages"]}
    users = {"UserPool", "UserPoolClient"}
    assert made == {"dev": {"ApiKey", *users}, "prod": {"ApiKey", *users}, "open": set()}


def template(stage: str) -> dict[str, Any]:
    """Return a template with everything but a table."""
    return data.template(app="shop", stage=stage, table=None, api_key=True, user_pool=True)


def test_names_follow_from_app_and_stage() -> None:
    """So that policies and scripts can be literal."""
    resources = template("dev")["Resources"]
    assert resources["ApiKey"]["Properties"]["Name"] == data.api_key_name("shop", "dev") == "shop-dev-api-key"
    assert resources["UserPool"]["Properties"]["UserPoolName"] == "shop-dev"
    assert data.stack_name("shop", "dev") == "shop-dev-data"


def test_only_prod_keeps_its_users_and_key() -> None:
    """Retain, and a pool that can't be deleted."""
    for stage, policy, protection in (("dev", "Delete", "INACTIVE"), ("prod", "Retain", "ACTIVE")):
        resources = template(stage)["Resources"]
        policies = {(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in resources.values()}
        assert policies == {(policy, policy)}
        assert resources["UserPool"]["Properties"]["DeletionProtection"] == protection


def test_nobody_signs_up() -> None:
    """Users are made by an administrator, with passwords of twelve characters; the client has no secret to leak."""
    resources = template("prod")["Resources"]
    pool, client = resources["UserPool"]["Properties"], resources["UserPoolClient"]["Properties"]
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12
    assert (client["GenerateSecret"], client["PreventUserExistenceErrors"]) == (False, "ENABLED")


def test_the_stack_says_what_does_not_follow_from_its_name() -> None:
    """The pool's id and ARN, and its client's id."""
    assert set(template("dev")["Outputs"]) == {"UserPoolId", "UserPoolArn", "UserPoolClientId"}


def test_the_embedded_aws_tells_the_app_of_its_users() -> None:
    """The issuer is AWS's, whose tokens it makes; the keys are its own."""
    outputs = {"UserPoolId": "us-east-1_x", "UserPoolArn": "arn", "UserPoolClientId": "client"}
    bare = Embedded("http://127.0.0.1:5000", "dev", 1, 2).environment()
    told = Embedded("http://127.0.0.1:5000", "dev", 1, 2, outputs).environment()
    assert set(told.items()) - set(bare.items()) == {
        ("OIDC_ISSUER", "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x"),
        ("OIDC_AUDIENCE", "client"),
        ("OIDC_JWKS", "http://127.0.0.1:5000/us-east-1_x/.well-known/jwks.json"),
        ("USER_POOL_ARN", "arn"),
    }
    assert bare.items() <= told.items()
