"""What deploys a stage from a repository: its roles, its artifacts, and the pipeline."""
