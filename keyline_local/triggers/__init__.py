"""Triggers that invoke functions without a request: streams and schedules."""
