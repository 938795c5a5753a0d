"""The engine over an OpenSearch cluster, for what one machine cannot hold or serve."""
