"""The chat system: tutoring messages, and what modules, students and providers make of them."""
