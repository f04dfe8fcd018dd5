"""Packages for Lambda that come out the same, byte for byte, whoever builds them and wherever."""
