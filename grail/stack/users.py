"""A stage's users: a Cognito user pool, and the client that signs them in."""

from typing import Any

OUTPUTS = {
    "UserPoolId": {"Value": {"Ref": "UserPool"}},
    "UserPoolArn": {"Value": {"Fn::GetAtt": ["UserPool", "Arn"]}},
    "UserPoolClientId": {"Value": {"Ref": "UserPoolClient"}},
}


def resources(name: str, *, protected: bool) -> dict[str, Any]:
    """Return the pool and its client. Only an administrator makes users; they are known by their email."""
    return {
        "UserPool": {
            "Type": "AWS::Cognito::UserPool",
            "Properties": {
                "UserPoolName": name,
                "UsernameAttributes": ["email"],
                "AutoVerifiedAttributes": ["email"],
                "UsernameConfiguration": {"CaseSensitive": False},
                "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
                "Policies": {
                    "PasswordPolicy": {
                        "MinimumLength": 12,
                        "RequireLowercase": True,
                        "RequireUppercase": True,
                        "RequireNumbers": True,
                        "RequireSymbols": False,
                        "TemporaryPasswordValidityDays": 7,
                    }
                },
                "AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
                "MfaConfiguration": "OFF",
                "DeletionProtection": "ACTIVE" if protected else "INACTIVE",
            },
        },
        "UserPoolClient": {
            "Type": "AWS::Cognito::UserPoolClient",
            "Properties": {
                "ClientName": name,
                "UserPoolId": {"Ref": "UserPool"},
                "GenerateSecret": False,
                "ExplicitAuthFlows": [
                    "ALLOW_USER_SRP_AUTH",
                    "ALLOW_USER_PASSWORD_AUTH",
                    "ALLOW_REFRESH_TOKEN_AUTH",
                ],
                "PreventUserExistenceErrors": "ENABLED",
                "EnableTokenRevocation": True,
                "AccessTokenValidity": 1,
                "TokenValidityUnits": {"AccessToken": "hours"},
            },
        },
    }
