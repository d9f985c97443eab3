"""The databank's zone (SAIL): Files 2 and 3 are recombined, encrypted again, curated, modelled and provided."""
