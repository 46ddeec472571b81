"""What people and programs see: records as tables, as JSON, and live."""
