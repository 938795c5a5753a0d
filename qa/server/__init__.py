"""The application under gunicorn."""
