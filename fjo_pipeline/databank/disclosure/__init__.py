"""Disclosure control: what of a table of counts may be let out under a policy, and the record that says why."""
