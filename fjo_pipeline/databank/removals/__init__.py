"""Opt-out and erasure in the databank: rows of people whom the TTP names, out of transfers, tables and history."""
