"""The bulletin: a static web site for practitioners, made from the published tables and from nothing else.

What stands on it is declared in `pages.yaml`; it opens from a folder, needs no server, and asks no network.
"""
