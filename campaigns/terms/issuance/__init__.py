"""Issuance: how citizens come by an entitlement."""
