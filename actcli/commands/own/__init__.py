"""`actcli save` and `actcli remove`: the file of a person's own functions."""
