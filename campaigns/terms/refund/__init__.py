"""Refund: what happens to the voucher and its money when goods come back after the day of the redemption."""
