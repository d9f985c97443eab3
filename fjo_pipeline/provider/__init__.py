"""The provider's zone (Cafcass England, Cafcass Cymru): deposits are checked, split, and sent on as Files 1 and 2."""
