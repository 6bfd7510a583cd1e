"""`hoovik-rtc evaluate`: how well labelled material is read, as a table, as JSON and as a plot."""
