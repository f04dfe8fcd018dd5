"""Where things are kept. `keys` is the data model on one page; only `table` calls DynamoDB."""
