"""Limits: how many one person may have."""
