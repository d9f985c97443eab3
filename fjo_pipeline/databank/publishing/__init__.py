"""Publications: tables counted from the marts as released, let out under a disclosure policy, and the bulletin."""
