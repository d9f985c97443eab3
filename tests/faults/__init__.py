"""What must still hold when processes die, deposits are bad, and zones are apart: with real Dagster processes."""
