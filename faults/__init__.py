"""Faults on purpose: see docs/faults.md."""
