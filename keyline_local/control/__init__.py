"""What a second terminal may ask of a running platform."""
