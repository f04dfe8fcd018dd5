"""What runs beside a Chalice app, on your machine and in CI; it never ships, and works on any Chalice app."""
