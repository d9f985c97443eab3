"""The linkage engine: people of a deposit to people of a register, as plain functions on a DuckDB session."""
