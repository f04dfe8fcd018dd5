"""One file per resource: the entity, and what clients send and get."""
