"""What the performance tables are made with; each module runs by itself and prints its figures."""
