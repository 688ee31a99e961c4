"""The documentation as a static site, built by Sphinx from the Markdown and the declarations."""
