"""Benefit: how much an entitlement is worth at a till."""
