"""One YAML a dataset: what is deposited, where each field may go, and what SAIL calls what comes out.

Nothing but the contracts belongs here; `fjo_pipeline.core.contracts` reads and checks them.
"""
