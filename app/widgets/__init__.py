"""Guest code on suppliers' pages: the loader, the form, the list, the badge."""
