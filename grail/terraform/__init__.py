"""A stage's CloudFormation template, said for Terraform."""
