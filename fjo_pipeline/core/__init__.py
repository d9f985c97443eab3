"""What all three zones share and no zone's data: settings, keys, transfers, contracts, cipher, DuckDB sessions.

Nothing here knows of Dagster except `orchestration`, and nothing here imports a zone.
"""
