"""EventBridge without what runs: patterns, inputs of targets, times of schedules, names."""
