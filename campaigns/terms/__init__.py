"""Terms: what a campaign promises, as pure functions. No database, no clock, no Flask.

Real campaigns differ along a few independent axes. Each axis is a folder here; each strategy of an axis is one
file in it, with its values, its marshmallow schema and its arithmetic. A strategy is found by being there: a
new one is a new file and its table of cases. ``quote.py`` puts one strategy per axis together and answers both
"what is this worth at this till?" and "why can't I use it?".
"""
