"""What a stack says of what it made."""

import boto3


def read(stack: str, *, region: str | None = None) -> dict[str, str]:
    """Return a stack's outputs, in the environment's region unless one is named.

    Raises botocore's errors where there is no such stack, or AWS can't be asked.
    """
    found = boto3.client("cloudformation", region_name=region).describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
