"""What people read. Only here are Rich and colours known."""
