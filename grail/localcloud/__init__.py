"""AWS on this machine: the services (moto, in a process of its own) and API Gateway (before the app)."""
