"""What a project demands of its models, read from TOML, and whether a report meets it."""
