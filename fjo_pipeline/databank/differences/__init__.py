"""What a refresh changed against the one before it: counted, judged by the contract's bands, kept, and shown."""
