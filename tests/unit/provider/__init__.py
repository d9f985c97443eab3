"""Tests: provider."""
