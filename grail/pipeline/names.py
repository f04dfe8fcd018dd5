"""The names of what a stage's bootstrap makes.

None of them begins with `<app>-<stage>`, as everything of the stage itself does: who may change the stage may not
change who may change it.
"""


def stack(app: str, stage: str) -> str:
    """Return the name of the bootstrap's stack."""
    return f"bootstrap-{app}-{stage}"


def deployer(app: str, stage: str) -> str:
    """Return the name of the role that a pipeline has, and of the CodeBuild project that may have it."""
    return f"deploy-{app}-{stage}"


def execution(app: str, stage: str) -> str:
    """Return the name of the role that CloudFormation has while it changes the stage."""
    return f"cloudformation-{app}-{stage}"


def bucket(app: str, *, account: str = "${AWS::AccountId}", region: str = "${AWS::Region}") -> str:
    """Return the name of the bucket for what is deployed; one for all stages of an account and region."""
    return f"{app}-artifacts-{account}-{region}"


def pipeline(app: str) -> str:
    """Return the name of CodePipeline's pipeline, of its roles and of its stack."""
    return f"pipeline-{app}"


def pipeline_folder(app: str) -> str:
    """Return where in the bucket CodePipeline keeps what one action hands to the next: 20 characters of its name."""
    return pipeline(app)[:20]
