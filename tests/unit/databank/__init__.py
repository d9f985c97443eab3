"""Tests: databank."""
