"""Put a stage on AWS, by `chalice deploy` or by CloudFormation, see what differs there, and take it away again."""
