"""The TTP's part of a linkage's quality: counts by File 1 fields, their page, and the transfer that carries them."""
