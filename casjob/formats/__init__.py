"""How output looks: one file a format, with a function for each kind of content it can present."""
