"""HTTP APIs as API Gateway serves them, with JWTs of a local issuer."""
