"""One file per resource: its use cases, the same for a route, a queue and a schedule. No boto3, no HTTP."""
