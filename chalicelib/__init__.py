"""The part of the blueprint that runs in Lambda and belongs to the team that adopts it."""
