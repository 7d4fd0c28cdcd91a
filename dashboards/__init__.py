"""The web app: a Dash shell, pages, and a websocket that pushes what arrives."""
