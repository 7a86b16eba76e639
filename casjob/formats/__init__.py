"""How output looks: one file a format, each an object with a method for each kind of output."""
