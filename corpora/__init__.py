"""What a row is: records, Arrow schemas, readers, writers, shards and manifests."""
