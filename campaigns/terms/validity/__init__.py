"""Validity: from when to when an entitlement may be used. Half-open, Asia/Shanghai, clipped to the campaign."""
