"""The Flask application: the API, the pages, the Model Context Protocol."""
