"""What Chalice can't say, as CloudFormation."""
