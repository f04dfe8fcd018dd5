"""What Grail costs, beside code without a framework and beside other frameworks. None of it ships."""
