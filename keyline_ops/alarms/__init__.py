"""`keyline alarms`: replays and lists."""
