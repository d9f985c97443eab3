"""The tests, by kind; what builds their input stands here."""
