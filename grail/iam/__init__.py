"""Least privilege: what an app's functions ask of AWS, compared with what their policies allow."""
