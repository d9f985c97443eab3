"""Tests: ttp."""
