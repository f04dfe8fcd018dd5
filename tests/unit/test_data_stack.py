"""The parts of the data stack that a stage asks for in its settings."""

import json
from pathlib import Path
from typing import Any

import pytest

from grail.localcloud.services import Embedded
from grail.project import Project
from grail.stack import data
from grail.stack.settings import Settings

CONFIG = {
    "app_name": "shop",
    "usage_plan": {"quota_limit": 1, "quota_period": "DAY"},
    "stages": {
        "dev": {
            "user_pool": True,
            "environment_variables": {"ORIGINS": "https://a.example.com, http://localhost:5173"},
        },
        "prod": {"user_pool": True, "usage_plan": {"rate_limit": 5, "burst_limit": 9}},
        "open": {"usage_plan": None},
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
    """A key for a usage plan, a pool for `user_pool`."""
    made = {stage: set(data.template_of(project, stage)["Resources"]) for stage in CONFIG["stages"]}
    users = {"UserPool", "UserPoolClient"}
    assert made == {"dev": {"ApiKey", *users}, "prod": {"ApiKey", *users}, "open": set()}


def test_behind_an_edge_clients_have_no_key() -> None:
    """It would open nothing: only the edge's keys are taken."""
    settings = Settings(usage_plan={}, edge={})
    assert data.template(app="shop", stage="dev", table=None, settings=settings)["Resources"] == {}


def template(stage: str) -> dict[str, Any]:
    """Return a template with everything but a table."""
    return data.template(app="shop", stage=stage, table=None, settings=Settings(usage_plan={}, user_pool=True))


def test_names_follow_from_app_and_stage() -> None:
    """So that policies and scripts can be literal."""
    resources = template("dev")["Resources"]
    assert resources["ApiKey"]["Properties"]["Name"] == data.api_key_name("shop", "dev") == "shop-dev-api-key"
    assert resources["UserPool"]["Properties"]["UserPoolName"] == "shop-dev"
    assert data.stack_name("shop", "dev") == "shop-dev-data"


DELETED, KEPT = ("Delete", "Delete"), ("RetainExceptOnCreate", "Retain")
"""When the stack goes, and when a resource is made anew."""


def test_only_prod_keeps_its_users_and_key() -> None:
    """Retain, but for what a failed deployment has just made; and a pool that can't be deleted."""
    for stage, policies, protection in (("dev", DELETED, "INACTIVE"), ("prod", KEPT, "ACTIVE")):
        resources = template(stage)["Resources"]
        assert {(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in resources.values()} == {policies}
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


QUEUES = {
    "events": {"receives": 5, "visibility_seconds": 180},
    "web-hooks": {"receives": 3, "visibility_seconds": 30, "largest_bytes": 1024},
}


def queues(stage: str = "dev") -> dict[str, Any]:
    """Return the resources of a template with queues only."""
    resources: dict[str, Any] = data.template(app="shop", stage=stage, table=None, queues=QUEUES)["Resources"]
    return resources


def test_each_queue_has_its_dead_letters() -> None:
    """Named after the app's own name for it; what is received too often goes there, and stays longest."""
    resources = queues()
    assert set(resources) == {"EventsQueue", "EventsDeadLetters", "WebHooksQueue", "WebHooksDeadLetters"}
    queue, dead = resources["EventsQueue"]["Properties"], resources["EventsDeadLetters"]["Properties"]
    assert queue["QueueName"] == data.queue_name("shop", "dev", "events") == "shop-dev-events"
    assert dead["QueueName"] == data.dead_letters_name("shop", "dev", "events") == "shop-dev-events-dlq"
    target = {"Fn::GetAtt": ["EventsDeadLetters", "Arn"]}
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": target, "maxReceiveCount": 5}
    assert (queue["VisibilityTimeout"], queue["MessageRetentionPeriod"]) == (180, 4 * 86_400)
    assert dead["MessageRetentionPeriod"] == 14 * 86_400
    assert queue["SqsManagedSseEnabled"] is dead["SqsManagedSseEnabled"] is True


def test_dead_letters_take_from_their_queue_alone() -> None:
    """Said by its name: a reference would be a circle, which CloudFormation refuses."""
    dead = queues()["EventsDeadLetters"]["Properties"]
    arn = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:shop-dev-events"
    allowed = {"redrivePermission": "byQueue", "sourceQueueArns": [{"Fn::Sub": arn}]}
    assert dead["RedriveAllowPolicy"] == allowed
    assert "Fn::GetAtt" not in json.dumps(dead)
    assert "Ref" not in json.dumps(dead)


def bucket(declared: dict[str, Any], *, origins: list[str] | None = None, stage: str = "dev") -> dict[str, Any]:
    """Return the resources of a template with a bucket only."""
    template = data.template(app="shop", stage=stage, table=None, bucket=declared, origins=origins or [])
    resources: dict[str, Any] = template["Resources"]
    return resources


def test_the_bucket_is_private() -> None:
    """No public access, no ACLs, encrypted, and nothing but TLS; EventBridge is told of what happens in it."""
    resources = bucket({})
    files = resources["Files"]["Properties"]
    assert files["BucketName"] == data.bucket_name("shop", "dev") == "shop-dev-files"
    assert set(files["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(files["PublicAccessBlockConfiguration"]) == 4
    assert files["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert "AES256" in json.dumps(files["BucketEncryption"])
    assert files["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert "CorsConfiguration" not in files
    [statement] = resources["FilesPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Resource"] == [{"Fn::GetAtt": ["Files", "Arn"]}, {"Fn::Sub": "${Files.Arn}/*"}]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_what_is_below_a_prefix_expires() -> None:
    """After the days that the app says; uploads that were never ended go after one."""
    rules = bucket({"expire_days": {"reports/": 400}})["Files"]["Properties"]["LifecycleConfiguration"]["Rules"]
    uploads, _, reports = rules
    assert uploads["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert "ExpirationInDays" not in uploads
    assert (reports["Prefix"], reports["ExpirationInDays"], reports["Status"]) == ("reports/", 400, "Enabled")


def test_what_was_deleted_can_be_had_back_for_a_month() -> None:
    """Every version is kept so long, and the mark of a deletion only as long as there is one behind it."""
    files = bucket({})["Files"]["Properties"]
    assert files["VersioningConfiguration"] == {"Status": "Enabled"}
    forget = files["LifecycleConfiguration"]["Rules"][1]
    assert forget["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert (forget["ExpiredObjectDeleteMarker"], forget["Status"]) == (True, "Enabled")
    assert "Prefix" not in forget


def test_functions_have_their_logs_for_some_days() -> None:
    """Under the names that Lambda writes to; in prod they outlive the stack, as the data does."""
    made = {
        stage: data.template(
            app="shop",
            stage=stage,
            table=None,
            functions={"OnJobs": f"shop-{stage}-on_jobs"},
            settings=Settings(log_days=7),
        )["Resources"]["OnJobsLogs"]
        for stage in ("dev", "prod")
    }
    assert made["dev"]["Properties"] == {"LogGroupName": "/aws/lambda/shop-dev-on_jobs", "RetentionInDays": 7}
    assert [made[stage]["DeletionPolicy"] for stage in made] == [DELETED[0], KEPT[0]]


@pytest.mark.parametrize(
    ("choice", "encryption"),
    [
        ("owned", None),
        ("managed", {"SSEEnabled": True, "SSEType": "KMS"}),
        ("customer", {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Fn::GetAtt": ["TableKey", "Arn"]}}),
    ],
)
def test_a_stage_chooses_the_tables_key(choice: str, encryption: dict[str, Any] | None) -> None:
    """DynamoDB's own, AWS's, or the stage's, which rotates and which only the table's users use, through the table."""
    table = {"key": ("pk", "sk"), "indexes": {}, "ttl": "ttl", "stream": "NEW_IMAGE"}
    made = data.template(app="shop", stage="prod", table=table, settings=Settings(table_key=choice))["Resources"]
    assert made["Table"]["Properties"].get("SSESpecification") == encryption
    assert ("TableKey" in made) == (choice == "customer")
    if choice == "customer":
        key = made["TableKey"]["Properties"]
        assert key["EnableKeyRotation"] is True
        _, through = key["KeyPolicy"]["Statement"]
        assert set(through["Condition"]["StringEquals"]) == {"kms:CallerAccount", "kms:ViaService"}
        assert made["TableKey"]["DeletionPolicy"] == KEPT[0]


def test_pages_of_the_origins_may_upload_and_download() -> None:
    """By form and by link; they may see the ETag."""
    [rule] = bucket({}, origins=["https://a"])["Files"]["Properties"]["CorsConfiguration"]["CorsRules"]
    assert (rule["AllowedOrigins"], rule["AllowedMethods"]) == (["https://a"], ["GET", "POST"])
    assert rule["ExposedHeaders"] == ["ETag"]


def test_only_prod_keeps_its_queues_and_files() -> None:
    """As it keeps the rest."""
    for stage, policies in (("dev", DELETED), ("prod", KEPT)):
        resources = queues(stage) | bucket({}, stage=stage)
        assert {(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in resources.values()} == {policies}


def test_what_the_app_declares_is_in_its_stack(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its queues, and its bucket with the origins of the stage's own environment, where it has any."""
    declared = 'QUEUES = {"jobs": {"receives": 2, "visibility_seconds": 9}}\nBUCKET = {"cors": "ORIGINS"}\n'
    (project.folder / "declared_by_shop.py").write_text(declared)
    registered = '[tool.grail]\nqueues = "declared_by_shop:QUEUES"\nbucket = "declared_by_shop:BUCKET"\n'
    (project.folder / "pyproject.toml").write_text(registered)
    monkeypatch.syspath_prepend(project.folder)
    dev, prod = (data.template_of(project, stage)["Resources"] for stage in ("dev", "prod"))
    assert {"JobsQueue", "JobsDeadLetters", "Files", "FilesPolicy"} <= set(dev)
    [rule] = dev["Files"]["Properties"]["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == ["https://a.example.com", "http://localhost:5173"]
    assert "CorsConfiguration" not in prod["Files"]["Properties"]
