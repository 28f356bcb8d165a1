"""Every option declared once, and the layers that give it a value."""
