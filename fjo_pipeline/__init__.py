"""The open platform on which family-justice data becomes safe, linked, analysable data."""
