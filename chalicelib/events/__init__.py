"""What reaches the app otherwise than by a request: the stream, the queues, the rules, the schedules."""
