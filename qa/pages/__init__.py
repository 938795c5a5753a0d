"""The pages: the conversation, the list of documents, the reader; plain links and forms."""
