"""The verdict on what the deployment of a template over a running stack does to its tables."""
