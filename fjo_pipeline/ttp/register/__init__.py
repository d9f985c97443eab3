"""The population register at the TTP: how a delivery of it is checked and loaded."""
