"""What tables must not lose: verified against the template, backed up, restored, exported."""
