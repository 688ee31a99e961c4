"""Pictures as SVG: drawn from declarations and imports, legible in light and in dark."""
