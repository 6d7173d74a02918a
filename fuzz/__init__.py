"""Readers of what others have written, given a million inputs that nobody would write."""
