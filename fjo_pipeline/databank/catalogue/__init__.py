"""The catalogue: public pages on what the databank has, from contracts and released counts alone."""
