"""HTTP, one concept per module: `api` dispatches, `endpoint` is the contract of one operation."""
