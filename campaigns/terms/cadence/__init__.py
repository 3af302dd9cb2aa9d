"""Cadence: on which days what was redeemed is closed for settlement."""
