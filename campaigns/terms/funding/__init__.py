"""Funding: who pays each entitlement, to the fen."""
