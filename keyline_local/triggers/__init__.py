"""What invokes functions besides requests: streams and schedules."""
