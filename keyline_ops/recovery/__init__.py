"""Recovery of tables: they are verified against the template, backed up, restored, exported."""
