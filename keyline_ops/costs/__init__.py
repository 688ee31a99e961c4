"""Forecasts of costs, and the systems' figures about cost, computed again."""
