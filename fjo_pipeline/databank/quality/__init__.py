"""The quality of each refresh's linkage as the databank sees it: the TTP's report kept, and a page with the marts."""
