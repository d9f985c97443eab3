"""The trusted third party's zone: it sees identifiers and the register, and lets out File 3 and aggregates alone."""
