"""Set-up and start: from a fresh clone to a running demo or a test run.

Only the standard library may be imported here, because this code runs before anything is
installed, and none of the product's packages, because it must work when they do not.
"""
