"""Opt-out and erasure in the databank: rows of people whom the TTP names, taken out of transfers, tables and history."""
