"""The bureau's form: another view of the campaign file, generated from its schemas.

What stands in the form is a tree of texts (``typed.py``) in which every input has the place that a fault would have.
It comes from a document or from a posted form, becomes a document again, and is written as TOML (``toml_text.py``).
``nodes.py`` says how each part is shown. None of them names a key, a benefit or an axis: what the schemas have is in
the form.
"""
