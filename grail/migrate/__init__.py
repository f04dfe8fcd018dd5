"""Migrations of a DynamoDB table while traffic flows: versioned files in S3, resumable walks, history in the table."""
