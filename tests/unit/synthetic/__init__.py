"""Tests of the parts that synthetic worlds are made of."""
